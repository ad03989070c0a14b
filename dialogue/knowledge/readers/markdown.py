"""Markdown (CommonMark with tables, by markdown-it-py) and plain text.

YAML front matter may give ``title``, ``language``, ``valid_from`` and ``valid_until``. The headings above a passage are
its place. A heading that ends in a question mark, or starts with ``Q:`` or ``问：``, is a question and what stands
under it its answer; more such headings in a row are paraphrases of one question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from dialogue.knowledge.chunks import MOST_CHARS, Section, chunked
from dialogue.knowledge.documents import BadDocument, Chunk, Validity, language_of
from dialogue.knowledge.readers import Content, decoded
from dialogue.knowledge.readers.fields import language, validity
from nlu.types import Language

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_QUESTION = re.compile(r"(?:Q|问|问题)\s*[:：.]\s*(.+)|(.+[?？])", re.IGNORECASE)
_KNOWN = ("title", "language", "valid_from", "valid_until")
_ANSWER = re.compile(r"\A(?:A|答|回答)\s*[:：.]\s*", re.IGNORECASE)


def read(data: bytes) -> Content:
    """Sections by heading. Raises ``BadDocument``."""
    text = decoded(data)
    front = _FRONT.match(text)
    facts = _front_matter(front[1]) if front else {}
    valid = validity(facts.get("valid_from"), facts.get("valid_until"), "front matter")
    spoken = language(facts.get("language"), "front matter")
    blocks = tuple(
        _blocks(SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text[front.end() :] if front else text)))
    )
    first = next((block.text for block in blocks if block.level == 1), "")
    return Content(str(facts.get("title") or first), tuple(sections_to_chunks(blocks, valid, spoken)))


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, or a piece of text; empty text ends the answer of a question."""

    text: str
    level: int = 0
    """1 to 6 for a heading, 0 for text."""


@dataclass(slots=True)
class _Reading:
    """What has been read since the last heading."""

    path: list[Block] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def sections_to_chunks(blocks: tuple[Block, ...], valid: Validity, spoken: Language | None) -> Iterator[Chunk]:
    """Questions with their answers, and passages under their headings."""
    now = _Reading()
    for block in blocks:
        if block.text and not block.level:
            now.texts.append(block.text)
            continue
        if now.texts:
            yield from _closed(now, valid, spoken)
            now.questions, now.texts = [], []
        if not block.text:
            continue
        asked = _QUESTION.fullmatch(block.text)
        if asked and block.level > 1:
            now.questions.append((asked[1] or asked[2]).strip())
        else:
            now.questions = []
            now.path = [*(above for above in now.path if above.level < block.level), block]
    yield from _closed(now, valid, spoken)


def _closed(now: _Reading, valid: Validity, spoken: Language | None) -> Iterator[Chunk]:
    text = "\n\n".join(now.texts).strip()
    # The title is told with the document; it need not stand in every place.
    place = " › ".join(above.text for above in now.path if above.level > 1)
    if now.questions and text:
        answer = _ANSWER.sub("", text)
        if len(answer) <= 2 * MOST_CHARS:
            yield Chunk(answer, place, spoken or language_of(now.questions[0]), tuple(now.questions), valid)
            return
        place = " › ".join(filter(None, (place, now.questions[0])))
    yield from chunked((Section(place, text),), valid, spoken)


def _front_matter(text: str) -> dict[str, Any]:
    try:
        facts = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 2
        raise BadDocument("the front matter is not YAML", "write 'name: value' on each line", f"line {line}") from error
    if not isinstance(facts, dict):
        raise BadDocument(
            "the front matter is no list of names and values", "write 'name: value' on each line", "line 2"
        )
    return {name: facts[name] for name in _KNOWN if name in facts}


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    for child in node.children:
        match child.type:
            case "heading":
                text = _inline(child)
                if text:
                    yield Block(text, int(child.tag[1]))
            case "bullet_list" | "ordered_list" | "blockquote":
                yield Block(_nested(child))
            case "table":
                yield from (Block(text) for text in _rows(child))
            case "fence" | "code_block":
                yield Block(child.content.strip())
            case "html_block" | "hr":
                continue
            case _:
                text = _inline(child)
                if text:
                    yield Block(text)


def _nested(node: SyntaxTreeNode) -> str:
    if node.type in {"paragraph", "heading"}:
        return _inline(node)
    mark = "- " if node.type == "list_item" else ""
    return mark + "\n".join(filter(None, (_nested(child) for child in node.children)))


def _rows(table: SyntaxTreeNode) -> Iterator[str]:
    """Each row with the names of its columns, for a row is found without the head of its table."""
    rows = [[_inline(cell) for cell in row.children] for part in table.children for row in part.children]
    head = rows[0] if rows else []
    for row in rows[1:]:
        yield "；".join(f"{name}：{cell}" if name else cell for name, cell in zip(head, row, strict=False) if cell)


def _inline(node: SyntaxTreeNode) -> str:
    parts = []
    for inner in node.walk():
        match inner.type:
            case "text" | "code_inline":
                parts.append(inner.content)
            case "softbreak" | "hardbreak":
                parts.append("\n")
    return "".join(parts).strip()
