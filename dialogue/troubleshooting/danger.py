"""Goods that are a danger: nothing is tried any more, they are not used, and a person takes over. Pure."""

from __future__ import annotations

import re

_DANGER = re.compile(
    r"冒(烟|火|火花)|着火|起火|烧(焦|糊|起来|着|化)|焦(糊)?味|糊味|火花|电火|漏电|电(到|着|了)(我|手|一下)"
    r"|麻手|手麻|触电|鼓包|膨胀|爆(炸|开)|融化|化了"
    r"|\bsmok(e|es|ing)\b|\bburn(s|ing|t)? smell|smells? (of |like )?burn|\bburning\b|\bsparks?\b|\bsparking\b"
    r"|electric shock|\bshocked me\b|\bswollen\b|\bswelling\b|\bbulg(e|ing)\b|on fire|\bmelt(ed|ing)\b",
    re.IGNORECASE,
)
_NO_DANGER = re.compile(
    r"(没有?|不|未|会不会|怕|防)(会)?(冒烟|着火|漏电|烧|焦|糊|鼓包)|漏电保护|防漏电"
    r"|\b(no|not|without|n't) (\w+ )?(smok|burn|spark)",
    re.I,
)


def is_dangerous(text: str) -> bool:
    """Smoke, burning, current, a swollen battery; not that there is none of it."""
    return bool(_DANGER.search(text)) and not _NO_DANGER.search(text)
