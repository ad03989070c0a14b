"""What the shop tells everybody: entries with a source, and finding the right one.

``Knowledge`` is what a skill needs; ``index.KnowledgeIndex`` provides it. An entry is a question with its answer
(``entries/*.yaml``, or a row that the shop ingested) or a passage of a document of the shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from nlu.types import Language

Kind = Literal["query", "passage"]
"""How a text is embedded: as a question, or as a text that answers questions."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One question that customers ask, with its answer; or a passage under its heading."""

    entry_id: str
    questions_zh: tuple[str, ...]
    """The first one is its title. Of a passage: its heading."""
    questions_en: tuple[str, ...]
    answer_zh: str
    answer_en: str
    """Either may be empty in what a shop ingested, never both."""
    source: str
    """Where the answer comes from, e.g. a section of the shop's terms."""
    is_passage: bool = False
    """The answer is compared, not the questions; it is quoted, for nobody wrote it as an answer."""
    valid_from: date | None = None
    """First day on which it holds, shop time."""
    valid_until: date | None = None
    """Last day on which it holds."""

    def questions(self, language: Language) -> tuple[str, ...]:
        """Paraphrases in ``language``."""
        return self.questions_zh if language == "zh" else self.questions_en

    def title(self, language: Language) -> str:
        """How the entry is offered to the customer; in the other language where it has no other."""
        return (self.questions(language) or self.questions_zh or self.questions_en)[0]

    def answer(self, language: Language) -> str:
        """The answer in ``language``, or in the only one it has."""
        answers = (self.answer_zh, self.answer_en) if language == "zh" else (self.answer_en, self.answer_zh)
        return answers[0] or answers[1]

    def compared(self) -> tuple[tuple[Kind, str], ...]:
        """The texts that a question is compared with."""
        if self.is_passage:
            heading = self.title("zh" if self.answer_zh else "en")
            return (("passage", f"{heading}\n{self.answer_zh or self.answer_en}"),)
        return tuple(("query", text) for text in (*self.questions_zh, *self.questions_en))

    def holds(self, on: date) -> bool:
        """Whether it may be told on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on <= self.valid_until
        )


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
