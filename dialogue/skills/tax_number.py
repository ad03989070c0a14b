"""The unified social credit code of a Chinese company (GB 32100-2015), which invoices call its tax number. Pure.

18 characters, digits and capital letters without I, O, S, V, Z; the last one is a check character: the sum of value
times 3 to the power of the place, modulo 31, complemented.
"""

from __future__ import annotations

import re

LENGTH = 18
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_GAPS = re.compile(r"(?<=[0-9A-Za-z])[\s\-.,，、]+(?=[0-9A-Za-z])")
_LIKE_ONE = re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{18}(?![0-9A-Za-z])")
_CODE = re.compile(r"(?<![0-9A-Za-z])(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{6,30}(?![0-9A-Za-z])")


def tax_number_in(text: str, *, asked: bool = False) -> str | None:
    """What looks like a tax number in ``text``, in capitals and without gaps; ``asked``: also of a wrong length."""
    joined = _GAPS.sub("", text)
    found = (_CODE if asked else _LIKE_ONE).search(joined)
    return found.group().upper() if found else None


def is_tax_number(code: str) -> bool:
    """Whether length, characters and the check character are right."""
    return len(code) == LENGTH and all(char in _ALPHABET for char in code) and code[-1] == check_character(code[:-1])


def check_character(code: str) -> str:
    """The check character of the first 17."""
    total = sum(_ALPHABET.index(char) * 3**place for place, char in enumerate(code))
    return _ALPHABET[-total % 31]
