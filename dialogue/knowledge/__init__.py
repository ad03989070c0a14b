"""What the shop tells everybody: entries with a source, and finding the right one.

``Knowledge`` is what a skill needs; ``index.KnowledgeIndex`` provides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nlu.types import Language


@dataclass(frozen=True, slots=True)
class Entry:
    """One question that customers ask, with its answer."""

    entry_id: str
    questions_zh: tuple[str, ...]
    """The first one is its title."""
    questions_en: tuple[str, ...]
    answer_zh: str
    answer_en: str
    source: str
    """Where the answer comes from, e.g. a section of the shop's terms."""

    def questions(self, language: Language) -> tuple[str, ...]:
        """Paraphrases in ``language``."""
        return self.questions_zh if language == "zh" else self.questions_en

    def title(self, language: Language) -> str:
        """How the entry is offered to the customer."""
        return self.questions(language)[0]

    def answer(self, language: Language) -> str:
        """The answer in ``language``."""
        return self.answer_zh if language == "zh" else self.answer_en


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found."""

    entry: Entry
    score: float
    """0..1; comparable within one search."""
    confident: bool
    """Whether it may be given as the answer."""


class Knowledge(Protocol):
    """A searchable knowledge base."""

    async def search(self, text: str, language: Language, k: int = 3) -> Sequence[Hit]:
        """The best ``k`` entries for ``text``, best first. Raises ``KnowledgeUnavailable`` when it cannot look."""
        ...
