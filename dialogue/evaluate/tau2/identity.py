"""Who the customer of an instruction is: name, mail addresses, postal code; and the sentences that say no more."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_POSTAL_CODE = re.compile(r"(?<![#\w-])\d{5}(?![\w-])")
_USER_ID = re.compile(r"\b([a-z]+)_([a-z]+)_\d{4}\b")
_NAME = re.compile(
    r"(?:\b[Yy]ours? name is|\b[Yy]ou name is|\b[Yy]our name is|\b[Yy]ou are|\b[Yy]ou're|\bI am|\bMy name is)\s+"
    r"([A-Z][\w'-]*)((?:\s+[A-Z][\w'-]*)+)"
)
_PERSON = re.compile(
    r"^(?:also,?\s+)?(?:you(?:r)? (?:full )?name is|you are|you're|your (?:email|e-mail|zip|zipcode|user id|"
    r"personality)|"
    r"you live|you(?:'re| are) living|you don't remember|you do not remember)\b",
    re.IGNORECASE,
)
_TELLS_MORE = re.compile(
    r"\b(?:wish|need|would|orders?|ordered|return\w*|exchang\w+|cancel\w*|bought|received?|moved|about|"
    r"with|because|willing|pay|prefer|daughter|son)\b"
    r"|\bwant to (?!make sure|talk|speak|chat)|\bwonder",
    re.IGNORECASE,
)


def name_of(text: str) -> tuple[str, str] | None:
    """First and last name; from the user id where no full name is told."""
    found = _NAME.search(text)
    if found:
        return found[1], found[2].split()[-1]
    account = _USER_ID.search(text)
    return (account[1].capitalize(), account[2].capitalize()) if account else None


def emails_of(text: str) -> tuple[str, ...]:
    """In the order told."""
    return tuple(dict.fromkeys(found.rstrip(".") for found in _EMAIL.findall(text)))


def postal_code_of(text: str) -> str:
    """Five digits that are no part of a number; empty where there are none."""
    found = _POSTAL_CODE.search(text)
    return found[0] if found else ""


def only_introduces(sentence: str) -> bool:
    """It says who the customer is or what they are like, and wants nothing."""
    rest = _EMAIL.sub("", sentence)
    return bool(_PERSON.match(rest)) and not _TELLS_MORE.search(rest)
