"""Settles which product a customer means: by its words, by pointing at what was shown, or by what was talked about.

第二个呢, 这个, "the other one"     what was shown last, in its order
云朵加湿器                          the search; several that fit equally well are a question
多少钱？ and nothing else           the product talked about
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dialogue import cues, phrasing
from dialogue.goods import facts
from dialogue.shop.types import Product
from dialogue.skills.context import Context, Item
from dialogue.skills.orders import numbered
from dialogue.types import Asked
from nlu.types import Expectation, Parse

OFFERED = 3
FOUND = 8
_ALIKE = 0.02
_MISHEARD = 0.65
"""Below this likeness the words as written name no product for certain; one that sounds like them is meant."""
_OURS = 0.6
"""Score of a candidate from which on a thing of the shop was named, perhaps not which."""
_HEARD = 0.85
"""Score of a candidate from which on it is the product that was named."""
_POINTS = re.compile(
    r"这(个|款|件|双|台|条|两|俩|几)|那(个|款|件|双|台|条|两|俩)|它|刚才|第[一二三四五12345]|前(一|面)|后(一|面)|最后|另(一|外)"
    r"|(便宜|贵)的(那|一)"
    r"|\b(it|its|this|that|they|these|those|the (first|second|third|last|other)( one)?|one|both)\b",
    re.IGNORECASE,
)
_BOTH = re.compile(r"这两|那两|这俩|它们|他们|两个|两款|前两|\b(both|these two|the two|them)\b", re.IGNORECASE)
_OTHER_ONE = re.compile(r"另(一|外)|\bthe other\b", re.IGNORECASE)
_NOISE = re.compile(
    r"请问|你们|您们|咱们|有没有|有吗|还有|还会|推荐|介绍|一下|一款|一个|一双|一件|几款|几个|什么时候|什么|哪(个|款|种|些|儿|里)?|想买|想要|我想|我要|给我|帮我"
    r"|能不能|可不可以|可以|能|适合|现货|库存|有货|没货|缺货|到货|补货|断货|多少钱|多少|价格|价位|怎么卖|怎么样|好不好|好用|评价|口碑|质量|区别|对比|比较|不同|哪个好"
    r"|通知|提醒|告诉|到了|保修|质保|买过?|预算|大概|左右|以内|以下|之内|块钱|元|块|便宜|贵|这(个|款|件|双|两个?|俩)?|那(个|款|件|双|两个?|俩)?|它|第[一二三四五]个?|另外?一?个?"
    r"|你|我|是不是|是|吗|呢|吧|啊|的|了|有|和|跟|与|会|要|比|大不大|多大|多重|怎么|如何|[?？。，,.!！、]"
    r"|\b(do|you|have|any|the|a|an|is|are|in|stock|please|can|could|recommend|suggest|me|some|something|i|want|need|looking|for|to"
    r"|buy|what|which|how|much|many|good|best|better|under|below|less|than|yuan|price|of|your|it|its|this|that|these|those|there|still|available|about|tell|got"
    r"|warranty|does|will|would|was|be|made|from|long|between|difference|compare|and|or|one|first|second|third|other|cost|costs|when|back|know|let|notify|review|reviews)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Meant:
    """The products that the words mean, best first."""

    products: tuple[Product, ...]
    words: str = ""
    """What was searched for; empty where the customer pointed."""

    @property
    def several(self) -> tuple[Product, ...]:
        """Those that fit the words equally well, where there is more than one."""
        if len(self.products) < 2 or not self.words:
            return ()
        scores = [_likeness(self.words, product) for product in self.products]
        alike = tuple(p for p, score in zip(self.products, scores, strict=True) if score >= scores[0] - _ALIKE)
        exact = [p for p in alike if self.words.replace(" ", "") in {p.name, p.name_en.replace(" ", "")}]
        return () if len(alike) < 2 or len(exact) == 1 else alike[:OFFERED]


async def find(context: Context, text: str, *, in_stock: bool = False) -> Meant:
    """The products that ``text`` means; none when it names none. Raises ``ShopUnavailable``."""
    slot = context.turn.parse.slot("sku") if text == context.text else None
    if slot and (product := await context.shop.product(str(slot.value))):
        return Meant((product,))
    words = search_words(text)
    if (heard := await _heard(context, text, words)) is not None:
        return Meant((heard,))
    if context.state.last_products and (concept := facts.asked(text)):
        rest = search_words(concept.asks.sub(" ", text))
        hits = await context.shop.search_products(rest, limit=1) if rest else ()
        if not any(_likeness(rest, product) > 0 for product in hits):
            return Meant(await pointed_at(context, text))
    if (concept := facts.asked(text)) and not await is_named(context, text):
        rest = concept.asks.sub(" ", text)
        words = search_words(rest) if await is_named(context, rest) else words
    found = await context.shop.search_products(words, in_stock=in_stock, limit=FOUND) if words else ()
    named = tuple(product for product in found if _likeness(words, product) > 0) or found
    if named and not (_POINTS.search(text) and _likeness(words, named[0]) < 0.34):
        return Meant(tuple(sorted(named, key=lambda product: -_likeness(words, product))), words)
    if words and _names_other(context, text) and not _POINTS.search(text):
        return Meant((), words)
    return Meant(await pointed_at(context, text), words if not context.state.last_products else "")


def _names_other(context: Context, text: str) -> bool:
    """Whether a thing is named that the catalogue does not know."""
    named = context.turn.parse.slot("product") is not None
    return named and text == context.text and not is_ours(context.turn.parse)


async def is_named(context: Context, text: str) -> bool:
    """Whether ``text`` names a product of the shop in half of its words. Raises ``ShopUnavailable``."""
    words = search_words(text)
    found = await context.shop.search_products(words, limit=FOUND) if words else ()
    return any(_likeness(words, product) >= 0.5 for product in found)


async def _heard(context: Context, text: str, words: str) -> Product | None:
    """The product that was named, where the words as written name none (云躲加湿器)."""
    slot = context.turn.parse.slot("product") if text == context.text else None
    if slot is None or not slot.candidates or slot.candidates[0].score < _HEARD:
        return None
    if len(slot.candidates) > 1 and slot.candidates[1].score > slot.candidates[0].score - _ALIKE:
        return None
    product = await context.shop.product(slot.candidates[0].label)
    if product is None or _likeness(slot.raw, product) >= _MISHEARD or str(slot.value) == slot.raw:
        return None
    return product


async def pointed_at(context: Context, text: str) -> tuple[Product, ...]:
    """Of what was shown last the ones pointed at; all of it, the first first, where nothing is pointed at."""
    shown = [product for sku in context.state.last_products if (product := await context.shop.product(sku))]
    if _BOTH.search(text):
        return tuple(shown[:2])
    if _OTHER_ONE.search(text) and len(shown) == 2:
        return (shown[1], shown[0])
    picked = cues.chosen(text, [product.name for product in shown]) if shown else None
    place = picked
    if place is None:
        place = next((at for at, product in enumerate(shown) if product.sku == context.state.last_product), 0)
    return (*shown[place : place + 1], *shown[:place], *shown[place + 1 :])


async def pair(context: Context, text: str) -> tuple[Product, Product] | None:
    """The two products that are compared; None when the words do not name two."""
    sides = re.split(
        r"和|跟|与|还是|对比|比较|\bvs\.?\b|\bor\b|\band\b|\bwith\b|\bversus\b|\bthan\b", text, flags=re.IGNORECASE
    )
    found: list[Product] = []
    for side in sides:
        words = search_words(side)
        hits = await context.shop.search_products(words, limit=2) if words else ()
        hit = next((product for product in hits if product not in found and _likeness(words, product) > 0), None)
        if hit is not None:
            found.append(hit)
    if len(found) < 2:
        shown = await pointed_at(context, text)
        found = [*found, *(product for product in shown if product not in found)]
    if len(found) < 2 and (words := search_words(text)):
        hits = await context.shop.search_products(words, limit=4)
        found = [*found, *(product for product in hits if product not in found and _likeness(words, product) > 0.5)]
    return (found[0], found[1]) if len(found) >= 2 else None


def is_ours(parse: Parse) -> bool:
    """Whether a product is named that the catalogue knows, in words like its name."""
    slot = parse.slot("product")
    return slot is not None and bool(slot.candidates) and slot.candidates[0].score >= _OURS


def search_words(text: str) -> str:
    """``text`` without what names no product."""
    return " ".join(word for word in _NOISE.sub(" ", text).split() if len(word) > 1 or word.isascii())


def without_name(text: str, product: Product) -> str:
    """``text`` without the pieces of the product's name, so that 静音鼠标 does not ask about noise."""
    rest, name = text, product.name
    for size in range(len(name), 1, -1):
        for start in range(len(name) - size + 1):
            rest = rest.replace(name[start : start + size], " ")
    for word in product.name_en.split():
        if len(word) > 3:
            rest = re.sub(rf"\b{re.escape(word)}\b", " ", rest, flags=re.IGNORECASE)
    return rest


