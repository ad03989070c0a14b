"""Tracking numbers: with a carrier's letters wherever they stand, digits alone where words or length tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nlu.slots import carriers
from nlu.slots.types import Candidate, SlotContext, candidate, said_before

_WORDS = re.compile(
    r"(?:快递(?:单|编)?号码?|运单号?码?|物流(?:单|编)?号码?|京东快递|京东物流|"
    rf"{carriers.NAMES}|tracking(?: (?:number|no\.?|code|id))?|waybill(?: number)?|parcel number|shipment number)"
    r"(?:单号|速运|快递|快运|包裹|的|是|为|就是|应该是|[:,，#.]| |is|it'?s|=)*$"
)
_NUMBER = re.compile("单号(?:是|为|就是|[:,，]| )*$")
_BEFORE = 30


@dataclass(frozen=True, slots=True)
class Offer:
    """How a run of digits reads as a tracking number."""

    confidence: float
    rule: str
    kind: str
    fails_check: bool


def read(context: SlotContext) -> Iterator[Candidate]:
    """Numbers with letters in them."""
    for match in carriers.WITH_LETTERS.finditer(context.text):
        spoken = re.sub(r"[ -]", "", match.group()).upper()
        value = match.group().replace(" ", "").upper() if spoken.startswith("JD") else spoken
        told = carriers.carrier_of(value, context.before(match.start(), _BEFORE))
        if told is None or (told.carrier == "post" and told.checked is False):
            continue
        yield candidate(
            context.source, match.span(), "tracking_number", value, 0.98, _rule("carrier prefix", told),
            kind=told.carrier, fails_check=told.checked is False,
        )  # fmt: skip


def offer(context: SlotContext, number: str, start: int, joints: int) -> Offer | None:
    """``number`` (digits) that begins at ``start`` as a tracking number; None when it is none."""
    before = context.before(start, _BEFORE)
    told = carriers.carrier_of(number, before)
    kind, fails = (told.carrier, told.checked is False) if told else ("", False)
    named = told is not None and re.search(rf"{carriers.NAMES}", before) is not None
    if not 12 <= len(number) <= 15 and not (named and len(number) == 10):
        return None
    if context.expectation.slot == "tracking_number":
        return Offer(0.95, _rule("12 to 15 digits, expected", told), kind, fails)
    if said_before(context, start, _WORDS, _BEFORE):
        return Offer(0.94, _rule("said after 快递单号/tracking number", told), kind, fails)
    if said_before(context, start, _NUMBER):
        return Offer(0.85, _rule("单号 and 12 to 15 digits", told), kind, fails)
    if joints == 0 and told is not None:
        return Offer(0.75, _rule("a carrier's pattern", told), kind, fails)
    return None


def _rule(why: str, told: carriers.Told | None) -> str:
    check = {True: ", check digit right", False: ", check digit wrong", None: ""}[told.checked if told else None]
    return f"tracking number: {why}{f', {told.carrier}' if told else ''}{check}"
