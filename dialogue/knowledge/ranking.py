"""Candidates in, hits out: how well each answers, and whether well enough to be told. Pure.

The score is a weighted sum of centred cosine and shared words. An entry is told when its score is high by itself, or
fair and well ahead of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.knowledge import Hit
from dialogue.knowledge.engine import Candidate
from dialogue.knowledge.lexical import Grams, Lexicon, grams


@dataclass(frozen=True, slots=True)
class Bar:
    """What a score must reach to be an answer. Set on one half of tests/dialogue/knowledge/questions.yaml, where a
    wrong answer cost as much as three right ones gained."""

    sure: float
    """From here whatever comes second."""
    likely: float
    """From here when it leads the second by ``margin``."""
    margin: float


WITH_MODEL = Bar(sure=0.56, likely=0.5, margin=0.06)
PASSAGE = Bar(sure=0.54, likely=0.34, margin=0.08)
"""A question is never as near to a passage as to another question."""
WORDS_ALONE = Bar(sure=0.86, likely=0.28, margin=0.1)
WORDS_SHARE = 0.15
PHRASE = 0.1
PHRASE_ALONE = 0.7
"""Of what is shared in words: the likeness to one paraphrase; the rest is how much of the question the entry covers."""


def ranked(
    asked: Grams, candidates: Sequence[Candidate], lexicon: Lexicon, *, by_meaning: bool, k: int
) -> tuple[Hit, ...]:
    """The best ``k``, best first; equal ones in the order of their ids."""
    scored = sorted(
        ((-_score(asked, found, lexicon, by_meaning=by_meaning), found.entry.entry_id, found) for found in candidates),
        key=lambda each: each[:2],
    )
    lead = scored[1][0] - scored[0][0] if len(scored) > 1 else 1.0
    hits = []
    for rank, (negated, _, found) in enumerate(scored[:k]):
        score = -negated
        bar = (PASSAGE if found.entry.is_passage else WITH_MODEL) if by_meaning else WORDS_ALONE
        sure = score >= bar.sure or (rank == 0 and score >= bar.likely and lead >= bar.margin)
        hits.append(Hit(found.entry, score, sure))
    return tuple(hits)


def _score(asked: Grams, found: Candidate, lexicon: Lexicon, *, by_meaning: bool) -> float:
    texts = [grams(text) for _, text in found.entry.compared()]
    if not by_meaning:
        return lexicon.score(asked, texts, PHRASE_ALONE)
    return (1 - WORDS_SHARE) * max(found.meaning, 0.0) + WORDS_SHARE * lexicon.score(asked, texts, PHRASE)
