"""Numbers that name something: order number, phone, phone tail, digits that fit none of these. (Runs of digits that are
tracking numbers too; what these look like is in ``tracking``.)

Digits may come in groups, as people say and type them (138 0013 8000; 1234, 5678): every run of neighbouring groups is
tried against every pattern and ``choose`` keeps the best reading. A number may come in several messages too: the digits
of one go on after ``Expectation.heard``, unless they are a whole number, too many, or take back what was said.

    heard ""        8907        digits 8907           (four are missing)
    heard 8907      0650        order_number 89070650
    heard 8907      不对，8906   digits 8906
    heard 8907      是八不是七    digits 8908        (see ``corrections``)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from nlu.aligned import AlignedText
from nlu.itn_zh import DIGITS, TO_ARABIC
from nlu.slots import phones, tracking
from nlu.slots.corrections import correction_of
from nlu.slots.types import Candidate, SlotContext, candidate, said_before

_GROUP = re.compile(r"\d+")
_MAX_GROUPS = 12
_MAX_DIGITS = 24
_JOINT = re.compile(r"[ \-,，、.。…]{1,3}|[ ,，、]*(?:空格|杠|横杠|dash)[ ,，、]*")
_PAUSE = re.compile(
    r"(?:[ \-,，、.。…~!！;；]|嗯|呃|额|啊|哦|那个|然后|接着|后面是|再|是|和|um+|uh+|er+|and|then|dash|space)*"
)
"""What may come between two groups of a number that was asked for."""

_ORDER_WORDS = re.compile(
    r"(?:订单(?:编?号|号码|id)?|(?<!快递)(?<!物流)(?<!运)单号|order(?: (?:number|no\.?|num|id|code))?)"
    r"(?:是|为|呢|就是|应该是|[:,，#.]| |is|it'?s|=|，)*(?:no\.?)?[ #:]*$"
)
_TAIL_WORDS = re.compile(
    r"(?:(?:尾号|后四位|后4位|末四位|末4位|最后四位|最后4位)(?:数字?|号码)?|last (?:four|"
    r"4)(?: digits?)?(?: of (?:my|the) (?:phone|"
    r"mobile|number|phone number))?|ending (?:in|with)|ends (?:in|with))"
    r"(?:是|为|就是|[:,，]| |is|are|it'?s)*$"
)
_NUMBER_WORDS = re.compile(r"(?:号码?|编号|单号|number|no\.|code|#)(?:是|为|[:,，]| |is)*$")
_COUNTED = re.compile(
    r" ?(?:个|件|天|年|月|号|日|点|块|元|折|%|小时|分钟|分|秒|岁|台|条|双|斤|公斤|克|ml|kg|g\b|cm|米|寸|度|倍|次|万|千|"
    r"yuan|rmb|dollars?|bucks?|days?|hours?|weeks?|months?|years?|pieces?|items?|st\b|nd\b|rd\b|th\b|:\d)"
)
_BEFORE_COUNTED = re.compile(r"[a-z_¥$￥]$|[a-z]-$|\d[.:/]$")

_TAKES_BACK = re.compile(
    r"不对|不是|错了|从头|重新|重来|重说|再来一|再说一"
    r"|\bno\b|\bnot\b|wrong|start (?:over|again)|from the (?:start|top|beginning)|\bagain\b|i meant?\b"
)


@dataclass(frozen=True, slots=True)
class _Digits:
    """A run of digit groups read as one number."""

    value: str
    start: int
    end: int
    joints: int
    """Pauses inside."""
    put_right: bool = False
    """It was corrected by the words of its span."""


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every number of the message that could be a slot."""
    yield from _order_with_letters(context)
    source = answer_view(context)
    text = source.folded
    groups = [match for match in _GROUP.finditer(text) if not _part_of_code(text, match)]
    expected = context.expectation.kind == "digits" or context.expectation.slot in _EXPECTED_NUMBERS
    put_right = _put_right(context, groups)
    if put_right:
        groups = [match for match in groups if match.end() <= put_right.start or match.start() >= put_right.end]
        yield from _typed(context, source, put_right, [put_right])
    runs = list(_runs(text, groups, _PAUSE if expected else _JOINT))
    # Context words are looked up in the normalised text; the view keeps its length, so positions agree.
    for run in runs:
        yield from _typed(context, source, _continued(context, run, runs), runs)


