"""E-mail addresses and postal codes. An address that was said aloud (ann dot lee at example dot com) is read too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.slots.types import Candidate, SlotContext, candidate, said_before

_EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}")
_SPOKEN = re.compile(
    r"\b[a-z0-9]+(?: ?(?:dot|underscore|dash|minus|\.|_|-) ?[a-z0-9]+)* ?\d* (?:at|@) [a-z0-9]+"
    r"(?: ?(?:dot|\.) ?[a-z0-9]+)+\b"
)
_SIGNS = (
    (re.compile(r" (?:dot|\.) | ?\. ?"), "."),
    (re.compile(r" (?:underscore) "), "_"),
    (re.compile(r" (?:dash|minus) "), "-"),
    (re.compile(r" (?:at) "), "@"),
    (re.compile(r" "), ""),
)
_CODE = re.compile(r"(?<![\d#-])\d{5,6}(?:-\d{4})?(?![\d-])")
_CODE_WORDS = re.compile(
    r"(?:邮编|邮政编码|zip ?code|zip|postal code|post ?code)(?:是|为|:|：|,|，|\s|is|it'?s|area)*$", re.IGNORECASE
)
_STATE = re.compile(r"\b(?:a[klrz]|c[aot]|d[ec]|fl|ga|hi|i[adln]|k[sy]|la|m[adeinost]|n[cdehjmvy]|o[hkr]|pa|ri|s[cd]|"
                    r"t[nx]|ut|v[at]|w[aivy])\.?,? ?$")  # fmt: skip


def read(context: SlotContext) -> Iterator[Candidate]:
    """E-mail addresses, and postal codes where words or the question say that they are."""
    for match in _EMAIL.finditer(context.text):
        yield candidate(context.source, match.span(), "email", match.group(), 0.98, "email: its pattern")
    for match in _SPOKEN.finditer(context.text):
        value = match.group()
        for sign, written in _SIGNS:
            value = sign.sub(written, value)
        if _EMAIL.fullmatch(value):
            yield candidate(context.source, match.span(), "email", value, 0.9, "email: said aloud")
    asked = context.expectation.slot in {"email", "postal_code"}
    for match in _CODE.finditer(context.text):
        if said_before(context, match.start(), _CODE_WORDS, 24):
            yield candidate(context.source, match.span(), "postal_code", match.group(), 0.96, "postal code: said so")
        elif asked or said_before(context, match.start(), _STATE, 6):
            yield candidate(context.source, match.span(), "postal_code", match.group(), 0.92, "postal code: expected")
