"""One text conversation in process, without a gateway: words in, replies out. For ``python -m dialogue`` and stories.

The gateway does the same with channels, a store and deadlines; here WRITEs run in the reply's own task.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from dialogue.actions import perform
from dialogue.backend import Backend
from dialogue.explain import explanation
from dialogue.respond import Responder
from dialogue.state import DialogueState, fold
from dialogue.types import (
    Action,
    ActionFinished,
    ActionResult,
    ActionStarted,
    CustomerSaid,
    DialogueEvent,
    Modality,
    Reply,
    Said,
    Turn,
)
from nlu.understand import Understanding


class Chat:
    """A conversation and its state. One turn at a time."""

    def __init__(
        self, understanding: Understanding, responder: Responder, backend: Backend, state: DialogueState
    ) -> None:
        """``state`` as ``DialogueState.new`` made it, or folded from an earlier conversation."""
        self.state = state
        self.events: list[DialogueEvent] = []
        """Everything that happened since."""
        self.turn: Turn | None = None
        """The last turn, with what was understood."""
        self.explanation: dict[str, Any] = {}
        """Why the last turn was answered as it was; see ``dialogue.explain``."""
        self._understanding = understanding
        self._responder = responder
        self._backend = backend

    def greet(self) -> Reply:
        """The first words."""
        return self._responder.greeting(self.state)

    async def say(
        self, text: str, modality: Modality = "text", alternatives: Sequence[str] = ()
    ) -> AsyncGenerator[Reply, None]:
        """The replies to ``text``; ``modality``: how they reach the customer; ``alternatives``: as heard otherwise."""
        parse = await self._understanding.understand(text, self.state.expectation, alternatives=alternatives)
        self.turn = Turn(self.state.turn_count + 1, parse.text, parse, modality, "chat")
        self._apply(CustomerSaid(self.turn))
        chosen = self._responder.chosen(self.state, self.turn)
        self.explanation = explanation(parse, self.state.tension, chosen)
        async with aclosing(self._responder.respond(self.state, self.turn, self)) as items:
            async for item in items:
                if isinstance(item, Reply):
                    yield item
                    self._apply(Said(item.turn_id, item.text, complete=True))
                else:
                    self._apply(item)

    async def run(self, action: Action) -> ActionResult:
        """See ``dialogue.types.ActionRunner``."""
        self._apply(ActionStarted(action))
        result = await perform(self._backend, action)
        self._apply(ActionFinished(action, result))
        return result

    def _apply(self, event: DialogueEvent) -> None:
        self.state = fold(self.state, event)
        self.events.append(event)
