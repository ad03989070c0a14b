"""Cuts a sentence into clauses for synthesis and a mixed clause into runs of one script. Pure text in, text out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from speech.types import Language

_CLAUSE = re.compile(r"[^，。！？、；：,.!?;:…]*(?:[，。！？、；：!?;…]+|[,.:]+(?=\s|$)|[,.:]|$)")
_PAUSE_END = re.compile(r"[，。！？、；：!?;…]\s*$|[,.:]\s*$")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_SCRIPT_RUN = re.compile(
    r"(?P<latin>[A-Za-z][A-Za-z0-9'’.+&-]*(?:[ ]+[A-Za-z0-9][A-Za-z0-9'’.+&-]*)*)|(?P<other>[^A-Za-z]+)"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a clause for one voice."""

    text: str
    language: Language


def is_speakable(text: str) -> bool:
    """Whether there is a letter, digit or Chinese character to be said."""
    return any(character.isalnum() for character in text)


def weight(text: str) -> int:
    """Rough length in syllables: a Chinese character or digit counts one, a Latin word two."""
    han = sum(1 for c in text if _HAN.match(c) or c.isdigit())
    return han + 2 * len(re.findall(r"[A-Za-z]+", text))


def clauses(text: str, *, first: int = 4, rest: int = 8, most: int = 40) -> list[str]:
    """Cut at ，。！？、；： and their ASCII forms before a space; ``"".join`` gives the text back.

    A clause lighter than ``first`` (the opening one) or ``rest`` syllables is merged with the next, one heavier than
    ``most`` is cut at a space or in the middle. Pieces with nothing to say stay attached to a neighbour.
    """
    merged: list[str] = []
    pending = ""
    for piece in _pieces(text):
        pending += piece
        if weight(pending) >= (first if not merged else rest):
            merged.append(pending)
            pending = ""
    if pending:
        if merged and (weight(pending) < min(first, rest) or not is_speakable(pending)):
            merged[-1] += pending
        else:
            merged.append(pending)
    return [part for clause in merged for part in _cut(clause, most) if is_speakable(part)]


def ends_with_pause(clause: str) -> bool:
    """Whether the clause closes with punctuation, so that the voice should pause after it."""
    return bool(_PAUSE_END.search(clause))


def runs(clause: str, language: Language) -> list[Run]:
    """Split where the script changes between Chinese and Latin; digits and marks stay with the sentence's language."""
    found: list[Run] = []
    for match in _SCRIPT_RUN.finditer(clause):
        piece = match.group()
        if _LATIN.search(piece):
            kind: Language = "en"
        elif _HAN.search(piece):
            kind = "zh"
        else:
            kind = found[-1].language if found else language
        if found and found[-1].language == kind:
            found[-1] = Run(found[-1].text + piece, kind)
        else:
            found.append(Run(piece, kind))
    return [run for run in found if is_speakable(run.text)]


def _pieces(text: str) -> list[str]:
    return [match.group() for match in _CLAUSE.finditer(text) if match.group()]


def _cut(clause: str, most: int) -> list[str]:
    if weight(clause) <= most:
        return [clause]
    middle = len(clause) // 2
    spaces = [i for i, c in enumerate(clause) if c == " " and 0 < i < len(clause) - 1]
    at = min(spaces, key=lambda i: abs(i - middle)) + 1 if spaces else middle
    return [*_cut(clause[:at], most), *_cut(clause[at:], most)]
