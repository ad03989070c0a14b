"""Sentences of a text, also of one that is still being written: pieces in, each sentence out as soon as it is whole."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")

_END = re.compile(r"[。！？][”」』)）]?|[.!?][\")]?(?=\s)|\n+")
_CLOSE = re.compile(r"[。！？!?.][”」』)）\"]?$")
_QUESTION = re.compile(r"[?？]|吗[。]?$")
LONGEST = 600
"""Characters after which a text without an end is given up."""


def sentence_end(text: str) -> int:
    """Where the first whole sentence of ``text`` ends; 0 when there is none. A dot may yet be a decimal point."""
    found = _END.search(text)
    return found.end() if found else 0


def is_whole(text: str) -> bool:
    """Whether the last words of a text end as a sentence does."""
    return _CLOSE.search(text.strip()) is not None


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a finished text; the last may lack its end."""
    found, rest = [], text
    while cut := sentence_end(rest):
        found.append(rest[:cut].strip())
        rest = rest[cut:]
    return tuple(sentence for sentence in (*found, rest.strip()) if sentence)


def is_question(sentence: str) -> bool:
    """Whether it asks the customer for something."""
    return _QUESTION.search(sentence.strip()) is not None


async def as_written(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Each sentence once it is whole; a torn one at the end is dropped."""
    buffer = ""
    async with aclosing(closable(pieces)) as parts:
        async for piece in parts:
            buffer += piece
            while cut := sentence_end(buffer):
                sentence, buffer = buffer[:cut].strip(), buffer[cut:]
                if sentence:
                    yield sentence
            if len(buffer) > LONGEST:
                return
    if buffer.strip() and is_whole(buffer):
        yield buffer.strip()


async def closable(pieces: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """An iterator that can be closed, whatever a generator returned."""
    try:
        async for piece in pieces:
            yield piece
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
