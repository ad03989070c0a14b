"""Facts in words, for a model to use and for the guard to check against. Cards and chunks in, ``Fact`` out; pure.

What strangers wrote (reviews) is a fact that they said so, no more; what speaks to the model is taken out of all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dialogue.generation.guard import Fact
from dialogue.generation.topics import without_instructions
from dialogue.knowledge import Hit
from dialogue.types import Card
from nlu.types import Language

_AS_MONEY = frozenset({"price", "total", "unit_price", "amount"})
_DATES = frozenset({"created_at", "shipped_at", "eta", "delivered_at", "at"})
_UNSAID = frozenset({"sku", "status", "in_stock", "kind", "summary", "reason"})


def card_facts(cards: Iterable[Card]) -> tuple[Fact, ...]:
    """A line for each card that holds facts."""
    shown = [card for card in cards if card.kind in {"order", "shipment", "product", "return"}]
    return tuple(Fact("; ".join(_lines(card.data)), f"card:{card.kind}") for card in shown)


def hit_facts(hits: Sequence[Hit], language: Language) -> tuple[Fact, ...]:
    """What the knowledge base holds, without the sentences in it that are meant for a model."""
    found = []
    for hit in hits:
        answer = without_instructions(hit.entry.answer(language))
        if answer:
            source = hit.entry.entry_id if hit.entry.entry_id.startswith("doc:") else f"faq:{hit.entry.entry_id}"
            found.append(Fact(f"{hit.entry.title(language)}: {answer}", source, cited=hit.entry.source))
    return tuple(found)


def quoted(text: str, source: str) -> Fact:
    """What somebody else wrote: nothing of ours follows from it."""
    return Fact(without_instructions(text), source, trusted=False)


def _lines(data: object, name: str = "") -> list[str]:
    if isinstance(data, dict):
        return [line for key, value in data.items() if key not in _UNSAID for line in _lines(value, str(key))]
    if isinstance(data, list):
        return [" ".join(_lines(item)) for item in data]
    if data is None or data == "":
        return []
    label = name.replace("_", " ")
    if name in _AS_MONEY:
        return [f"{label} {str(data).removesuffix('.00')} yuan"]
    if name in _DATES:
        return [f"{label} {str(data)[:16].replace('T', ' ')}"]
    return [without_instructions(f"{label}: {data}")]
