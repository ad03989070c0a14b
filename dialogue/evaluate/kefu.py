"""Kefu as it serves, for a scripted customer: a shop in, conversations out, in one process and without a gateway.

Understanding, responder, store, outbox and ledger are the served ones, on SQLite in a folder of the run's own. What the
gateway adds (channels, deadlines, retries) is not here: a WRITE is written down, performed and settled in its turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.actions import perform
from dialogue.backend import Backend
from dialogue.database import migrate, open_database
from dialogue.evaluate.models import LocalModels
from dialogue.evaluate.play import Answer, Open, Task
from dialogue.evaluate.play import Kefu as KefuConversation
from dialogue.knowledge.index import EmbeddingClient, KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop.clock import Clock, wall_clock
from dialogue.shop.protocol import Shop
from dialogue.state import DialogueState, fold
from dialogue.store import ConversationStore
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
from inference_server.client import InferenceClient
from nlu.classifiers.triton import TritonClassifier
from nlu.slots import ProductLexicon, SlotConfig
from nlu.types import Expectation
from nlu.understand import Understanding

_DEADLINE_S = 60.0
"""Of one question to the classifier: an evaluation waits for a busy machine."""


class _Models(EmbeddingClient, Protocol):
    """Answers for ``embed``, ``intent`` and ``sentiment``."""


@asynccontextmanager
async def kefu(folder: Path, triton: str | None = None, clock: Clock = wall_clock) -> AsyncIterator[Open]:
    """Opens conversations with shops, kept in ``folder``. ``triton``: its models instead of a process of our own.

    Raises ``EncoderError`` where neither can be had.
    """
    client: InferenceClient | LocalModels = InferenceClient(triton) if triton else LocalModels()
    engine = open_database(f"sqlite+aiosqlite:///{folder / 'conversations.db'}")
    try:
        await migrate(engine)
        yield await _opening(cast(_Models, client), engine, clock)
    finally:
        await engine.dispose()
        await client.close()


async def _opening(client: _Models, engine: AsyncEngine, clock: Clock) -> Open:
    classifier = TritonClassifier(client, _DEADLINE_S)
    knowledge = await KnowledgeIndex.open(client)
    store = ConversationStore(engine, clock)

    async def begin(shop: Backend, task: Task, modality: Modality) -> KefuConversation:
        names = await cast(Shop, shop).catalogue()
        here, slots = _clock(task, clock), SlotConfig(catalogue=ProductLexicon(names))
        if task.order_numbers is not None:
            slots = replace(slots, order_number_pattern=task.order_numbers, order_number_luhn=False)
        understanding = Understanding(classifier, slots=slots, clock=lambda: here().date())
        responder = Responder(shop, knowledge, clock=here)
        responder.know(frozenset(name for _, of_product in names for name in of_product))
        state = DialogueState.new(task.task_id, task.customer_id, task.language)
        await store.forget(task.task_id)
        await store.open(task.task_id, task.customer_id, "evaluate", task.language)
        return Conversation(understanding, responder, shop, store, state, modality)

    return begin


def _clock(task: Task, clock: Clock) -> Clock:
    """The world's own where it has one."""
    now = task.now
    return clock if now is None else lambda: now


class Conversation:
    """See ``play.Kefu``. Every event is stored at once: a WRITE is owed before the shop hears of it."""

    def __init__(
        self,
        understanding: Understanding,
        responder: Responder,
        shop: Backend,
        store: ConversationStore,
        state: DialogueState,
        modality: Modality,
    ) -> None:
        """``state`` as ``DialogueState.new`` made it; its conversation is open in ``store``."""
        self.state = state
        self._understanding = understanding
        self._responder = responder
        self._shop = shop
        self._store = store
        self._modality = modality
        self._writes: list[str] = []

    async def greet(self) -> Answer:
        """The first words."""
        return Answer((self._responder.greeting(self.state).text,), self.state.expectation)

    async def answer(self, words: str, alternatives: Sequence[str] = ()) -> Answer:
        """One turn."""
        self._writes = []
        parse = await self._understanding.understand(words, self.state.expectation, alternatives=alternatives)
        turn = Turn(self.state.turn_count + 1, parse.text, parse, self._modality, "evaluate")
        await self._apply(CustomerSaid(turn))
        replies = []
        async for item in self._responder.respond(self.state, turn, self):
            if isinstance(item, Reply):
                replies.append(item.text)
                await self._apply(Said(item.turn_id, item.text, complete=True))
            else:
                await self._apply(item)
        expectation: Expectation = self.state.expectation
        return Answer(tuple(replies), expectation, self.state.handed_off, tuple(self._writes), parse.intent)

    async def run(self, action: Action) -> ActionResult:
        """See ``dialogue.types.ActionRunner``."""
        await self._apply(ActionStarted(action))
        result = await perform(self._shop, action)
        await self._apply(ActionFinished(action, result))
        self._writes.append(f"{action.name} {'done' if result.ok else result.rule} {dict(action.arguments)}")
        return result

    async def close(self) -> None:
        """Nothing is held."""

    async def _apply(self, event: DialogueEvent) -> None:
        self.state = fold(self.state, event)
        await self._store.append(self.state.conversation_id, [event])
