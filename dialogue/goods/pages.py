"""The long parts of a product's page (``pages.yaml``): which one a question is about, and its sentences that answer it.
Pure.

    安装要收费吗     part installation, the sentences with 费用
    F001是什么故障   part fault, the attribute 故障F001
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from dialogue.shop.types import Product

_SENTENCE = re.compile(r"(?<=[。！？!?])|(?<=；)|\n")
MOST_PARTS = 2
"""Parts told in one answer."""
_PLAIN = set("的了吗呢吧啊是我你要会在有这那个什么怎么想问一下请需不可以能和与及")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a page that was asked about."""

    key: str
    names: tuple[str, ...]
    """Attributes that hold it, the best first."""


@cache
def _parts() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...], tuple[str, ...]], ...]:
    rows = yaml.safe_load((Path(__file__).parent / "pages.yaml").read_text("utf-8"))
    return tuple(
        (row["key"], re.compile(f"{row['asks']['zh']}|{row['asks']['en']}", re.IGNORECASE), tuple(row["names"]),
         tuple(row["topics"]))
        for row in rows
    )  # fmt: skip


def asked(text: str) -> tuple[Part, ...]:
    """The parts that the words ask about; a name with ``{}`` takes the words' own code (F001)."""
    parts = []
    for key, asks, names, _ in _parts():
        if found := asks.search(text):
            code = next((group.upper() for group in found.groups() if group), "")
            parts.append(Part(key, tuple(name.replace("{}", code) for name in names)))
    return tuple(parts[:MOST_PARTS])


def is_part(name: str) -> bool:
    """Whether the attribute ``name`` is a long part rather than a fact of a few words."""
    return any(
        name in names or any("{}" in one and name.startswith(one[:2]) for one in names) for _, _, names, _ in _parts()
    )


def excerpt(product: Product, part: Part, question: str, room: int) -> str | None:
    """What the page says to ``question``, whole sentences of at most ``room`` characters (one at least); None where it
    has no such part.
    """
    text = next((product.attributes[name] for name in part.names if product.attributes.get(name)), None)
    if text is None:
        return None
    sentences = [sentence.strip() for sentence in _SENTENCE.split(text) if sentence.strip()]
    wanted = _pieces(question)
    topics = [
        topic for key, _, _, topics in _parts() if key == part.key for topic in topics if re.search(topic, question)
    ]
    ranked = sorted(
        range(len(sentences)),
        key=lambda at: (-_fits(sentences[at], wanted, topics), at),
    )
    chosen: list[int] = []
    for at in ranked:
        if chosen and sum(len(sentences[one]) for one in chosen) + len(sentences[at]) > room:
            continue
        chosen.append(at)
    return "".join(_ended(sentences[at]) for at in sorted(chosen))


def _fits(sentence: str, wanted: set[str], topics: list[str]) -> float:
    return 5 * sum(bool(re.search(topic, sentence)) for topic in topics) + len(wanted & _pieces(sentence))


def _pieces(text: str) -> set[str]:
    runs = re.findall(r"[一-鿿]+|[a-z0-9]+", text.lower())
    found: set[str] = set()
    for run in runs:
        found |= {run[at : at + 2] for at in range(len(run) - 1) if not set(run[at : at + 2]) & _PLAIN} or set()
    return found


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in "。！？!?；" else sentence + "。"
