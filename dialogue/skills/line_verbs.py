"""What customers say is to be done with goods: sent back, exchanged, changed, cancelled. Pure."""

from __future__ import annotations

import re
from typing import Literal

Verb = Literal["return", "exchange", "change", "cancel"]
VERBS: tuple[tuple[Verb, re.Pattern[str]], ...] = (
    ("return", re.compile(
        r"退货|退掉|退了|退回|想退|要退|退款|\breturn(?:ed|ing)?\b|\bsend(?:ing)? (?:\w+ ){0,4}back\b|"
        r"\brefund", re.I)),
    ("exchange", re.compile(r"换货|换成|更换|调换|换一|想换|要换|\bexchang\w*|\bswap\w*|\breplace\b|\btrade\b", re.I)),
    ("change", re.compile(
        r"改成|改为|修改|改一下|\bmodif\w*|\bchang(?:e|ing)\b|\bupgrad\w*|\bswitch(?:ing)?\b(?! type)|"
        r"\bupdat\w*|\bdowngrad\w*", re.I)),
    ("cancel", re.compile(r"取消|\bcancel(?:l?ing)?\b|\bremov(?:e|ing)\b|\btake (?:\w+ ){1,4}out of\b|"
                          r"\bno longer (?:need|want)", re.I)),
)  # fmt: skip


def verb_in(text: str) -> Verb | None:
    """The first of the verbs that say what is to be done."""
    found = [(match.start(), verb) for verb, words in VERBS for match in words.finditer(text)]
    return min(found)[1] if found else None
