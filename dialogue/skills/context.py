"""What a skill is given and what it must be: ``Context`` and the ``Skill`` protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from dialogue.backend import Backend
from dialogue.functions import NO_FUNCTIONS, ClientFunction, Functions
from dialogue.generation.types import GenerationOptions, Generator
from dialogue.knowledge import Knowledge
from dialogue.shop.protocol import Shop
from dialogue.state import DialogueState, Task, task_key
from dialogue.types import (
    ActionRunner,
    Card,
    DialogueEvent,
    Reply,
    ReplyAction,
    TaskStarted,
    TaskUpdated,
    Turn,
)
from dialogue.wording import Wording
from nlu.types import Language

Item = Reply | DialogueEvent


@dataclass(frozen=True, slots=True)
class Context:
    """One run of a skill: the state as it is when the run begins, the turn, and what the skill may use."""

    state: DialogueState
    turn: Turn
    backend: Backend
    knowledge: Knowledge
    generator: Generator | None
    options: GenerationOptions
    actions: ActionRunner
    now: datetime
    wording: Wording
    services: tuple[str, ...] = ()
    """Intents that end in a WRITE here: what a language model may propose to begin."""
    catalogue: Collection[str] = ()
    """Names of the shop's products, for the check of what a language model says."""
    functions: Functions = NO_FUNCTIONS
    """What the client of this turn runs for us."""
    serving: Mapping[str, ClientFunction] = field(default_factory=dict)
    """Intent to the one of ``functions`` that is called for it."""
    resumed: bool = False
    """The words of this turn were for another skill: only ask the pending question again."""

    @property
    def shop(self) -> Shop:
        """The back end, for the skills of a shop."""
        return cast(Shop, self.backend)

    @property
    def language(self) -> Language:
        """The language of the conversation."""
        return self.wording.language

    @property
    def text(self) -> str:
        """The customer's words, normalised."""
        return self.turn.parse.normalized or self.turn.parse.text

    def task_of(self, skill: str) -> Task | None:
        """The running task when it is this skill's."""
        task = self.state.task
        return task if task is not None and task.skill == skill else None

    def draft(self, skill: str) -> dict[str, Any]:
        """A copy of the slots of this skill's running task, empty when it has none."""
        task = self.task_of(skill)
        return {name: value for name, value in task.slots.items() if value is not None} if task else {}

    def task_id(self, skill: str) -> str:
        """Id of this skill's running task, or of the one that ``open_task`` would start in this turn."""
        task = self.task_of(skill)
        return task.task_id if task else f"{self.turn.turn_id}-{skill}"

    def key(self, skill: str) -> str:
        """The idempotency key of the task's WRITE."""
        return task_key(self.state.conversation_id, self.task_id(skill))

    def open_task(self, skill: str, slots: Mapping[str, Any], step: str | None = None) -> tuple[DialogueEvent, ...]:
        """Events that start this skill's task, or update it when it runs. At most once per run."""
        task = self.task_of(skill)
        if task is not None:
            gone = {name: None for name in task.slots if name not in slots}
            return (TaskUpdated({**slots, **gone}, step),)
        return (TaskStarted(skill, self.task_id(skill), dict(slots)), TaskUpdated({}, step))

    def say(self, key: str, **fields: Any) -> str:
        """A template of the conversation's language, filled in."""
        return self.wording.say(key, self.turn.turn_id, **fields)

    def reply(
        self,
        *parts: str,
        cards: tuple[Card, ...] = (),
        suggestions: tuple[str, ...] = (),
        sources: tuple[str, ...] = (),
        action: ReplyAction = ReplyAction.SAY,
        more: bool = False,
        generated: bool = False,
    ) -> Reply:
        """A reply of this turn made of sentences; ``more``: another one follows."""
        return Reply(
            turn_id=self.turn.turn_id,
            text=self.wording.join(*parts),
            language=self.language,
            cards=cards,
            suggestions=suggestions,
            is_last=not more,
            action=action,
            sources=sources,
            generated=generated,
        )

    def menu(self, name: str) -> tuple[str, ...]:
        """Button texts of a menu of the domain."""
        return self.wording.menu(name)

    def suggest(self, *names: str) -> tuple[str, ...]:
        """Button texts by their key under ``suggest``."""
        return tuple(self.say(f"suggest.{name}") for name in names)


class Skill(Protocol):
    """Does one kind of thing for the customer. Holds no state of its own; cancelling a run is always safe."""

    name: str
    """Its key in ``SKILLS``."""
    intents: tuple[str, ...]
    """Intents it serves."""
    writes: bool
    """Whether it may end in a WRITE on the shop."""

    def run(self, context: Context) -> AsyncIterator[Item]:
        """Events first, then the replies that tell of them; the final reply has ``is_last``.

        Raises ``ShopUnavailable``, ``KnowledgeUnavailable``, ``GenerationFailed``; the responder apologises.
        """
        ...
