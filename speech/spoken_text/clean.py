"""Strips what is written but never said: markdown, HTML, URLs, emoji; full-width letters and digits become ASCII."""

from __future__ import annotations

import re
import unicodedata

_URL = r"(?:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+"
_MARKUP: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"```.*?```", re.S), " "),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), " "),
    (re.compile(r"\[([^\]]+)\]\([^)]*\)"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(_URL), " "),
    (re.compile(r"^\s{0,3}(?:#{1,6}|>|[-*+•·])\s+", re.M), ""),
    (re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,})\s*$", re.M), ""),
    (re.compile(r"(\*\*|__|~~)(.+?)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*\d])([^*\n]+?)\*(?![\w*])"), r"\1"),
    (re.compile(r"`([^`]*)`"), r"\1"),
    (re.compile(r"\s*\|\s*"), "，"),
)
_FULL_WIDTH = {
    code: chr(code - 0xFEE0)
    for code in range(0xFF01, 0xFF5F)
    if chr(code - 0xFEE0).isalnum() or chr(code - 0xFEE0) in "%+-.@#&*/$=_"
}
_FULL_WIDTH[ord("￥")] = "¥"
_FULL_WIDTH[ord("　")] = " "
_KEPT_SYMBOLS = frozenset("¥$€£%℃℉°+=<>×÷±~^№㎡")


def cleaned(text: str) -> str:
    """``text`` without markup, URLs, emoji and control characters; white space runs become one space."""
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    text = text.translate(_FULL_WIDTH)
    text = "".join(character if _is_said(character) else " " if character.isspace() else "" for character in text)
    return re.sub(r"\s+", " ", text).strip()


def _is_said(character: str) -> bool:
    """Letters, numbers, punctuation and a few symbols; emoji, joiners and variation selectors are not."""
    if character in _KEPT_SYMBOLS:
        return True
    return character == " " or (unicodedata.category(character)[0] in "LNP" and character not in "〰〽")
