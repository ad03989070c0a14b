"""Which size to take: the product's size table and what the customer tells of themselves, asked one thing at a time.

product? -> has a table? height? weight? (foot for shoes), or the usual size -> the size, and how buyers say it runs
         -> no table: that the page has none, the sizes there are, what buyers say, and the offer of a person
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from dialogue.goods import sizes
from dialogue.shop.types import Product
from dialogue.skills import which_product
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.handoff import offer
from dialogue.skills.product_answers import name_of
from dialogue.state import DialogueState
from dialogue.types import Asked, TaskEnded
from nlu.types import Expectation, Parse

_ASKS = re.compile(
    r"(穿|选|买|拍|戴)(多大|什么|几|哪个|啥)(号|码|尺码)|(穿|选|买|拍|要)(多大|几码|几号|大还是小|大一码还是)|尺码(怎么选|推荐|建议|准吗|准不准|偏)|偏(大|小)(吗|不|码|还是)"
    r"|(身高|体重|\d{3}\s*(cm|厘米)?|1米\d+).{0,14}(穿|选|买|码)|(多大|什么|几|哪个)(尺)?码(合适|能穿|比较|的?好)"
    r"|\b(what|which) size\b|\bsize (should|do) i\b|\b(runs?|fits?) (small|large|big|true)|\btrue to size\b"
    r"|\bsize (advice|help)\b",
    re.IGNORECASE,
)
_NO_ADVICE = re.compile(r"退|换|改成|改为|订单|\b(return|exchange|swap|order)\b", re.IGNORECASE)
_TOLD = ("height_cm", "weight_kg", "foot_mm", "usual")


class SizeAdvice:
    """Advises on sizes."""

    name = "size_advice"
    intents = ("size_advice",)
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether it is asked which size fits; an exchange for another size is none."""
        text = parse.normalized or parse.text
        task = state.task
        if task is not None and task.skill == self.name and task.step in {"height", "weight", "foot", "which"}:
            return any(value is not None for value in asdict(sizes.read(text)).values())
        return bool(_ASKS.search(text)) and not _NO_ADVICE.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``."""
        draft = context.draft(self.name)
        if not context.resumed:
            self._read(context, draft)
        product = await self._product(context, draft)
        if isinstance(product, tuple):
            for item in product:
                yield item
            return
        table = sizes.table_of(product)
        body = sizes.Body(**{name: draft[name] for name in _TOLD if name in draft})
        asked = sizes.missing(table, body) if table else None
        if asked is not None:
            for event in (*context.open_task(self.name, draft, asked), Asked(Expectation("free"))):
                yield event
            lead = "" if context.resumed else context.say("sizes.lead", name=name_of(context, product))
            yield context.reply(lead if asked != "weight" else "", context.say(f"sizes.ask.{asked}"))
            return
        for item in await self._told(context, draft, product, table, body):
            yield item

    def _read(self, context: Context, draft: dict[str, Any]) -> None:
        draft |= {name: value for name, value in asdict(sizes.read(context.text)).items() if value is not None}
        task = context.task_of(self.name)
        step = task.step if task else None
        number = re.search(r"\d+(?:\.\d+)?", context.text)
        if step == "weight" and "weight_kg" not in draft and number:
            value = float(number[0])
            draft["weight_kg"] = value / 2 if value > 95 and context.language == "zh" else value
            draft.pop("height_cm", None) if draft.get("height_cm") == value else None
        elif step == "foot" and "foot_mm" not in draft and number:
            value = float(number[0])
            if value >= 200:
                draft["foot_mm"] = round(value)
            elif value < 33:
                draft["foot_mm"] = round(value * 10)
            else:
                draft["usual"] = number[0]

    async def _product(self, context: Context, draft: dict[str, Any]) -> Product | tuple[Item, ...]:
        """The product settled in ``draft``, or the question for it."""
        product = await which_product.chosen(context, draft)
        if product is None and draft.get("sku"):
            product = await context.shop.product(str(draft["sku"]))
        if product is None and context.resumed and (offered := await which_product.offered(context, draft)):
            return which_product.ask_which(context, self.name, draft, offered)
        task = context.task_of(self.name)
        is_measure = task is not None and task.step == "which" and any(asdict(sizes.read(context.text)).values())
        if product is None and is_measure and (offered := await which_product.offered(context, draft)):
            return which_product.ask_which(context, self.name, draft, offered)
        if product is None and not context.resumed:
            meant = await which_product.find(context, _ASKS.sub(" ", context.text))
            sized = tuple(entry for entry in meant.several if "尺码" in entry.attributes)
            if len(sized) > 1:
                return which_product.ask_which(context, self.name, draft, sized)
            product = next(iter(sized or meant.products), None)
            if product is None and (offered := await which_product.offered(context, draft)):
                return which_product.ask_which(context, self.name, draft, offered)
        if product is None:
            return (
                *context.open_task(self.name, draft, "words"),
                Asked(Expectation("free", slot="product")),
                context.reply(context.say("sizes.ask.product")),
            )
        draft.update(sku=product.sku, products=[product.sku])
        draft.pop("choices", None)
        return product

    async def _told(
        self, context: Context, draft: dict[str, Any], product: Product, table: tuple[sizes.Row, ...], body: sizes.Body
    ) -> tuple[Item, ...]:
        name, offered = name_of(context, product), product.attributes.get("尺码")
        fit, told = sizes.advise(table, body), []
        if fit is None:
            told.append(
                context.say("sizes.no_table" if offered else "sizes.no_sizes", name=name, offered=offered or "")
            )
        elif fit.beyond:
            told.append(context.say("sizes.beyond", name=name, size=fit.size))
        elif fit.between:
            told.append(context.say("sizes.between", name=name, size=fit.size, other=fit.between))
        else:
            told.append(context.say("sizes.fits" if table else "sizes.usual", name=name, size=fit.size))
        leaning = sizes.leaning(await context.shop.reviews(product.sku))
        if leaning and (offered or table):
            told.append(context.say(f"sizes.leaning.{leaning}"))
        busy = context.state.task is not None and context.task_of(self.name) is None
        cards = (product_card(context, product),)
        done = (*context.open_task(self.name, draft), TaskEnded("done"))
        if fit is not None or busy:
            suggestions = context.suggest("stock")
            return (*done, context.reply(*told, cards=cards, suggestions=suggestions, sources=("shop:product",)))
        return (
            *done,
            *offer(context, "no_answer"),
            context.reply(
                *told, context.say("products.ask_person"), cards=cards, suggestions=context.suggest("human"),
                sources=("shop:product",),
            ),
        )  # fmt: skip
