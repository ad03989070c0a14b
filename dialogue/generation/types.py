"""What flows in and out of generation: messages and tools in; pieces of text and tool calls out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

Message = Mapping[str, Any]
"""``role`` (system, user, assistant, tool) and ``content``; the others as the OpenAI chat protocol has them."""
Mode = Literal["smalltalk", "rephrase", "answer"]
"""Each does what the one before does: chat; say a skill's reply in other words; answer what no skill serves."""
Observe = Callable[[str, str], None]
"""Told what was generated (smalltalk, rephrase, answer) and what became of it: ``said``, or the reason against it."""


def unobserved(purpose: str, outcome: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How and what a language model writes."""

    chinese: bool = False
    """True when the configured model writes Chinese."""
    deadline_s: float = 6.0
    """For a whole reply; an answer with tool calls has ``answer_deadline_s``."""
    max_tokens: int = 60
    mode: Mode = "smalltalk"
    first_sentence_s: float = 2.5
    """A skill's reply is said as it is when its rewriting has not begun by then."""
    answer_deadline_s: float = 10.0
    answer_tokens: int = 300
    tool_calls: int = 4
    """READs that one answer may make."""
    observe: Observe = unobserved

    def writes(self, language: str) -> bool:
        """Whether the model may write this language."""
        return language == "en" or self.chinese


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of its arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants to know."""

    call_id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: to be validated."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a model."""

    messages: Sequence[Message]
    deadline_s: float
    max_tokens: int
    tools: Sequence[ToolSpec] = field(default=())


class Generator(Protocol):
    """A language model that streams text."""

    def stream(self, messages: Sequence[Message], deadline_s: float, max_tokens: int) -> AsyncIterator[str]:
        """Pieces of text as they are written. Raises ``GenerationFailed``; closing it stops the model."""
        ...


@runtime_checkable
class ToolCaller(Protocol):
    """A language model that may ask for tools."""

    def converse(self, asked: Asked) -> AsyncIterator[str | ToolCall]:
        """Pieces of text as they are written; tool calls once they are whole. Raises ``GenerationFailed``."""
        ...