_EXPECTED_NUMBERS = ("order_number", "tracking_number", "phone", "phone_tail", "digits")


def answer_view(context: SlotContext) -> AlignedText:
    """The text with lone number words as digits where digits were asked for and little else was said.

    "五" or "三五" is a number when the question was "which number"; o between digits is a zero. Same length as the
    source, so that positions in the two agree.
    """
    source = context.source.substitute(
        re.compile(r"(?<=\d)[oO](?=[\doO ]|$)|(?<=\d )[oO](?= \d|$)|(?<![A-Za-z])[oO](?=\d)"), lambda _: "0"
    )
    asked = context.expectation.kind == "digits" or context.expectation.slot in _EXPECTED_NUMBERS
    if not asked or not re.fullmatch(f"(?:[{DIGITS}\\d ]|{_PAUSE.pattern})*", source.folded):
        return source
    return source.substitute(re.compile(f"[{DIGITS}]"), lambda match: match.group().translate(TO_ARABIC))


def luhn_valid(number: str) -> bool:
    """Whether the last digit of ``number`` is its Luhn check digit."""
    total = 0
    for index, char in enumerate(reversed(number)):
        digit = int(char) * (1 + index % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def _part_of_code(text: str, match: re.Match[str]) -> bool:
    """Digits inside a model name or a code (iphone15, b2b) are not a number of their own; 号12345678号 is."""
    before, after = text[max(0, match.start() - 6) : match.start()], text[match.end() : match.end() + 1]
    return re.search("(?<!orde)(?<!numbe)(?<!\\bn)[a-z_]$", before) is not None or re.match("[a-z_]", after) is not None


def _runs(text: str, groups: list[re.Match[str]], joint: re.Pattern[str]) -> Iterator[_Digits]:
    """Every run of neighbouring groups, single groups included, up to ``_MAX_DIGITS`` digits."""
    joined = {
        first.start(): joint.fullmatch(text, first.end(), second.start()) is not None
        for first, second in pairwise(groups)
    }
    for index, first in enumerate(groups):
        value, last = first.group(), first
        yield _Digits(value, first.start(), first.end(), 0)
        for joints, group in enumerate(groups[index + 1 : index + _MAX_GROUPS], start=1):
            value += group.group()
            if not joined[last.start()] or len(value) > _MAX_DIGITS:
                break
            last = group
            yield _Digits(value, first.start(), group.end(), joints)


def _continued(context: SlotContext, run: _Digits, runs: list[_Digits]) -> _Digits:
    """``run`` after the digits of the number that were heard before, where it goes on with them."""
    expected = context.expectation
    if not expected.heard or expected.digits is None or not _is_whole(run, runs) or _TAKES_BACK.search(context.text):
        return run
    value = expected.heard + run.value
    if len(run.value) >= expected.digits or len(value) > expected.digits:
        return run
    repeated = run.value == expected.heard and len(value) == expected.digits
    if repeated and expected.slot == "order_number" and context.config.order_number_luhn and not luhn_valid(value):
        return run
    return replace(run, value=value)


def _put_right(context: SlotContext, groups: list[re.Match[str]]) -> _Digits | None:
    """The number that this message corrects, its own or the one heard before."""
    expected = context.expectation

    def whole(number: str) -> bool:
        if expected.slot not in (None, "order_number"):
            return expected.digits == len(number)
        if not re.fullmatch(context.config.order_number_pattern, number, re.IGNORECASE):
            return False
        return luhn_valid(number) if context.config.order_number_luhn else True

    spans = [match.span() for match in groups]
    missing = max((expected.digits or 0) - len(expected.heard), 0)
    found = correction_of(context.text, spans, expected.heard, missing, whole)
    return _Digits(found.value, found.start, found.end, 0, put_right=True) if found else None


def _is_whole(run: _Digits, runs: list[_Digits]) -> bool:
    """Whether these are all the digits of the message."""
    return run.start == runs[0].start and run.end == max(other.end for other in runs)


def _typed(context: SlotContext, source: AlignedText, run: _Digits, runs: list[_Digits]) -> Iterator[Candidate]:
    """Readings of one run, each with its confidence."""
    span = (run.start, run.end)
    corrected = ", put right" if run.put_right else ""
    offers = (_order(context, run), phones.offer(context, run.value, run.start), _phone_tail(context, run),
              _bare(context, run, runs))  # fmt: skip
    for offer in offers:
        if offer is not None:
            name, value, confidence, rule = offer
            fails = name == "order_number" and context.config.order_number_luhn and not luhn_valid(value)
            yield candidate(
                source, span, name, value, confidence - 0.01 * run.joints, rule + corrected, fails_check=fails
            )
    tracked = tracking.offer(context, run.value, run.start, run.joints)
    if tracked:
        yield candidate(
            source, span, "tracking_number", run.value, tracked.confidence - 0.01 * run.joints,
            tracked.rule + corrected, kind=tracked.kind, fails_check=tracked.fails_check,
        )  # fmt: skip


_Offer = tuple[str, str, float, str]


def _order(context: SlotContext, run: _Digits) -> _Offer | None:
    if not re.fullmatch(context.config.order_number_pattern, run.value, re.IGNORECASE):
        return None
    passes = context.config.order_number_luhn and luhn_valid(run.value)
    check = ", check digit right" if passes else ""
    bonus = 0.03 if passes else 0.0
    if context.expectation.slot == "order_number":
        return "order_number", run.value, 0.95 + bonus, f"order number: expected{check}"
    if said_before(context, run.start, _ORDER_WORDS, 24):
        return "order_number", run.value, 0.95 + bonus, f"order number: said after 订单号/order number{check}"
    if context.expectation.slot in ("phone", "phone_tail", "tracking_number") or phones.is_announced(
        context, run.start
    ):
        return None
    confidence = 0.82 if run.joints == 0 else 0.7
    return "order_number", run.value, confidence + bonus, f"order number: its pattern{check}"


def _phone_tail(context: SlotContext, run: _Digits) -> _Offer | None:
    if len(run.value) != 4:
        return None
    if context.expectation.slot == "phone_tail":
        return "phone_tail", run.value, 0.96, "phone tail: four digits, expected"
    if said_before(context, run.start, _TAIL_WORDS, 40):
        return "phone_tail", run.value, 0.95, "phone tail: said after 尾号/last four"
    return None


def _bare(context: SlotContext, run: _Digits, runs: list[_Digits]) -> _Offer | None:
    """Digits that nothing else explains. Asked for, all that was said is one number, pauses included."""
    text, expectation = context.text, context.expectation
    if expectation.kind == "digits" or expectation.slot in _EXPECTED_NUMBERS:
        complete = expectation.digits is not None and len(run.value) == expectation.digits
        if _COUNTED.match(text, run.end) and not complete:
            return None
        return "digits", run.value, 0.9 if complete else 0.8 if _is_whole(run, runs) else 0.6, "digits: expected"
    if _COUNTED.match(text, run.end) or _BEFORE_COUNTED.search(context.before(run.start)):
        return None
    if run.joints == 0 and said_before(context, run.start, _NUMBER_WORDS):
        return "digits", run.value, 0.7, "digits: said after 号/number"
    if len(run.value) >= 4:
        return "digits", run.value, 0.5 + (0.01 if run.joints == 0 else 0.0), "digits: fit no other slot"
    return None


def _order_with_letters(context: SlotContext) -> Iterator[Candidate]:
    """Shops whose order numbers carry letters or dashes: the pattern as it stands in the text."""
    pattern = re.compile(rf"(?<![a-z0-9])(?:{context.config.order_number_pattern})(?![a-z0-9])", re.IGNORECASE)
    for match in pattern.finditer(context.source.text):
        if match.end() > match.start() and not match.group().isdecimal():
            value = match.group().upper()
            yield candidate(context.source, match.span(), "order_number", value, 0.97, "order number: its pattern")
