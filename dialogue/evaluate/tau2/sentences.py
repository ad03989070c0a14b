"""English instructions as text: cut into sentences and wishes, turned from "you" to "I". Pure; knows no shop."""

from __future__ import annotations

import re

REQUEST_VERBS = (
    "return|exchange|cancel|change|modify|replace|swap|switch|update|upgrade|remove|undo|know|get|check|find|track|"
    "confirm|inquire|ask|see|learn|hear"
)
"""What a wish begins with. "refund" is none: it says where the money of another wish goes."""
_SENTENCE_END = re.compile(
    r"(?<=[.!?])['\"]?\s+(?=[\"'(]?[A-Z#])|\s*\n\s*|(?<=[a-z)}\"'])\.(?=[A-Z][a-z])|\s*;\s+(?=[A-Z]|if |when )"
    r"|,\s+but\s+(?=(?:if|when)\b)"
)
_CONDITION_ASIDE = re.compile(r"\s*\(((?:if|when|unless)\b[^)]*)\)", re.IGNORECASE)
_NEW_WISH = re.compile(
    r"[,;]?\s+(?:and|then|but|so)\s+(?:then\s+)?(?:(?:also|you|additionally|finally)\s+)*"
    r"(?:(?:want|wish|would like|'d like|need|intend|plan)\s+to\s+)?(?:also\s+)?"
    rf"(?=(?:{REQUEST_VERBS})\b)(?!get (?:the |a |your |full )*(?:refund|money))",
    re.IGNORECASE,
)
_SAME_VERB = re.compile(r",?\s+and\s+also\s+(?=(?:your|the|my)\b)", re.IGNORECASE)
_WANTING = re.compile(
    r"\b(?:you(?:'d| would)?|i(?:'d)?)\s+(?:(?:also|now|then|only|just|first|finally|still|really)\s+)*"
    r"(?:want|wish|like|prefer|love|need|intend|plan|decided?|hope|would like|are trying)\s+(?:to\s+)?"
    r"(?:also\s+)?",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:finally|also|lastly|additionally|first|firstly|second|secondly|then|next|besides|furthermore|"
    r"now|but|so|and|"
    r"in addition|after that|at the same time)\b,?\s*)+",
    re.IGNORECASE,
)
_FIRST_PERSON: tuple[tuple[str, str], ...] = (
    (r"\bGC\b", "gift card"),
    (r"\bbut are\b", "but am"),
    (r"\byou are\b|\byou're\b", "I'm"),
    (r"\byou were\b", "I was"),
    (r"\byou've\b", "I've"),
    (r"\byou'd\b", "I'd"),
    (r"\byou'll\b", "I'll"),
    (r"\byourself\b", "myself"),
    (r"\byours\b", "mine"),
    (r"\byour\b", "my"),
    (
        r"\b(to|for|with|of|give|gives|tell|tells|told|asks?|from|lets?|charged?|sen[dt]|sends|refund|help|"
        r"allow) you\b",
        r"\1 me",
    ),
    (r"\byou\b", "I"),
)
_BARE_VERB = re.compile(
    rf"^(?:also\s+|then\s+|just\s+|rather\s+)*(?:{REQUEST_VERBS}|refund|go|use|keep|proceed|leave|make|pay|"
    rf"give|tell|forget|don't|do not)\b",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """``text`` in sentences, without blanks around them; a number with a point stays whole."""
    found = []
    for part in _SENTENCE_END.split(text):
        whole = (part or "").strip().lstrip(".").strip()
        # A condition in brackets is a sentence of its own.
        found += [_CONDITION_ASIDE.sub("", whole), *_CONDITION_ASIDE.findall(whole)]
    return [one for one in found if one.strip(" .")]


def wishes(sentence: str) -> list[str]:
    """A sentence in the wishes that it strings together; each may begin with its verb."""
    found: list[str] = []
    for part in _NEW_WISH.split(sentence):
        heads = _SAME_VERB.split(part)
        found.append(heads[0])
        verb = re.search(rf"\b(?:{REQUEST_VERBS})\b", heads[0], re.IGNORECASE)
        found += [f"{verb[0].lower()} {rest}" if verb else rest for rest in heads[1:]]
    return [part.strip(" ,;.") for part in found if part.strip(" ,;.")]


def without_wanting(wish: str) -> str:
    """ "You want to return it" as "return it"."""
    wish = _LEAD.sub("", wish)
    return _WANTING.sub("", wish, count=1).strip() if _WANTING.match(wish) else wish


def first_person(text: str) -> str:
    """What is told to "you", said by "me"."""
    for pattern, said in _FIRST_PERSON:
        text = re.sub(pattern, said, text, flags=re.IGNORECASE)
    text = re.sub(r"\bI (is|are)\b", "I am", text)
    return text[:1].upper() + text[1:] if text else text


def begins_with_verb(wish: str) -> bool:
    """It needs its "I want to" again when it is said."""
    return bool(_BARE_VERB.match(wish))


def spoken(wish: str, *, another: bool = False) -> str:
    """A wish as its customer says it, one sentence. ``another``: it is not their first."""
    text = wish.strip(" ,;.")
    if _BARE_VERB.match(text):
        text = re.sub(r"^(?:also|then|just)\s+", "", text, flags=re.IGNORECASE)
        text = f"I {'also ' if another else ''}want to {text[:1].lower()}{text[1:]}"
    return first_person(text).rstrip(".") + ("" if text.endswith("?") else ".")


def squeezed(text: str) -> str:
    """Letters and digits alone, small: "T-Shirt" and "tshirt" are the same."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
