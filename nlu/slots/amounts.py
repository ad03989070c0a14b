"""Amounts of money: ¥299, 15.5块, 三百元左右, 200到300块, 预算500, 25 dollars and 50 cents, under 300 yuan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from nlu.slots.types import Candidate, SlotContext, candidate

_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,9}(?:\.\d{1,4})?)"
_START = r"(?<![\d.])"
_NOT_PIECES = "(?!手表|电池|香皂|肥皂|蛋糕|豆腐|毛巾|地毯|屏|布|板|表|面膜|巧克力|儿|地)"
_SIGNED = re.compile(rf"(?:¥|rmb|cny|\$|usd) ?{_NUMBER} ?(?P<scale>万|千|k\b)?")
_UNIT = re.compile(
    rf"{_START}{_NUMBER} ?(?P<scale>万|千|百|k(?=[ 块元]))?[多来]?(?:块钱|块{_NOT_PIECES}|元|圆|人民币|rmb|cny|"
    rf"yuan|kuai|"
    rf"dollars?|bucks?|usd|刀)"
    r"(?: (?:and )?(?P<cents>\d{1,2}) cents?(?![a-z]))?"
)
_SMALL = re.compile(rf"{_START}{_NUMBER} ?(?P<unit>毛|角|分(?=钱)|cents?(?![a-z]))钱?")
_RANGE = re.compile(rf"{_START}{_NUMBER}(?= ?(?:到|至|-|~|to) ?\d+(?:\.\d+)? ?(?:块|元|yuan|rmb|dollars|bucks))")
_BUDGET = re.compile(
    r"(?:预算|价位|价格|单价|总价|低于|不超过|不到|便宜到|退款金额|金额|实付|付了|budget(?: of| is)?|under|below|"
    r"less than|up to|cheaper "
    r"than|around|about)"
    rf"(?:大概|大约|差不多|在|是|就|[ :,，])*{_NUMBER}(?! ?[\d年月号日天个%件:.]| ?(?:days?|hours?|pieces?|items?|"
    rf"weeks?|months?))"
)
_BOUND = re.compile(rf"{_START}{_NUMBER}(?:以内|以下|以上|左右|上下|出头)")
_SCALES = {"百": 100, "千": 1000, "k": 1000, "万": 10_000}
_SMALL_UNITS = {"毛": Decimal("0.1"), "角": Decimal("0.1"), "分": Decimal("0.01")}


def read(context: SlotContext) -> Iterator[Candidate]:
    """Every amount; Decimal, in the currency's main unit (yuan unless dollars were said)."""
    text, source = context.text, context.source
    for pattern, confidence, rule in _RULES:
        for match in pattern.finditer(text):
            start = match.start("number") if pattern is _BUDGET else match.start()
            yield candidate(source, (start, match.end()), "amount", _value(match), confidence, f"amount: {rule}")
    if context.expectation.slot == "amount":
        for match in re.finditer(rf"{_START}{_NUMBER}(?![\d.])", text):
            yield candidate(source, match.span(), "amount", _value(match), 0.8, "amount: expected")


_RULES = (
    (_SIGNED, 0.96, "currency sign before"),
    (_UNIT, 0.95, "currency word after"),
    (_SMALL, 0.9, "毛/角/分/cents after"),
    (_RANGE, 0.85, "lower end of a range"),
    (_BUDGET, 0.84, "said after 预算/under"),
    (_BOUND, 0.7, "左右/以内 after"),
)


def _value(match: re.Match[str]) -> Decimal:
    groups = match.groupdict()
    value = Decimal(groups["number"].replace(",", ""))
    if groups.get("scale"):
        value *= _SCALES[groups["scale"]]
    if groups.get("cents"):
        value += Decimal(groups["cents"]) / 100
    if groups.get("unit"):
        value *= _SMALL_UNITS.get(groups["unit"], Decimal("0.01"))
    return value
