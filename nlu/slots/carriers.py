"""Which carrier a tracking number belongs to: by its prefix and length, and by its check digit where it has one.

Chinese carriers publish no check digits. Those of UPS (1Z), UPU S10 (EMS and other post), FedEx and DHL Express are
computed here: tracking-numbers, the library with them, is of 2022 and knows no Chinese carrier. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carrier:
    """How the numbers of one carrier look; upper case, without blanks and dashes."""

    name: str
    pattern: re.Pattern[str]
    words: str
    """Names by which customers call it, an alternation."""
    check: Callable[[str], bool] | None = None
    bare: bool = False
    """The pattern is told from other numbers without a word beside it."""


def s10_valid(number: str) -> bool:
    """UPU S10: two letters, eight digits, check digit, country."""
    weighted = sum(weight * int(digit) for weight, digit in zip((8, 6, 4, 2, 3, 5, 9, 7), number[2:10], strict=True))
    return {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11) == int(number[10])


def ups_valid(number: str) -> bool:
    """UPS 1Z: fifteen letters and digits, check digit (letters count A = 2, B = 3, ... H = 9, I = 0)."""
    values = [int(char) if char.isdigit() else (ord(char) - 63) % 10 for char in number[2:17]]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return -total % 10 == int(number[17])


def fedex_valid(number: str) -> bool:
    """FedEx Express, twelve digits: weights 3 1 7, modulo 11, then 10."""
    total = sum((3, 1, 7)[index % 3] * int(digit) for index, digit in enumerate(number[:11]))
    return total % 11 % 10 == int(number[11])


def dhl_valid(number: str) -> bool:
    """DHL Express, ten digits: the first nine modulo 7."""
    return int(number[:9]) % 7 == int(number[9])


_CARRIERS = (
    Carrier("sf", re.compile(r"SF\d{12,15}"), "顺丰(?:速运)?|sf(?: express)?", bare=True),
    Carrier("yto", re.compile(r"YT\d{13,16}"), "圆通|yto", bare=True),
    Carrier("jd", re.compile(r"JD[A-Z]{0,2}\d{11,16}(?:-\d{1,2}-\d{1,2}-?)?"), "京东(?:快递|物流)?|jd", bare=True),
    Carrier("jt", re.compile(r"JT\d{13}"), "极兔|j&t", bare=True),
    Carrier("deppon", re.compile(r"DPK\d{12,15}"), "德邦|deppon", bare=True),
    Carrier("zto", re.compile(r"ZTO\d{12,15}"), "中通|zto", bare=True),
    Carrier("sto", re.compile(r"STO\d{12,15}"), "申通|sto", bare=True),
    Carrier("ups", re.compile(r"1Z[0-9A-Z]{15}\d"), "ups", ups_valid, bare=True),
    Carrier("ems", re.compile(r"[A-Z]{2}\d{9}CN"), "ems|邮政|china post", s10_valid, bare=True),
    Carrier("post", re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}"), "usps|royal mail|邮政", s10_valid, bare=True),
    # Digits only: told apart by length and first digits, and by the carrier's name where one is said.
    Carrier("zto", re.compile(r"7[3-9]\d{10}(?:\d{2})?"), "中通|zto", bare=True),
    Carrier("sto", re.compile(r"77[0-9]\d{10,12}|[24]68\d{9,10}|88\d{10}"), "申通|sto"),
    Carrier("yunda", re.compile(r"(?:31|43|46|12|19|4[0-9])\d{11,13}"), "韵达|yunda"),
    Carrier("best", re.compile(r"55\d{13}|[AB]\d{13}"), "百世|best"),
    Carrier("ems", re.compile(r"(?:1[0-3]|9[5-9]|50)\d{11}"), "ems|邮政"),
    Carrier("fedex", re.compile(r"\d{12}"), "fedex|fed ex|联邦", fedex_valid),
    Carrier("dhl", re.compile(r"\d{10}"), "dhl|敦豪", dhl_valid),
)

NAMES = "|".join(dict.fromkeys(word for carrier in _CARRIERS for word in carrier.words.split("|")))
"""Every name of a carrier, an alternation."""
_LETTERS = r"s ?f|y ?t|j ?d(?: ?[a-z]){0,2}|j ?t|d ?p ?k|z ?t ?o|s ?t ?o"
WITH_LETTERS = re.compile(
    rf"(?<![a-z0-9])(?:(?:{_LETTERS})[ -]?(?:\d[ -]?){{10,15}}\d(?:-\d{{1,2}}-\d{{1,2}}-?)?"
    rf"|1 ?z[ -]?(?:[0-9a-z][ -]?){{15}}\d|[a-z] ?[a-z] ?(?:\d[ -]?){{9}}[a-z] ?[a-z])(?![a-z0-9])"
)
"""What may be a number with letters, blanks and dashes included, in lower-case text."""


@dataclass(frozen=True, slots=True)
class Told:
    """The carrier of a number."""

    carrier: str
    checked: bool | None
    """Whether its check digit is right; None where the carrier has none."""


def carrier_of(number: str, said: str = "") -> Told | None:
    """The carrier of ``number`` (upper case, compact); ``said``: words before it, in lower case.

    A carrier that was named comes first, then one whose pattern stands alone. None: no carrier's number.
    """
    fits = [carrier for carrier in _CARRIERS if carrier.pattern.fullmatch(number)]
    named = [carrier for carrier in fits if re.search(carrier.words, said)]
    for carrier in (*named, *(carrier for carrier in fits if carrier.bare)):
        return Told(carrier.name, carrier.check(number) if carrier.check else None)
    return None
