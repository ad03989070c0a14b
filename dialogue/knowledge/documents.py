"""What a shop ingests: a document with its chunks. Values only; ``readers/`` makes them, ``store.py`` keeps them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from dialogue.errors import DialogueError
from dialogue.knowledge import Entry
from nlu.types import Language

_HAN = re.compile(r"[一-鿿]")
_LATIN = re.compile(r"[A-Za-z]+")


class BadDocument(DialogueError):
    """A document cannot be read; ``str`` says which, where in it, what is wrong and what to do."""

    code = "bad_document"

    def __init__(self, problem: str, fix: str, place: str = "") -> None:
        """``place``: line, row, sheet or page; the file is added by who reads it."""
        super().__init__(f"{place}: {problem}; {fix}" if place else f"{problem}; {fix}")


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last day on which something holds; None leaves that end open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document that can be found by itself."""

    text: str
    """The answer of a question, or a passage of at most ``chunks.MOST_CHARS``."""
    place: str
    """Where in the document: headings, page or row."""
    language: Language
    questions: tuple[str, ...] = ()
    """Empty for a passage."""
    validity: Validity = Validity()


@dataclass(frozen=True, slots=True)
class Document:
    """One file or page."""

    root: str
    """What was ingested: a folder, a file or a list of addresses."""
    uri: str
    """What is printed for it: a path within ``root``, or a URL."""
    title: str
    content_hash: str
    chunks: tuple[Chunk, ...]

    @property
    def document_id(self) -> str:
        """The same for the same ``root`` and ``uri``."""
        return document_id(self.root, self.uri)


def entry_of(document: str, uri: str, title: str, number: int, chunk: Chunk) -> Entry:
    """``chunk`` as an entry whose source is document and place; ``document`` is its id."""
    source = f"{title} · {chunk.place}" if chunk.place else title
    questions = chunk.questions or (chunk.place or title,)
    is_zh = chunk.language == "zh"
    return Entry(
        entry_id=f"doc:{document}:{number}",
        questions_zh=questions if is_zh else (),
        questions_en=() if is_zh else questions,
        answer_zh=chunk.text if is_zh else "",
        answer_en="" if is_zh else chunk.text,
        source=source if title in uri else f"{source} ({uri})",
        is_passage=not chunk.questions,
        valid_from=chunk.validity.first,
        valid_until=chunk.validity.last,
    )


def document_id(root: str, uri: str) -> str:
    """12 hexadecimal digits."""
    return hashlib.sha256(f"{root}\n{uri}".encode()).hexdigest()[:12]


def language_of(text: str) -> Language:
    """Chinese where Chinese characters outnumber half the Latin words."""
    return "zh" if 2 * len(_HAN.findall(text)) > len(_LATIN.findall(text)) else "en"
