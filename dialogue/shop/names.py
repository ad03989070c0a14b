"""Names as they were told beside names as they are written: typed with a slip, or heard over a telephone. Pure.

A postal code that fits exactly stands beside the name; a name alone proves nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

V = TypeVar("V")
_ALIKE = 0.75
_PARTS_ALIKE = ((0.5, 0.8), (0.9, 0.6))
"""Shares of letters in common: of the whole name, and of first and last name, where one makes up for the other. Set by
what our recogniser makes of names over a telephone."""


def the_one_named(told: str, among: Sequence[V], name_of: Callable[[V], str]) -> V | None:
    """Who has this name, in any letters; where nobody has, the only one whose name is nearly the same; else None."""
    exact = [one for one in among if _folded(name_of(one)) == _folded(told)]
    if exact:
        return exact[0] if len(exact) == 1 else None
    near = [one for one in among if sounds_like(told, name_of(one))]
    return near[0] if len(near) == 1 else None


def sounds_like(told: str, written: str) -> bool:
    """Whether ``told`` may be ``written``: one of first and last name nearly, the other half the same."""
    said, kept = _folded(told).split(), _folded(written).split()
    if min(len(said), len(kept)) < 2 or not "".join(said).isascii():
        return False
    whole, last, first = (
        SequenceMatcher(None, *pair).ratio()
        for pair in ((" ".join(said), " ".join(kept)), (said[-1], kept[-1]), (said[0], kept[0]))
    )
    return whole >= _ALIKE and any(first >= least and last >= least_last for least, least_last in _PARTS_ALIKE)


def _folded(name: str) -> str:
    """Small letters without accents, one blank between."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())
