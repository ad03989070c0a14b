"""Makes turns by hand, for tests that are about what follows from a parse, not about understanding."""

from __future__ import annotations

from dialogue.types import Turn
from nlu.types import Language, Parse, Polarity, Sentiment, Slot


def parse(
    text: str,
    intent: str = "out_of_scope",
    confidence: float = 0.9,
    *,
    language: Language = "zh",
    polarity: Polarity = "neutral",
    **slots: str,
) -> Parse:
    """A parse with these slots."""
    found = tuple(Slot(name, value, value, 0, len(value)) for name, value in slots.items())
    return Parse(text, text, language, intent, confidence, found, Sentiment(polarity, 0.9))


def turn(turn_id: int, understood: Parse) -> Turn:
    """A typed message."""
    return Turn(turn_id, understood.text, understood, "text", "test")
