"""HTML, by selectolax (Lexbor): what a visitor reads, without navigation, scripts and forms; headings are its places.

``<html lang>`` is the language. Questions are found as in Markdown, and in ``<details>`` and ``<dl>`` too.
"""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from dialogue.knowledge.documents import Validity
from dialogue.knowledge.readers import Content, decoded
from dialogue.knowledge.readers.markdown import Block, sections_to_chunks
from nlu.types import Language

_FURNITURE = (
    "script, style, noscript, template, nav, header, footer, aside, form, iframe, svg, button, [hidden],"
    " [aria-hidden=true]"
)
_MAIN = ("main", "article", "[role=main]", "body")
_BLOCKS = frozenset({"p", "li", "td", "th", "dd", "blockquote", "pre", "figcaption", "address"})
_INLINE = frozenset({"a", "b", "i", "em", "strong", "span", "code", "small", "u", "sub", "sup", "mark", "time"})
_QUESTIONS = frozenset({"summary", "dt"})


def read(data: bytes) -> Content:
    """The main part's text by heading. Raises ``BadDocument``."""
    tree = LexborHTMLParser(decoded(data))
    title = _text(tree.css_first("title"))
    spoken = _language(tree)
    for furniture in tree.css(_FURNITURE):
        # A page may put its only heading into a header of its article.
        if furniture.tag != "header" or not furniture.css_matches("article header, main header"):
            furniture.decompose()
    main = next((node for name in _MAIN if (node := tree.css_first(name)) is not None and _text(node)), None)
    blocks = tuple(_blocks(main)) if main is not None else ()
    first = next((block.text for block in blocks if block.level == 1), "")
    return Content(first or title, tuple(sections_to_chunks(blocks, Validity(), spoken)))


def _language(tree: LexborHTMLParser) -> Language | None:
    root = tree.css_first("html")
    name = ((root.attributes.get("lang") if root is not None else None) or "").lower()
    return "zh" if name.startswith("zh") else "en" if name.startswith("en") else None


def _blocks(node: LexborNode) -> Iterator[Block]:
    loose: list[str] = []
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag == "-text" or tag in _INLINE:
            loose.append(child.text(deep=True))
            continue
        if tag == "br":
            loose.append("\n")
            continue
        yield from _joined(loose)
        loose = []
        if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            if text := _text(child):
                yield Block(text, int(tag[1]))
        elif tag in _QUESTIONS:
            text = _text(child)
            if text:
                yield Block(text if text.endswith(("?", "？")) else f"问：{text}", 6)
        elif tag == "tr":
            cells = [_text(cell) for cell in child.iter() if cell.tag in {"td", "th"}]
            yield from _joined(["；".join(filter(None, cells))])
        elif tag in _BLOCKS and not any(inner.tag in _BLOCKS | {"ul", "ol", "table"} for inner in child.iter()):
            yield from _joined([child.text(deep=True)])
        else:
            yield from _blocks(child)
            if tag in {"details", "dl"}:
                yield Block("")
    yield from _joined(loose)


def _joined(parts: list[str]) -> Iterator[Block]:
    text = " ".join("".join(parts).split())
    if text:
        yield Block(text)


def _text(node: LexborNode | None) -> str:
    return " ".join(node.text(deep=True).split()) if node is not None else ""
