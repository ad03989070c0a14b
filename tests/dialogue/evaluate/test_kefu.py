"""Kefu on its real path, with keywords for a classifier: what is stored, and how WRITEs are owed and settled."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import migrate, open_database
from dialogue.evaluate.kefu import Conversation
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.state import DialogueState
from dialogue.store import ConversationStore
from dialogue.types import Action, ActionFinished, ActionStarted, Said
from nlu.understand import Understanding
from tests.worlds.tau2_sample import records
from tests.worlds.tau2_shop import RetailShop

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CANCEL = {"order_number": "#W0000001", "reason": "no longer needed"}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = open_database(f"sqlite+aiosqlite:///{tmp_path / 'kept.db'}")
    await migrate(made)
    yield made
    await made.dispose()


async def conversation(engine: AsyncEngine, shop: RetailShop) -> tuple[Conversation, ConversationStore]:
    store = ConversationStore(engine)
    await store.open("t", "nora_bell_1", "evaluate", "en")
    responder = Responder(shop, await KnowledgeIndex.open(None), clock=lambda: NOW)
    state = DialogueState.new("t", "nora_bell_1", "en")
    return Conversation(Understanding(), responder, shop, store, state, "text"), store


async def test_a_turn_is_answered_and_stored(engine: AsyncEngine) -> None:
    kefu, store = await conversation(engine, RetailShop(records(), NOW))
    assert (await kefu.greet()).replies
    answer = await kefu.answer("hello")
    assert answer.replies
    assert answer.intent == "greet"
    said = [event for event in await store.load("t") if isinstance(event, Said)]
    assert tuple(event.text for event in said) == answer.replies


async def test_a_write_is_written_down_done_and_settled(engine: AsyncEngine) -> None:
    shop = RetailShop(records(), NOW)
    kefu, store = await conversation(engine, shop)
    result = await kefu.run(Action("cancel_order", CANCEL, "t:1"))
    assert result.ok
    assert shop.records.orders["#W0000001"]["status"] == "cancelled"
    kinds = [type(event) for event in await store.load("t")]
    assert kinds == [ActionStarted, ActionFinished]
    assert await store.pending_actions() == ()


async def test_a_refused_write_is_told_with_its_rule(engine: AsyncEngine) -> None:
    kefu, _ = await conversation(engine, RetailShop(records(), NOW))
    result = await kefu.run(Action("cancel_order", {**CANCEL, "order_number": "#W0000003"}, "t:1"))
    assert result.rule == "already_shipped"


@pytest.mark.models
async def test_local_models_answer_as_the_served_ones() -> None:
    from dialogue.evaluate.models import LocalModels

    models = LocalModels()
    try:
        text: Mapping[str, Any] = {"TEXT": np.array([["where is my parcel"], ["cancel my order"]], dtype=object)}
        vectors = (await models.infer("embed", text))["EMBEDDING"]
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
        found = await models.infer("intent", text)
        assert found["LABEL"][1][0] == "cancel_order"
        assert found["NEAREST"].shape == (2, 3)
        assert (await models.infer("sentiment", text))["LABEL"].shape == (2, 3)
    finally:
        await models.close()
