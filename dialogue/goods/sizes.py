"""Which size fits: a size table and what the customer told of themselves in; the size, or what is missing, out. Pure.

A table is text on the product's page, rows by ``；``: ``M 160-168cm 50-60kg；L 166-174cm 58-68kg`` for clothes (height,
weight), ``39 245mm；40 250mm`` for shoes (length of the foot).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dialogue.goods.facts import SIZE_TABLE
from dialogue.shop.types import Product, ReviewSummary

Missing = Literal["height", "weight", "foot"]
Leaning = Literal["small", "large", "true"]
"""What customers say of the size: 偏小, 偏大, 尺码准."""
_ROW = re.compile(
    r"(?P<size>[A-Z]{1,4}|\d{2})\s+(?:(?P<h0>\d+)-(?P<h1>\d+)cm\s+(?P<w0>\d+)-(?P<w1>\d+)kg|(?P<foot>\d+)mm)"
)
_METRES = re.compile(
    r"(?<![\d.])[1一]\s*(?:米|m|\.)\s*(\d{1,2})(?!\d)|(?<!\d)(1[3-9]\d|20\d)\s*(?:cm|公分|厘米)?(?!\d|\s*(?:斤|块|元|kg|公斤|lbs?|pounds?))",
    re.I,
)
_METRES_ZH = re.compile(r"[一1]米([零一二三四五六七八九])([一二三四五六七八九])?")
_DIGITS = {digit: place for place, digit in enumerate("零一二三四五六七八九")}
_FEET = re.compile(r"(\d)\s*(?:ft|feet|foot|')\s*(\d{1,2})?", re.I)
_KILOS = re.compile(r"(\d{2,3}(?:\.\d)?)\s*(?:公斤|千克|kg|kilos?)", re.I)
_JIN = re.compile(r"(\d{2,3}(?:\.\d)?)\s*斤")
_POUNDS = re.compile(r"(\d{2,3})\s*(?:lbs?|pounds?)", re.I)
_FOOT = re.compile(
    r"脚长?[^\d]{0,6}(\d{2}(?:\.\d)?)\s*(?:cm|厘米|公分)|(2[1-9]\d)\s*mm|foot.{0,14}?(\d{2}(?:\.\d)?)\s*cm", re.I
)
_USUAL = re.compile(
    r"(?:平时|平常|一般|一直|通常|以前|都)(?:是|都|也)?(?:穿|买|选)?[^\d a-z]{0,3}(?P<zh>x{0,3}[sl]|m"
    r"|\d{2}(?:\.5)?)\s*码?"
    r"|(?:usual(?:ly)?|normally|always)(?: wear| size)?(?: an?| is| size)* (?P<en>x{0,3}[sl]|m|\d{2}(?:\.5)?)\b",
    re.I,
)
_LETTERS = ("XS", "S", "M", "L", "XL", "XXL", "XXXL")


@dataclass(frozen=True, slots=True)
class Row:
    """One size. Clothes have ranges of height and weight, shoes the length of the foot."""

    size: str
    height_cm: tuple[int, int] | None = None
    weight_kg: tuple[int, int] | None = None
    foot_mm: int | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What the customer told."""

    height_cm: int | None = None
    weight_kg: float | None = None
    foot_mm: int | None = None
    usual: str | None = None
    """The size they usually take."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A size and how sure it is."""

    size: str
    between: str | None = None
    """The other size that fits as well."""
    beyond: bool = False
    """The table ends before them: the nearest size, not a fitting one."""


def table_of(product: Product) -> tuple[Row, ...]:
    """The product's size table, smallest first, as far as the product comes in these sizes; empty without one."""
    rows = (_row(match) for match in _ROW.finditer(product.attributes.get(SIZE_TABLE, "")))
    ends = re.fullmatch(r"(\d{2})到(\d{2})", product.attributes.get("尺码", ""))
    return tuple(row for row in rows if ends is None or int(ends[1]) <= int(row.size) <= int(ends[2]))