def points(text: str) -> bool:
    """Whether the words point at something shown before."""
    return bool(_POINTS.search(text))


def ask_which(context: Context, skill: str, draft: dict[str, object], products: Sequence[Product]) -> tuple[Item, ...]:
    """Read out the products that may be meant and wait for a choice."""
    names = tuple(phrasing.line_name(product, context.language) for product in products)
    draft = {**draft, "choices": [product.sku for product in products]}
    return (
        *context.open_task(skill, draft, "which"),
        Asked(Expectation("choice", choices=names)),
        context.reply(context.say("products.which", listing=numbered(context, names)), suggestions=names),
    )


async def chosen(context: Context, draft: dict[str, object]) -> Product | None:
    """The offered product that the customer picked; None when they picked none."""
    skus = draft.get("choices")
    if context.resumed or not isinstance(skus, list):
        return None
    picked = cues.chosen(context.text, context.state.expectation.choices)
    return await context.shop.product(str(skus[picked])) if picked is not None and picked < len(skus) else None


async def offered(context: Context, draft: dict[str, object]) -> tuple[Product, ...]:
    """The products offered to choose from."""
    skus = draft.get("choices")
    found = [await context.shop.product(str(sku)) for sku in skus] if isinstance(skus, list) else []
    return tuple(product for product in found if product is not None)


def _likeness(words: str, product: Product) -> float:
    names = (product.name, product.name_en, product.attributes.get("类别", ""))
    return max(cues.overlap(words, name) for name in names)
