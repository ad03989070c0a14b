"""What a caller's answer to a node means: a key, words, or what was understood. Pure."""

from __future__ import annotations

import re

from dialogue.menu.schema import Choice, Node
from nlu.types import Parse

_KEY = re.compile(r"^\W*(?:请|我)?(?:按|选择|选|press|option|number)?\s*([0-9*])\s*(?:键|号)?\W*$", re.IGNORECASE)
_SURE = 0.5
"""From here on an intent counts."""
_YES, _NO = frozenset({"affirm"}), frozenset({"deny"})


def chosen(node: Node, parse: Parse) -> Choice | None:
    """The choice that was made; keys count before words, words before what was meant."""
    key = key_of(parse)
    for choice in node.choices:
        if choice.key == key:
            return choice
    said = f"{parse.text}\n{parse.normalized}".lower()
    named = [
        (len(word), choice) for choice in node.choices for words in choice.words.values() for word in words
        if _says(word.lower(), said)
    ]  # fmt: skip
    if named:
        # 不同意 holds 同意: the longer word is what was said.
        return max(named, key=lambda pair: pair[0])[1]
    if parse.confidence >= _SURE:
        return next((choice for choice in node.choices if parse.intent in choice.intents), None)
    return None


def _says(word: str, said: str) -> bool:
    """Latin words whole, others anywhere."""
    if word.isascii():
        return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", said) is not None
    return word in said


def key_of(parse: Parse) -> str | None:
    """The key that was pressed, or said as 「按一」, "press 2"."""
    for text in (parse.text, parse.normalized):
        if match := _KEY.match(text.strip()):
            return match.group(1)
    return None


def digits_of(parse: Parse) -> str:
    """The digits of an answer, spoken ones too (the understanding writes them as digits)."""
    return re.sub(r"[^0-9]", "", parse.normalized)


def is_right(parse: Parse) -> bool | None:
    """The answer to a read-back: 1 or yes, 2 or no; None: neither."""
    key = key_of(parse)
    if key == "1" or (key is None and parse.intent in _YES):
        return True
    if key == "2" or (key is None and parse.intent in _NO):
        return False
    return None
