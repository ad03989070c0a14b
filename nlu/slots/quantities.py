"""How many of a thing: 两件, 三双, 买2送1 is none, a pair of, two of them. Value int.

一个, 一件 and "a" are articles: 1 is read where it is stressed (就一件, 只要一个, just one) or asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.itn_zh import DIGITS, TO_ARABIC
from nlu.slots.types import Candidate, SlotContext, candidate

_MEASURE = (
    "件|双|个|台|条|瓶|只(?!要|有|能|是|想|买)|套|盒|把|本|副|部|支|辆|张|箱|袋|包|块(?=肥皂|香皂|蛋糕|手表|"
    "电池|毛巾)|顶|床|罐|桶|卷|份|对|打|款"
)
_ZH = re.compile(
    rf"(?<![\d.第每半几满减送/])(?P<count>\d{{1,3}}|[二两三四五六七八九十俩仨]|一)(?P<measure>{_MEASURE})"
    r"(?!月|星期|礼拜|小时|工作日|钟头|人(?!份)|字|问题|订单|地址|电话|号|年|步|多月|半月|来月|套路|劲|亲|头|不(?!是)|"
    r"也不?|都|儿)"
)
_JUST_ONE = re.compile(
    r"(?:只要|就要|只买|就买|仅|就|只|只有|只收到(?:了)?|少(?:了|发了?)?|多(?:了|发了?|拍了?)?|改成|改为|留|再(?:加|"
    r"买|要|来)|总共|一共)$"
)
_WHICH = re.compile(r"(?:第|哪|这|那|每|另|上|下|同|任|某|换|还|有)$")
_EN_COUNT = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
             "ten": 10, "a dozen": 12, "a couple": 2, "both": 2}  # fmt: skip
_NOT_THINGS = (
    "days?|weeks?|months?|years?|hours?|minutes?|times?|dollars?|yuan|rmb|bucks?|percent|orders?|questions?|things?|"
    "people|problems?|stars?|am|pm|o'clock|inch(?:es)?|cm|kg|ml|of my|digits?|more|business|working|other|last|first"
)
_EN = re.compile(
    rf"(?<![a-z\d.#-])(?P<count>\d{{1,2}}|{'|'.join(sorted(_EN_COUNT, key=len, reverse=True))})"
    rf"(?: (?P<unit>pairs?|pieces?|sets?|packs?|boxes|bottles?|pcs|units?|copies)(?: of)?| of (?:them|these|those|it)"
    rf"|(?= (?!{_NOT_THINGS}\b)(?:[a-z]+ ){{0,2}}?[a-z]+s\b(?!'))| more\b)(?![a-z])"
)
_ANSWER = re.compile(
    rf"(?:要|买|就|改成|嗯|来|[ ,，])*(?P<count>\d{{1,3}}|[{DIGITS}十俩])[ .。吧呢个件]*|"
    rf"(?:just )?(?P<en>{'|'.join(_EN_COUNT)})[ .]*"
)
_SPOKEN = {"俩": 2, "仨": 3, "十": 10}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every count of things."""
    asked = context.expectation.slot == "quantity"
    for match in _ZH.finditer(context.text):
        before = context.before(match.start(), 8)
        if _WHICH.search(before) and match["count"] not in ("两", "三"):
            continue
        count = _zh_count(match["count"])
        if count == 1 and not asked and not _JUST_ONE.search(before):
            continue
        factor = {"打": 12}.get(match["measure"], 1)
        if count:
            yield candidate(
                context.source, match.span(), "quantity", count * factor, 0.78, "quantity: number and measure word"
            )
    if context.language == "en":
        yield from _english(context, asked)
    if asked and (answer := _ANSWER.fullmatch(context.text)):
        value = _zh_count(answer["count"]) if answer["count"] else _EN_COUNT[answer["en"]]
        group = "count" if answer["count"] else "en"
        if value:
            yield candidate(context.source, answer.span(group), "quantity", value, 0.9, "quantity: expected")


def _english(context: SlotContext, asked: bool) -> Iterator[Candidate]:
    for match in _EN.finditer(context.text):
        word = match["count"]
        count = int(word) if word.isdigit() else _EN_COUNT[word]
        unit = match["unit"] or ""
        stressed = unit or asked or re.search(r"(?:just|only) $", context.before(match.start()))
        if count == 1 and not stressed:
            continue
        if 0 < count <= 99 and not re.search(
            r"(?:size|number|order|no\.?|last|first|than|with|usb|iphone) $", context.before(match.start())
        ):
            yield candidate(context.source, match.span(), "quantity", count, 0.72, "quantity: number and things")


def _zh_count(word: str) -> int:
    return _SPOKEN[word] if word in _SPOKEN else int(word.translate(TO_ARABIC))
