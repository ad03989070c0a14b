"""The conversations in memory: opened from the store, never two with one id, the least recently used forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from weakref import WeakValueDictionary

from dialogue.state import DialogueState
from dialogue.store import PendingAction, Position
from dialogue.types import (
    CustomerIdentified,
)
from gateway.conversation import Conversation
from gateway.core import Core
from gateway.errors import Forbidden
from nlu.types import Language


class Conversations:
    """The conversations that are in memory; others are folded again from the store. Least recently used go first.

    There is never a second one with the same id: one that somebody still holds is found again, and one whose events
    wait for the store stays.
    """

    def __init__(self, core: Core, keep: int = 2000) -> None:
        """``keep``: how many stay in memory."""
        self.core = core
        self._keep = keep
        self._open: OrderedDict[str, Conversation] = OrderedDict()
        self._held: WeakValueDictionary[str, Conversation] = WeakValueDictionary()

    async def get(
        self,
        conversation_id: str,
        *,
        customer_id: str | None,
        channel: str,
        language: Language = "zh",
        core: Core | None = None,
    ) -> Conversation:
        """The conversation with this id, opened when it is not in memory. Raises ``StoreUnavailable``.

        A customer who signs in during an anonymous conversation is known from then on. Raises ``Forbidden`` when the
        conversation is another customer's. ``core``: what a conversation that is not in memory is given in place of
        the usual one.
        """
        found = self._held.get(conversation_id)
        if found is not None:
            await found.catch_up()
        else:
            found = await self._load(conversation_id, customer_id, channel, language, core or self.core)
            # Two doors may have opened it at once; the first to finish wins.
            found = self._held.setdefault(conversation_id, found)
        self._open[conversation_id] = found
        self._open.move_to_end(conversation_id)
        self._forget_oldest()
        if customer_id is not None and found.state.customer_id not in {None, customer_id}:
            raise Forbidden("this conversation belongs to another customer; begin a new one", code="wrong_customer")
        if customer_id is not None and found.state.customer_id is None:
            await found.apply(CustomerIdentified(customer_id, "token"))
        return found

    def _forget_oldest(self) -> None:
        for conversation_id in list(islice(self._open, max(0, len(self._open) - self._keep))):
            if self._open[conversation_id].is_stored:
                del self._open[conversation_id]
            else:
                self._open.move_to_end(conversation_id)

    async def _load(
        self, conversation_id: str, customer_id: str | None, channel: str, language: Language, core: Core
    ) -> Conversation:
        await self.core.store.open(conversation_id, customer_id, channel, language)
        stored = await self.core.store.read_on(conversation_id, Position())
        return Conversation(
            core, DialogueState.new(conversation_id, customer_id=customer_id, language=language), stored
        )

    async def recover(self, began_before: datetime | None = None) -> int:
        """Finish WRITEs that a crash cut off, each under its own key; returns how many.

        ``began_before`` leaves out later ones, which another worker may be about to finish itself.
        """
        pending = [
            waiting
            for waiting in await self.core.store.pending_actions()
            if began_before is None or waiting.started_at < began_before
        ]
        return await self._start(pending)

    async def retry_due(self) -> int:
        """Try WRITEs again that the shop did not answer, or whose worker is gone; returns how many were due."""
        return await self._start(await self.core.store.claim_due_actions())

    async def _start(self, waiting: Sequence[PendingAction]) -> int:
        for owed in waiting:
            conversation = await self.get(owed.conversation_id, customer_id=None, channel="recovery")
            conversation.writes.start(owed.action)
        return len(waiting)
