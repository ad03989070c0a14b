"""One reader per file format: bytes in, chunks out. A format more is one file here and one line in ``READERS``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import PurePosixPath
from typing import NamedTuple

from dialogue.knowledge.documents import BadDocument, Chunk, Document

READERS: dict[str, str] = {
    ".md": "dialogue.knowledge.readers.markdown:read",
    ".markdown": "dialogue.knowledge.readers.markdown:read",
    ".txt": "dialogue.knowledge.readers.markdown:read",
    ".csv": "dialogue.knowledge.readers.tables:read_csv",
    ".xlsx": "dialogue.knowledge.readers.tables:read_xlsx",
    ".html": "dialogue.knowledge.readers.html:read",
    ".htm": "dialogue.knowledge.readers.html:read",
    ".pdf": "dialogue.knowledge.readers.pdf:read",
}
"""Suffix to reader."""

FORMAT = 1
"""Raised when readers or chunks change what they make, so that everything is read again."""


class Content(NamedTuple):
    """What a reader makes."""

    title: str
    """Empty: the file's name is its title."""
    chunks: tuple[Chunk, ...]


Reader = Callable[[bytes], Content]


def content_hash(data: bytes) -> str:
    """Changes when the document must be read again."""
    return hashlib.sha256(b"%d\0" % FORMAT + data).hexdigest()


def read(root: str, uri: str, suffix: str, data: bytes) -> Document:
    """The document at ``uri`` of ``root``. Raises ``BadDocument``."""
    if suffix not in READERS:
        raise BadDocument(f"{suffix or 'no suffix'} is no format that can be read", f"use {formats()}")
    module, _, name = READERS[suffix].partition(":")
    reader: Reader = getattr(import_module(module), name)
    title, chunks = reader(data)
    if not chunks:
        raise BadDocument("there is no text in it", "remove it, or give it text (a scanned page has none: use OCR)")
    return Document(root, uri, title or PurePosixPath(uri).name, content_hash(data), chunks)


def formats(suffixes: Iterable[str] = READERS) -> str:
    """For messages."""
    return ", ".join(suffixes)


def decoded(data: bytes) -> str:
    """Text of UTF-8 (with or without a mark), or of GB 18030 as Excel writes CSV in China. Raises ``BadDocument``."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadDocument("its characters are neither UTF-8 nor GB 18030", "save it as UTF-8")
