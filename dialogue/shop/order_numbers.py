"""Order numbers of the demo and the SQL shop: seven digits and a Luhn check digit (ISO/IEC 7812-1). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

LOWEST, HIGHEST = 2_000_000, 9_999_999


def luhn_digit(digits: str) -> str:
    """The check digit that completes ``digits``."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def numbers_for(key: str) -> Iterator[str]:
    """Numbers to try for a new order, beginning anywhere: the last one given out says nothing of the next."""
    span = HIGHEST - LOWEST + 1
    start = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    for step in range(span):
        digits = str(LOWEST + (start + step) % span)
        yield digits + luhn_digit(digits)
