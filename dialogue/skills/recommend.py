"""Recommends goods in dialogue: what for, how much, what they like, one question at a time and only what is not known.

what? -> budget? -> use? -> up to three in stock, each with its reason -> 第二个 | 还有别的吗 | 便宜点的 | 不要这个牌子
                                 none: what comes nearest, said so          |
                                 配件: what belongs to it       <-----------+

After the suggestions the task waits for a choice; whatever else the customer asks ends it without a word.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal

from dialogue import cues, phrasing
from dialogue.goods.suggest import Candidate, suggest
from dialogue.goods.uses import uses
from dialogue.shop.types import Product, RelatedProduct
from dialogue.skills import recommend_draft as drafts
from dialogue.skills import which_product
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.product_answers import name_of
from dialogue.skills.products import Products
from dialogue.skills.recommend_draft import Draft
from dialogue.skills.recommend_words import first, other, why_related
from dialogue.state import DialogueState, fold
from dialogue.types import Asked, TaskEnded
from nlu.types import INFORM, Expectation, Parse

SHOWN, SHOWN_ALOUD = 3, 2
POOL = 12
"""Products the search gives to choose from."""
STEP = "shown"
_QUESTIONS = ("what", "budget", "use")


class Recommend:
    """Suggests products."""

    name = "recommend"
    intents = ("recommend",)
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Words that go on from what was suggested (便宜点的, 还有别的吗), or ask what belongs to a product."""
        text = parse.normalized or parse.text
        task = state.task
        if task is not None and task.skill == self.name and task.step == STEP:
            words = (drafts.CHEAPER, drafts.OTHERS, drafts.NOT_BRAND, drafts.ACCESSORIES)
            return any(cue.search(text) for cue in words) or drafts.need_in(text) is not None
        if task is not None and task.skill == self.name:
            return bool(drafts.CHEAPER.search(text))
        return task is None and bool(drafts.ACCESSORIES.search(text)) and not drafts.MISSING.search(text)

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One turn. Raises ``ShopUnavailable``."""
        draft, task = context.draft(self.name), context.task_of(self.name)
        step = task.step if task else None
        if step == STEP and context.resumed:
            yield TaskEnded("done")
            return
        if step == STEP and context.turn.parse.intent == INFORM and cues.is_question(context.text):
            # 第一个多少钱: a question on one of them, no choice.
            yield TaskEnded("done")
            async for item in Products().run(replace(context, state=fold(context.state, TaskEnded("done")))):
                yield item
            return
        if drafts.ACCESSORIES.search(context.text) and not context.resumed:
            items = await self._accessories(context, draft)
        elif step == STEP and (picked := await _pick(context, draft)):
            items = await self._picked(context, draft, picked)
        else:
            items = await self._advance(context, draft, step)
        for item in items:
            yield item

    async def _advance(self, context: Context, draft: Draft, step: str | None) -> tuple[Item, ...]:
        said_nothing_new = False
        if not context.resumed:
            if step == STEP:
                said_nothing_new = await self._refine(context, draft)
            elif step is None and context.state.last_products and which_product.points(context.text):
                draft["rejected"] = list(context.state.last_products)
            if step != STEP and (need := drafts.need_in(context.text)):
                draft["needs"] = [need]
            drafts.read(draft, context.text, context.turn.parse, STEP if step == STEP else _question_of(step))
            draft["given"] = draft.get("given", 0) + (1 if step is None and draft.get("budget") else 0)
        question = self._next_question(draft, step)
        if question is not None and not said_nothing_new:
            return self._ask(context, draft, question)
        return await self._suggested(context, draft)

    def _next_question(self, draft: Draft, step: str | None) -> str | None:
        """What is still to be asked: one thing at a time, nothing twice but what is looked for."""
        asked = draft.get("asked", [])
        if not draft.get("what") and not draft.get("uses"):
            return "what" if asked.count("what") < 2 else None
        if step == STEP:
            return None
        if not draft.get("budget") and "budget" not in asked:
            return "budget"
        known = draft.get("uses") or draft.get("colours") or draft.get("given")
        return None if known or "use" in asked else "use"

    def _ask(self, context: Context, draft: Draft, question: str) -> tuple[Item, ...]:
        draft["asked"] = [*draft.get("asked", []), question]
        slot = {"budget": "amount", "what": "product"}.get(question)
        suggestions = context.suggest(*{"budget": ("no_limit",), "use": ("no_matter",)}.get(question, ("human",)))
        return (
            *context.open_task(self.name, draft, question),
            Asked(Expectation("free", slot=slot)),
            context.reply(context.say(f"recommend.ask.{question}"), suggestions=suggestions),
        )

    async def _refine(self, context: Context, draft: Draft) -> bool:
        """Read 便宜点的, 还有别的吗, 不要这个牌子 against what was shown; True when it was one of these."""
        shown = [product for sku in draft.get("shown", []) if (product := await context.shop.product(sku))]
        by_brand = drafts.reject_brands(draft, context.text, shown)
        if drafts.CHEAPER.search(context.text) and shown:
            cheapest = min(product.price for product in shown)
            draft["budget"] = str(cheapest - Decimal("0.01"))
            draft["rejected"] = []
        elif drafts.OTHERS.search(context.text) and not by_brand:
            draft["rejected"] = [*draft.get("rejected", []), *draft.get("shown", [])]
        elif need := drafts.need_in(context.text):
            draft["needs"] = list(dict.fromkeys([*draft.get("needs", []), need]))
        else:
            return by_brand
        return True

    async def _suggested(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        pool = await self._candidates(context, draft)
        fitting = tuple(entry for entry in pool if drafts.meets(draft, entry.product))
        sorry = ""
        if pool and not fitting:
            if draft.get("shown"):
                return self._none_meets(context, draft)
            label = drafts.label_of(draft.pop("needs")[-1], context.language)
            fitting, sorry = pool, context.say("recommend.not_stated", label=label)
        pool, wish = fitting, drafts.wish_of(draft)
        most = SHOWN_ALOUD if context.turn.modality == "voice" else SHOWN
        found = suggest(wish, pool, most)
        if not found:
            return self._none(context, draft, pool)
        draft["shown"] = draft["products"] = [entry.product.sku for entry in found]
        names = tuple(name_of(context, entry.product) for entry in found)
        sentences = [sorry, first(context, found[0])]
        if len(found) > 1:
            listed = [other(context, entry) for entry in found[1:]]
            sentences.append(context.say("recommend.also", listing=context.say("list.separator").join(listed)))
        return (
            *context.open_task(self.name, draft, STEP),
            Asked(Expectation("choice", choices=names)),
            context.reply(
                *sentences,
                cards=tuple(product_card(context, entry.product) for entry in found),
                suggestions=context.suggest("others", "cheaper"),
                sources=("shop:product",),
            ),
        )

    async def _candidates(self, context: Context, draft: Draft) -> tuple[Candidate, ...]:
        """What the search finds, with what is known of each; the customer's own orders tell what goes with it."""
        what = draft.get("what")
        searches = [what] if what else [word for key in draft.get("uses", []) for word in uses()[key].look_for]
        found: dict[str, Product] = {}
        for words in searches:
            for product in await context.shop.search_products(str(words), in_stock=True, limit=POOL):
                found.setdefault(product.sku, product)
        if what:
            found = {p.sku: p for p in _of_the_kind(str(what), tuple(found.values()))}
        bought = await _goes_with_own(context)
        pool = []
        for product in list(found.values())[:POOL]:
            reviews = await context.shop.reviews(product.sku)
            pool.append(Candidate(product, reviews, bought_with=bought.get(product.sku)))
        return tuple(pool)

    def _none_meets(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        """No page says what was wished for last; what was shown before may still be taken."""
        *before, need = draft["needs"]
        draft["needs"] = before
        label = drafts.label_of(need, context.language)
        names = context.task_of(self.name)
        choices = names.expectation.choices if names else ()
        return (
            *context.open_task(self.name, draft, STEP),
            Asked(Expectation("choice", choices=choices)),
            context.reply(
                context.say("recommend.none_with", label=label), suggestions=context.suggest("others", "cheaper")
            ),
        )

    def _none(self, context: Context, draft: Draft, pool: Sequence[Candidate]) -> tuple[Item, ...]:
        """Nothing fits: what the cheapest costs, or that there is none."""
        beyond = replace(drafts.wish_of(draft), budget=None)
        left = [entry.product for entry in suggest(beyond, pool, POOL)]
        draft = {**draft, "shown": draft.get("shown", [])}
        task = context.task_of(self.name)
        if left and draft.get("budget"):
            cheapest = min(left, key=lambda product: (product.price, product.sku))
            price = phrasing.money(cheapest.price, context.language)
            text = context.say("recommend.over_budget", name=name_of(context, cheapest), price=price)
            shown = {**draft, "budget": None, "shown": [cheapest.sku], "products": [cheapest.sku]}
            return (
                *context.open_task(self.name, shown, STEP),
                Asked(Expectation("choice", choices=(name_of(context, cheapest),))),
                context.reply(text, cards=(product_card(context, cheapest),), suggestions=context.suggest("others")),
            )
        key = "recommend.no_more" if draft["shown"] else "recommend.none"
        ended = (TaskEnded("done"),) if task else ()
        words = str(draft.get("what") or context.say("recommend.goods"))
        return (*ended, context.reply(context.say(key, words=words), suggestions=context.suggest("recommend", "human")))

    async def _picked(self, context: Context, draft: Draft, product: Product) -> tuple[Item, ...]:
        """The customer takes one: how to get it, and what belongs to it."""
        told = [
            context.say(
                "recommend.picked",
                name=name_of(context, product),
                price=phrasing.money(product.price, context.language),
            )
        ]
        extras = await _extras(context, product)
        if extras:
            told.append(
                context.say("recommend.belongs", name=name_of(context, extras[0]), why=why_related(context, extras[0]))
            )
        draft["products"] = [product.sku, *(entry.sku for entry in extras)]
        cards = tuple(product_card(context, entry) for entry in (product, *extras))
        suggestions = context.suggest("stock", "accessories")
        reply = context.reply(*told, cards=cards, suggestions=suggestions, sources=("shop:product",))
        return (*context.open_task(self.name, draft), TaskEnded("done"), reply)

    async def _accessories(self, context: Context, draft: Draft) -> tuple[Item, ...]:
        """What belongs to the product meant: named, shown before, or bought last."""
        meant = await which_product.find(context, drafts.ACCESSORIES.sub(" ", context.text))
        product = next(iter(meant.products), None) or await _bought_last(context)
        if product is None:
            return self._ask(context, draft, "what")
        extras = await _extras(context, product, most=SHOWN)
        ended = (*context.open_task(self.name, {**draft, "products": [product.sku]}), TaskEnded("done"))
        name = name_of(context, product)
        if not extras:
            text = context.say("recommend.no_accessories", name=name)
            return (*ended, context.reply(text, suggestions=context.suggest("recommend")))
        listed = [
            context.say("recommend.accessory", name=name_of(context, entry), why=why_related(context, entry))
            for entry in extras
        ]
        text = context.say("recommend.accessories", name=name, listing=context.say("list.separator").join(listed))
        shown = {"products": [product.sku, *(entry.sku for entry in extras)]}
        cards = tuple(product_card(context, entry) for entry in extras)
        return (
            *context.open_task(self.name, {**draft, **shown}),
            TaskEnded("done"),
            context.reply(text, cards=cards, sources=("shop:product",)),
        )


def _question_of(step: str | None) -> str | None:
    return step if step in _QUESTIONS else None


async def _pick(context: Context, draft: Draft) -> Product | None:
    """The suggestion that the customer takes; 无所谓 is none of 真无线耳机."""
    if context.turn.parse.intent != INFORM:
        return None
    return await which_product.chosen(context, {"choices": draft["shown"]})


def _of_the_kind(what: str, products: tuple[Product, ...]) -> tuple[Product, ...]:
    """Those whose name holds what is looked for; all where none does (the search found it in the description)."""
    last = what.rsplit(maxsplit=1)[-1]
    named = tuple(
        p for p in products if last in f"{p.name} {p.attributes.get('类别')}" or last.casefold() in p.name_en.casefold()
    )
    tail = last[-2:]
    return named or tuple(p for p in products if not last.isascii() and tail in p.name) or products


async def _extras(context: Context, product: Product, most: int = 1) -> tuple[RelatedProduct, ...]:
    """What belongs to or works with it, in stock, each once."""
    found: dict[str, RelatedProduct] = {}
    for relation in ("accessory", "compatible", "also_bought"):
        for entry in await context.shop.related(product.sku, relation):
            if entry.stock > 0:
                found.setdefault(entry.sku, entry)
    return tuple(found.values())[:most]


async def _goes_with_own(context: Context) -> dict[str, str]:
    """Skus that others bought with what the customer bought last, and the name of that."""
    product = await _bought_last(context)
    if product is None:
        return {}
    related = await context.shop.related(product.sku, "also_bought", 10)
    return {entry.sku: name_of(context, product) for entry in related}


async def _bought_last(context: Context) -> Product | None:
    """The first thing in the order talked about, or in the newest one; only a sign-in shows orders."""
    if context.state.customer_id is None or context.state.proof != "token":
        return None
    orders = await context.shop.orders(context.state.customer_id, 3)
    order = next((each for each in orders if each.order_number == context.state.last_order), None)
    order = order or next(iter(orders), None)
    return await context.shop.product(order.lines[0].sku) if order and order.lines else None
