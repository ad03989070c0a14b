"""Splits text into sentences for synthesis: Chinese and English stops, decimals and abbreviations left whole."""

from __future__ import annotations

import re

from speech.types import Language

_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "no", "vs", "etc", "e.g", "i.e", "a.m", "p.m", "u.s", "inc",
    "ltd", "co", "corp", "approx", "dept", "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct",
    "nov", "dec",
})  # fmt: skip
_STOP = re.compile(r"[。！？!?…]+|\.{1,}|[\n\r]+")
_CLOSERS = "”’\"'）)】」』》"
_COMMA = re.compile(r"[，、；：]|[,;:](?=\s)")
_LENGTH = {"zh": (60, 24), "en": (200, 90)}
"""Characters: the longest sentence kept whole, and the longest first piece (kept short for an early first audio)."""


def sentences(text: str, language: Language) -> list[str]:
    """Sentences with their punctuation, in order, white space at the joints removed.

    Very long ones are cut at commas; the first piece of the text is cut earlier than the others, so that its audio
    comes soon.
    """
    longest, longest_first = _LENGTH[language]
    found: list[str] = []
    for sentence in _at_stops(text):
        found += _at_commas(sentence, longest if found else longest_first, longest)
    return found


def _at_stops(text: str) -> list[str]:
    found: list[str] = []
    begin = 0
    for match in _STOP.finditer(text):
        if match.start() < begin or not _is_end(text, match):
            continue
        end = match.end()
        while end < len(text) and text[end] in _CLOSERS:
            end += 1
        found.append(text[begin:end].strip())
        begin = end
    found.append(text[begin:].strip())
    return [sentence for sentence in found if sentence]


def _is_end(text: str, match: re.Match[str]) -> bool:
    """A line break or a Chinese stop always ends; an ASCII one only before a space or a Chinese character."""
    stop, after = match.group(), text[match.end() : match.end() + 1]
    if stop.strip() == "" or stop[0] in "。！？…":
        return True
    if after and not after.isspace() and after not in _CLOSERS and not "\u3400" <= after <= "\u9fff":
        return False
    if stop != ".":
        return True
    before = re.search(r"[A-Za-z.]+$|\d+$", text[: match.start()])
    word = before.group().lower() if before else ""
    if word in _ABBREVIATIONS:
        return word in {"a.m", "p.m", "etc"} and text[match.end() :].lstrip()[:1].isupper()
    is_initial = len(word) == 1 and word.isalpha() and text[match.start() - 1].isupper()
    line = text[: match.start()].rsplit("\n", 1)[-1].strip()
    is_list_number = word.isdigit() and line == word
    return not (is_initial and after.isspace() and word != "i") and not is_list_number


def _at_commas(sentence: str, first: int, rest: int) -> list[str]:
    """Cut at the last comma within the limit; a stretch without commas stays whole."""
    found: list[str] = []
    limit = first
    while len(sentence) > limit:
        ends = [match.end() for match in _COMMA.finditer(sentence) if match.end() < len(sentence)]
        inside = [end for end in ends if 4 <= end <= limit]
        cut = max(inside, default=min((end for end in ends if end > limit), default=0))
        if not cut:
            break
        found.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
        limit = rest
    return [*found, sentence] if sentence else found
