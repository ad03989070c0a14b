"""What speaks for a reading of a message, gathered for the ``Parse``: shown by ``--explain``, stored with the turn.

    nearest  training utterances nearest to the text, from the embedding that the served head used
    words    words of the text that a keyword rule for the intent matched
    slot     the rule that read each slot
    mood     the words that make the conversation tense

Pure and short: the intent model gives the neighbours with its answer, so that no further call is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from nlu.classifiers.keyword import Match
from nlu.slots import SlotReading
from nlu.types import Evidence, ScoredLabel, Signal

NEAREST = 3
_WORDS = 3
_SLOTS = 8
_MAX_CHARS = 80


def gather(
    labels: Iterable[ScoredLabel],
    matches: Iterable[Match],
    readings: Sequence[SlotReading],
    signals: Iterable[Signal],
) -> tuple[Evidence, ...]:
    """All evidence, by kind, the strongest of each first."""
    nearest = sorted((found for label in labels for found in label.evidence), key=lambda found: -found.score)
    words = sorted(matches, key=lambda match: -match.weight)
    return (
        *nearest[:NEAREST],
        *(Evidence("words", match.intent, match.words[:_MAX_CHARS], match.weight) for match in words[:_WORDS]),
        *(Evidence("slot", read.slot.name, read.rule, read.slot.confidence) for read in readings[:_SLOTS]),
        *(Evidence("mood", signal.kind, signal.words) for signal in signals),
    )


def without_evidence(labels: Iterable[ScoredLabel]) -> tuple[ScoredLabel, ...]:
    """``labels`` alone; their evidence lies in the ``Parse``."""
    return tuple(replace(label, evidence=()) if label.evidence else label for label in labels)
