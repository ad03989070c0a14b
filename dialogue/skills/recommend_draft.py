"""What a customer wants of a recommendation, read from the words into a JSON draft. Pure.

Draft: ``what`` (words to search), ``budget`` (text), ``any_budget``, ``uses``, ``colours``, ``brands``, ``not_brands``,
``rejected`` and ``shown`` (skus), ``needs`` (keys of ``goods.facts`` that the page must tell of), ``asked`` (what was
asked for already), ``intent``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from dialogue.goods import facts, uses
from dialogue.goods.suggest import Wish
from dialogue.shop.types import Product
from dialogue.skills.which_product import search_words
from nlu.types import Language, Parse

Draft = dict[str, Any]
SHOWN = "shown"
"""What is expected once something was suggested."""
_ABOUT = Decimal("1.15")
_BUDGET = re.compile(
    r"(?P<zh>\d+(?:\.\d+)?)\s*(?:元|块钱?|rmb|yuan)?\s*(?P<how>以内|以下|之内|左右|上下|不到)"
    r"|(?:不超过|低于|预算|最多|under|below|less than|up to|around|about|budget(?: is"
    r"| of)?)\D{0,4}(?P<en>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_LOOSE = re.compile(r"左右|上下|多(块|元)?$|around|about", re.IGNORECASE)
_NO_MATTER = re.compile(
    r"随便|都(行|可以|好)|不限|无所谓|没(有)?(要求|预算|限制)|看着(办|推荐)|你定|您定|不知道|不清楚|没想好"
    r"|\b(any(thing)?( is fine)?|whatever|no (limit|preference)|don'?t (mind|care|know)|up to you|not sure)\b",
    re.IGNORECASE,
)
CHEAPER = re.compile(
    r"便宜(一?点|些|的)|太贵|贵了|有点贵|再低|性价比|cheaper|too (expensive|dear|much)|less expensive|lower price",
    re.I,
)
OTHERS = re.compile(
    r"还有(别的|其他|其它|哪些|没有|吗)|(别的|其他|其它)(的|款|牌子)?(吗|呢|有)|换(一?批|几个|一?款|个别的"
    r"|别的)|(都)?不(太)?(喜欢|合适|满意|好看)|再(推荐|看看|来)"
    r"|\b(other|others|something else|anything else|another|different|more options|don'?t like)\b",
    re.IGNORECASE,
)
NOT_BRAND = re.compile(
    r"(?:不要|不想要|不喜欢|除了|别给我|讨厌)(?P<zh>[一-鿿A-Za-z]{2,6}?)(?:这个)?(?:牌子?|品牌|家|的|以外|$)"
    r"|(?:not|no|except|don'?t (?:like|want))(?: the| any)? (?P<en>[A-Za-z]{3,12})",
    re.IGNORECASE,
)
_THAT_BRAND = re.compile(
    r"(?:不要|不喜欢|不想要|换(?:个|掉)|除了)这(?:个|家)?(?:牌子?|品牌)|not (?:that|this) brand|another brand", re.I
)
ACCESSORIES = re.compile(
    r"配件|搭配|配套|配什么|配点|一起(买|用)|还(需要|要)(买|配)(点|些)?什么|附件|\baccessor|\b(go|goes"
    r"|match(es)?) with\b"
    r"|what else do i need",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"(要|想要|换|来|最好|希望|有没有|有).{0,12}的(款|那种)?(吗|么|没有?|呢|吧)?[?？。.!！]?$"
    r"|\b(one|ones|something|anything|it should|it must|i need|i want|prefer)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"^(不|无|否|没有)|^no\b", re.IGNORECASE)
MISSING = re.compile(r"少|缺|漏|没(有)?(收|给|寄|发)|坏|\b(missing|broken|didn'?t)\b", re.IGNORECASE)
"""What is said of accessories that did not come."""
_FILLER = re.compile(
    r"推荐|介绍|安利|东西|商品|产品|物品|礼物|礼品|生日|送给?|送|预算|求|哪款|哪个|好用|好看|合适|适合|性价比"
    r"|高|点|些|帮忙|帮|选"
    r"|挑|看看|看|用来|用的|买给"
    r"|喜欢|最好|比较|别的|其他|其它|再|换一?批|不要|牌子|品牌|颜色|随便|都行|都可以|不限|无所谓|左右|上下"
    r"|不超过|低于|最多"
    r"|\b(gift|present|birthday|around|budget|up|my|his|her|girlfriend|boyfriend|mom|mum|dad|wife|husband|like"
    r"|prefer|brand|cheaper|other|else|nice|great|idea|ideas|thing|things|stuff|product|products)\b",
    re.IGNORECASE,
)


def read(draft: Draft, text: str, parse: Parse, expected: str | None) -> None:
    """Put what the words say into ``draft``. ``expected``: the key that was asked for, ``SHOWN`` after suggestions,
    None when none was."""
    before = dict(draft)
    _budget(draft, text, parse, expected)
    found = [use.key for use in uses.read(text)]
    draft["uses"] = list(dict.fromkeys([*draft.get("uses", []), *found]))
    colour = parse.slot("colour")
    if colour:
        draft["colours"] = [str(colour.value)]
    if expected in {"budget", "use"} and CHEAPER.search(text):
        draft["cheap"] = True
    if expected is not None and before == _without_empty(draft) and _NO_MATTER.search(text):
        draft["any_" + expected] = True
    if expected == SHOWN and (slot := parse.slot("product")) and slot.candidates:
        draft["what"], draft["rejected"], draft["needs"] = str(slot.value), [], []
    if expected in {None, "what"} and not draft.get("what"):
        words = what_in(text)
        if words:
            draft["what"] = words


def need_in(text: str) -> str | None:
    """What the goods must be, as a key of ``goods.facts``: 要防水的; None where it is no wish."""
    concept = facts.asked(text)
    return concept.key if concept and _WISH.search(text) else None


def meets(draft: Mapping[str, Any], product: Product) -> bool:
    """Whether the product's page tells of everything that is needed."""
    return all(_tells(product, key) for key in draft.get("needs", ()))


