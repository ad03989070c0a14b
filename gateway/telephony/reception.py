"""What is different about the dialogue on a telephone: it ends calls, and a person means that the call is put through.

    inner responder ---replies---> Reception ---> HAND_OFF, or anything once a person has been called: TRANSFER
                                              ---> after a goodbye with nothing left to do:           HANG_UP

It stands in a conversation's core in place of the responder it wraps, for one call.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from dialogue.policy import Choice
from dialogue.respond import Responder
from dialogue.skills.context import Item
from dialogue.state import DialogueState, fold
from dialogue.types import ActionRunner, DialogueEvent, Reply, ReplyAction, TaskEnded, TaskStarted, Turn

_FAREWELLS = frozenset({"goodbye"})


class Reception:
    """Shares its interface with ``Responder``; holds nothing of a conversation. Cancelling ``respond`` is safe."""

    def __init__(self, inner: Responder, *, transfers: bool) -> None:
        """``transfers``: whether there is somebody the call can be put through to."""
        self.inner = inner
        self._transfers = transfers
        self._was_unreached = False

    def nobody_reached(self) -> tuple[DialogueEvent, ...]:
        """A transfer failed: none is tried again, and the next greeting says so. Events that give the caller back."""
        self._transfers = False
        self._was_unreached = True
        return (TaskStarted("handoff", "handoff"), TaskEnded("failed"))

    def greeting(self, state: DialogueState, turn_id: int = 0) -> Reply:
        """See ``Responder``."""
        if self._was_unreached:
            self._was_unreached = False
            return self.inner.apology("call_control", state, turn_id)
        return self.inner.greeting(state, turn_id)

    def apology(self, code: str, state: DialogueState, turn_id: int = 0) -> Reply:
        """See ``Responder``."""
        return self.inner.apology(code, state, turn_id)

    def listening(self, state: DialogueState, turn_id: int = 0) -> Reply:
        """See ``Responder``."""
        return self.inner.listening(state, turn_id)

    def no_input(
        self,
        state: DialogueState,
        turn_id: int,
        attempt: int,
        *,
        can_type: bool = True,
        has_keypad: bool = False,
    ) -> Reply:
        """See ``Responder``; on a telephone there are keys and nothing to type on."""
        return self.inner.no_input(state, turn_id, attempt, can_type=False, has_keypad=True)

    def chosen(self, state: DialogueState, turn: Turn) -> Choice:
        """See ``Responder``."""
        return self.inner.chosen(state, turn)

    async def respond(self, state: DialogueState, turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        """See ``Responder``."""
        async with aclosing(self.inner.respond(state, turn, actions)) as items:
            async for item in items:
                if isinstance(item, Reply):
                    yield self._on_the_phone(item, state, turn)
                else:
                    state = fold(state, item)
                    yield item

    def _on_the_phone(self, reply: Reply, state: DialogueState, turn: Turn) -> Reply:
        called = state.handed_off or reply.action is ReplyAction.HAND_OFF
        if called and self._transfers:
            return replace(reply, action=ReplyAction.TRANSFER)
        is_over = reply.is_last and state.task is None and not state.handed_off
        if is_over and turn.parse.intent in _FAREWELLS and reply.action is ReplyAction.SAY:
            return replace(reply, action=ReplyAction.HANG_UP)
        return reply
