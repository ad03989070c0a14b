"""PDF with text in it, by pypdf: passages by page. A scanned page holds none and needs OCR first."""

from __future__ import annotations

import logging
import re
import unicodedata
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from dialogue.knowledge.chunks import Section, chunked
from dialogue.knowledge.documents import BadDocument, Validity
from dialogue.knowledge.readers import Content

_WRAPPED = re.compile(r"(?<=[一-鿿，、])\n(?=[一-鿿])")
"""A line break inside a Chinese sentence, which is no space."""
_RADICALS = re.compile(r"[\u2f00-\u2fdf\uf900-\ufaff]")
"""What many fonts give back for 十 or 月: characters that look alike and match nothing."""
_HYPHENATED = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_WRAPPED_WORDS = re.compile(r"(?<=[A-Za-z,;])\n(?=[a-z])")


def read(data: bytes) -> Content:
    """Sections by page. Raises ``BadDocument``."""
    # pypdf logs what it repairs; the document is read all the same.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadDocument("it is protected with a password", "save a copy without one")
        sections = [
            Section(f"第{number}页", _unwrapped(page.extract_text())) for number, page in enumerate(reader.pages, 1)
        ]
        title = (reader.metadata.title if reader.metadata else None) or ""
    except (PyPdfError, ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise BadDocument(f"it is no PDF that can be read ({type(error).__name__})", "print it to PDF again") from error
    return Content(title.strip(), tuple(chunked(sections, Validity(), None)))


def _unwrapped(text: str) -> str:
    text = _RADICALS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _WRAPPED_WORDS.sub(" ", _HYPHENATED.sub("", _WRAPPED.sub("", text)))