def label_of(need: str, language: Language) -> str:
    """What is needed, in words."""
    return next((concept.label[language] for concept in facts.concepts() if concept.key == need), need)


def _tells(product: Product, key: str) -> bool:
    found = next((facts.find(concept, product) for concept in facts.concepts() if concept.key == key), None)
    return found is not None and not _NOT.search(found.text)


def what_in(text: str) -> str:
    """The kind of thing that is looked for; empty when the words name none."""
    rest = _FILLER.sub(" ", _NO_MATTER.sub(" ", _BUDGET.sub(" ", text)))
    for use in uses.read(text):
        rest = use.words.sub(" ", rest)
    return search_words(rest)


def brand_of(product: Product) -> str:
    """The brand, which stands first in a name: two characters, or the first English word."""
    return product.name[:2]


def reject_brands(draft: Draft, text: str, shown: Iterable[Product]) -> bool:
    """Read brands that are not wanted; True when there are new ones."""
    shown = tuple(shown)
    new: list[str] = []
    if _THAT_BRAND.search(text) and shown:
        new.append(brand_of(shown[0]))
    for product in shown:
        name_en = product.name_en.split(" ")[0]
        if any(
            (said := match["zh"] or match["en"] or "")
            and (said in product.name or said.casefold() == name_en.casefold())
            for match in NOT_BRAND.finditer(text)
        ):
            new.append(brand_of(product))
    draft["not_brands"] = list(dict.fromkeys([*draft.get("not_brands", []), *new]))
    return bool(new)


def wish_of(draft: Mapping[str, Any]) -> Wish:
    """The draft as a value."""
    return Wish(
        Decimal(draft["budget"]) if draft.get("budget") else None,
        tuple(draft.get("uses", ())),
        tuple(draft.get("colours", ())),
        (),
        tuple(draft.get("not_brands", ())),
        frozenset(draft.get("rejected", ())),
        bool(draft.get("cheap")),
    )


def _budget(draft: Draft, text: str, parse: Parse, expected: str | None) -> None:
    value: Decimal | None = None
    match = _BUDGET.search(text)
    if match:
        value = Decimal(match["zh"] or match["en"])
    elif (slot := parse.slot("amount")) is not None:
        value = Decimal(str(slot.value))
    elif expected == "budget" and (digits := re.search(r"\d+", text)):
        value = Decimal(digits[0])
    if value is None:
        return
    try:
        draft["budget"] = str((value * _ABOUT).quantize(Decimal("1")) if _LOOSE.search(text) else value)
    except InvalidOperation:
        return


def _without_empty(draft: Draft) -> Draft:
    return {name: value for name, value in draft.items() if value != []}