def read(text: str) -> Body:
    """Height, weight, foot and usual size in the words. 斤 are half kilos."""
    foot = _FOOT.search(text)
    rest = _FOOT.sub(" ", text)
    feet = _FEET.search(rest)
    height = _height(rest) or (round(int(feet[1]) * 30.48 + int(feet[2] or 0) * 2.54) if feet else None)
    usual = _USUAL.search(rest)
    return Body(
        height, _weight(rest), _foot(foot) if foot else None, (usual["zh"] or usual["en"]).upper() if usual else None
    )


def missing(table: Sequence[Row], body: Body) -> Missing | None:
    """What must be asked before a size can be told; None when it can."""
    if body.usual is not None:
        return None
    if any(row.foot_mm for row in table):
        return None if body.foot_mm else "foot"
    if body.height_cm is None:
        return "height"
    return "weight" if body.weight_kg is None else None


def advise(table: Sequence[Row], body: Body) -> Fit | None:
    """The size that fits; None when neither the table nor the usual size says one."""
    if body.foot_mm and (shoes := [row for row in table if row.foot_mm]):
        fitting = [row for row in shoes if (row.foot_mm or 0) >= body.foot_mm]
        return Fit(fitting[0].size) if fitting else Fit(shoes[-1].size, beyond=True)
    clothes = [row for row in table if row.height_cm and row.weight_kg]
    if clothes and body.weight_kg is not None:
        return _clothes(clothes, body)
    offered = {row.size for row in table}
    if body.usual and (not offered or body.usual in offered):
        return Fit(body.usual)
    return None


def leaning(reviews: ReviewSummary | None) -> Leaning | None:
    """What customers say of its sizes; None when they say nothing."""
    words = " ".join((*reviews.praised, *reviews.criticised)) if reviews else ""
    if "偏小" in words:
        return "small"
    return "large" if "偏大" in words else "true" if "尺码准" in words else None


def _clothes(table: Sequence[Row], body: Body) -> Fit:
    """Weight decides, height between two sizes: clothes that are too tight cannot be worn at all."""
    assert body.weight_kg is not None
    fits = [row for row in table if row.weight_kg and row.weight_kg[0] <= body.weight_kg <= row.weight_kg[1]]
    if not fits:
        heavier = body.weight_kg > max(row.weight_kg[1] for row in table if row.weight_kg)
        return Fit((table[-1] if heavier else table[0]).size, beyond=True)
    tall = [row for row in fits if body.height_cm and row.height_cm and _within(body.height_cm, row.height_cm)]
    if len(tall) == 1 or (not tall and len(fits) == 1):
        return Fit((tall or fits)[0].size)
    rows = tall or fits
    if body.height_cm and rows[-1].height_cm and body.height_cm > rows[-1].height_cm[1]:
        return Fit(rows[-1].size)
    return Fit(rows[-1].size, between=rows[0].size)


def _within(value: float, span: tuple[int, int]) -> bool:
    return span[0] <= value <= span[1]


def _row(match: re.Match[str]) -> Row:
    if match["foot"]:
        return Row(match["size"], foot_mm=int(match["foot"]))
    return Row(match["size"], (int(match["h0"]), int(match["h1"])), (int(match["w0"]), int(match["w1"])))


def _height(text: str) -> int | None:
    if spoken := _METRES_ZH.search(text):
        return 100 + 10 * _DIGITS[spoken[1]] + (_DIGITS[spoken[2]] if spoken[2] else 0)
    found = _METRES.search(text)
    if not found:
        return None
    if found[2]:
        return int(found[2])
    return 100 + int(found[1].ljust(2, "0"))


def _weight(text: str) -> float | None:
    for pattern, factor in ((_KILOS, 1.0), (_JIN, 0.5), (_POUNDS, 0.4536)):
        if found := pattern.search(text):
            return round(float(found[1]) * factor, 1)
    return None


def _foot(found: re.Match[str]) -> int:
    return int(found[2]) if found[2] else round(float(found[1] or found[3]) * 10)
