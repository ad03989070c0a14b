"""Sections of running text in, chunks small enough to be one answer out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dialogue.knowledge.documents import Chunk, Validity, language_of
from nlu.types import Language

MOST_CHARS = 320
"""A passage is quoted to a customer, aloud too: about a minute of speech at the very most."""
_FEWEST_CHARS = 40
"""Shorter paragraphs join the next one."""
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"[^。！？!?；;\n]*(?:[。！？!?；;]+|\.(?=\s|$)|\n|$)")
_SPACES = re.compile(r"[ \t　]+")


@dataclass(frozen=True, slots=True)
class Section:
    """Text under one heading, or of one page."""

    place: str
    text: str


def chunked(sections: Iterable[Section], validity: Validity, language: Language | None) -> Iterator[Chunk]:
    """Passages that end with a paragraph or, if that is too long, a sentence; ``language`` None: by its words."""
    for section in sections:
        for text in pieces(section.text):
            yield Chunk(text, section.place, language or language_of(text), validity=validity)


def pieces(text: str) -> Iterator[str]:
    """``text`` in parts of at most ``MOST_CHARS`` characters."""
    held = ""
    for paragraph in _PARAGRAPH.split(_SPACES.sub(" ", text)):
        for part in _fitting(paragraph.strip()):
            if held and (len(held) >= _FEWEST_CHARS or len(held) + len(part) + 1 > MOST_CHARS):
                yield held
                held = part
            else:
                held = f"{held}\n{part}" if held else part
    if held:
        yield held


def _fitting(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= MOST_CHARS:
        if paragraph:
            yield paragraph
        return
    held = ""
    for sentence in _SENTENCE.findall(paragraph):
        for start in range(0, len(sentence), MOST_CHARS):
            part = sentence[start : start + MOST_CHARS]
            if len(held) + len(part) > MOST_CHARS:
                yield held.strip()
                held = ""
            held += part
    if held.strip():
        yield held.strip()
