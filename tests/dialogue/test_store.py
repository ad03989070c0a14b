"""The conversation store, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue import store_schema
from dialogue.database import open_database, reading, writing
from dialogue.errors import StoreUnavailable, UnknownConversation
from dialogue.store import ConversationStore, Position
from dialogue.types import (
    ActionFinished,
    ActionResult,
    ActionStarted,
    CustomerIdentified,
    CustomerSaid,
    HandedOff,
    LanguageChanged,
    Said,
    TaskUpdated,
)
from speech.types import Transcript
from tests.dialogue.databases import NOW
from tests.dialogue.test_event_codec import ACTION, TURN

HAND_OFF = HandedOff("要求退款", "asked", {"order_number": "12345674", "amount": Decimal("9.90")}, "negative")
DONE = ActionResult(True, {"return_number": "R1"})


@pytest.fixture
async def store(engine: AsyncEngine) -> ConversationStore:
    store = ConversationStore(engine, lambda: NOW)
    await store.open("c", "C0001", "web", "zh")
    return store


async def _row(engine: AsyncEngine, conversation_id: str = "c"):
    table = store_schema.conversations
    async with reading(engine) as connection:
        return (await connection.execute(select(table).where(table.c.conversation_id == conversation_id))).one()


async def test_events_come_back_in_order(store: ConversationStore) -> None:
    first = (CustomerSaid(TURN), TaskUpdated({"skus": ("A",), "amount": Decimal("1.50")}))
    await store.append("c", first)
    await store.append("c", [])
    await store.append("c", (Said(3, "好的", True),))
    assert await store.load("c") == (*first, Said(3, "好的", True))
    assert await store.load("nobody") == ()


async def test_opening_again_comes_back(store: ConversationStore, engine: AsyncEngine) -> None:
    assert not await store.open("c", None, "voice", "en")
    row = await _row(engine)
    assert (row.customer_id, row.channel, row.language) == ("C0001", "voice", "zh")
    assert await store.open("d", None, "rest", "en")
    assert not await store.open("d", "C0002", "rest", "en")
    assert (await _row(engine, "d")).customer_id == "C0002"


async def test_what_is_learned_of_the_customer_is_kept(store: ConversationStore, engine: AsyncEngine) -> None:
    await store.append("c", [CustomerIdentified("C0009", "order_and_phone"), LanguageChanged("en")])
    row = await _row(engine)
    assert (row.customer_id, row.language, row.last_seq) == ("C0009", "en", 2)


async def test_turns_hold_both_sides(store: ConversationStore) -> None:
    greeting = [Said(0, "您好", True)]
    exchange = [CustomerSaid(TURN), Said(3, "请稍等", True), Said(3, "已为您", False)]
    await store.append("c", greeting + exchange)
    hello, turn = await store.turns("c")
    assert (hello.turn_id, hello.text, hello.reply, hello.reply_complete) == (0, None, "您好", True)
    assert (turn.text, turn.reply, turn.reply_complete) == (TURN.text, "请稍等\n已为您", False)
    assert (turn.intent, turn.confidence, turn.sentiment) == ("return_request", 0.875, "negative")
    assert (turn.modality, turn.channel, turn.language, turn.degraded) == ("voice", "web", "zh", True)
    assert turn.at == NOW


async def test_words_that_a_database_dislikes_are_not_lost(store: ConversationStore) -> None:
    odd = "a\0b\ud800中🙂" + "长" * 5000
    events = (CustomerSaid(replace(TURN, text=odd)), Said(3, odd, True))
    await store.append("c", events)
    assert await store.load("c") == events
    assert (await store.turns("c"))[0].text == odd.replace("\0", "").replace("\ud800", "?")


async def test_final_transcripts_are_kept(store: ConversationStore) -> None:
    final = Transcript(1, "我的订单", True, "zh", 0.75, 100.0, 900.5)
    await store.keep_transcript("c", replace(final, text="我的", is_final=False))
    await store.keep_transcript("c", final, turn_id=1)
    await store.keep_transcript("c", replace(final, utterance_id=2, language="en"), turn_id=2)
    assert await store.transcripts("c") == (final, replace(final, utterance_id=2, language="en"))


async def test_a_write_without_an_end_is_pending(store: ConversationStore) -> None:
    await store.append("c", [ActionStarted(ACTION)])
    (pending,) = await store.pending_actions()
    assert (pending.conversation_id, pending.action, pending.started_at) == ("c", ACTION, NOW)
    await store.append("c", [ActionFinished(ACTION, DONE)])
    assert await store.pending_actions() == ()


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (DONE, "done"),
        (ActionResult(False, rule="already_shipped"), "refused"),
        (ActionResult(False, rule="unavailable"), "pending"),
    ],
)
async def test_how_an_action_ended(
    store: ConversationStore, engine: AsyncEngine, result: ActionResult, state: str
) -> None:
    await store.append("c", [ActionStarted(ACTION), ActionFinished(ACTION, result)])
    table = store_schema.actions
    async with reading(engine) as connection:
        row = (await connection.execute(select(table))).one()
    ended = (None, None) if state == "pending" else (dict(result.data), NOW)
    assert (row.state, row.rule, row.result, row.finished_at) == (state, result.rule, *ended)
    # Tried once more: only what is not known to have happened is open again.
    await store.append("c", [ActionStarted(ACTION)])
    assert len(await store.pending_actions()) == (state == "pending")


async def test_an_end_without_a_beginning_is_kept(store: ConversationStore, engine: AsyncEngine) -> None:
    await store.append("c", [ActionFinished(ACTION, DONE)])
    async with reading(engine) as connection:
        assert (await connection.execute(select(store_schema.actions.c.state))).scalar_one() == "done"


async def test_a_hand_off_is_claimed_by_one_and_closed(store: ConversationStore) -> None:
    await store.append("c", [HAND_OFF])
    (waiting,) = await store.hand_offs("open")
    assert (waiting.summary, waiting.reason, waiting.slots, waiting.mood) == (
        HAND_OFF.summary, HAND_OFF.reason, HAND_OFF.slots, HAND_OFF.mood,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        claims = [group.create_task(store.claim_hand_off(waiting.hand_off_id, agent)) for agent in "abc"]
    assert sorted(claim.result() for claim in claims) == [False, False, True]
    (claimed,) = await store.hand_offs("claimed", conversation_id="c")
    assert claimed.agent in "abc"
    assert await store.close_hand_off(waiting.hand_off_id)
    assert not await store.close_hand_off(waiting.hand_off_id)
    assert not await store.claim_hand_off(waiting.hand_off_id, "d")
    assert [entry.state for entry in await store.hand_offs()] == ["closed"]
    assert await store.hand_offs(conversation_id="other") == ()


async def test_forgetting_leaves_nothing(store: ConversationStore, engine: AsyncEngine) -> None:
    await store.open("other", None, "web", "zh")
    for name in ("c", "other"):
        action = replace(ACTION, idempotency_key=name)
        await store.append(name, [CustomerSaid(TURN), ActionStarted(action), HAND_OFF])
        await store.keep_transcript(name, Transcript(1, "啊", True, "zh", 1.0, 0.0, 1.0))
    assert await store.forget("c")
    assert not await store.forget("c")
    async with reading(engine) as connection:
        for table in ("conversations", "events", "turns", "transcripts", "actions", "hand_offs"):
            count = text(f"SELECT count(*) FROM {table} WHERE conversation_id = :name")
            assert (await connection.execute(count, {"name": "c"})).scalar_one() == 0, table
            assert (await connection.execute(count, {"name": "other"})).scalar_one() == 1 + 2 * (table == "events")


async def test_a_forgotten_conversation_does_not_come_back(store: ConversationStore) -> None:
    await store.forget("c")
    with pytest.raises(UnknownConversation):
        await store.append("c", [Said(1, "好", True)])
    with pytest.raises(UnknownConversation):
        await store.keep_transcript("c", Transcript(1, "啊", True, "zh", 1.0, 0.0, 1.0))
    assert await store.load("c") == ()


async def test_all_or_nothing(store: ConversationStore, engine: AsyncEngine) -> None:
    await store.append("c", [HAND_OFF])
    async with writing(engine) as connection:
        await connection.execute(store_schema.hand_offs.update().values(hand_off_id="c-3"))
    with pytest.raises(IntegrityError):
        await store.append("c", [CustomerSaid(TURN), HAND_OFF])
    assert await store.load("c") == (HAND_OFF,)
    assert await store.turns("c") == ()
    assert (await _row(engine)).last_seq == 1


async def test_appends_at_once_lose_nothing(store: ConversationStore) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(25):
            group.create_task(store.append("c", [Said(number, "甲", True), Said(number, "乙", True)]))
    loaded = await store.load("c")
    assert len(loaded) == 50
    # Each append stays together.
    assert [event.text for event in loaded if isinstance(event, Said)] == ["甲", "乙"] * 25
    assert [turn.turn_id for turn in await store.turns("c")] == list(range(25))


async def test_an_event_that_cannot_be_read_says_which(store: ConversationStore, engine: AsyncEngine) -> None:
    await store.append("c", [Said(1, "好", True)])
    async with writing(engine) as connection:
        await connection.execute(store_schema.events.update().values(payload={"type": "said"}))
    with pytest.raises(StoreUnavailable, match="event 1 of the conversation"):
        await store.load("c")


async def test_a_lock_of_a_second_loses_no_event(store: ConversationStore, engine: AsyncEngine) -> None:
    """Another process holds the database; readers go on, writers wait, nothing is lost or doubled."""
    name = engine.url.database
    assert name is not None
    if engine.dialect.name == "sqlite":
        other = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(1.0, other.close)
        release.start()
    else:
        rival = open_database(engine.url.render_as_string(hide_password=False))
        held = await rival.connect()
        await held.execute(text("LOCK TABLE conversations IN EXCLUSIVE MODE"))
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        loop.call_later(1.0, done.set)
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(store.append("c", [Said(number, "好", True)]))
            assert await store.load("c") == ()
            if engine.dialect.name != "sqlite":
                await done.wait()
                await held.rollback()
    finally:
        if engine.dialect.name == "sqlite":
            release.join()
        else:
            await held.close()
            await rival.dispose()
    assert len(await store.load("c")) == 3


async def test_a_lock_that_stays_is_unavailable(engine: AsyncEngine) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("a PostgreSQL writer waits for its row")
    store = ConversationStore(engine, lambda: NOW, patience_s=0.3)
    await store.open("c", None, "web", "zh")
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="stayed busy"):
        await store.append("c", [Said(1, "好", True)])
    other.execute("ROLLBACK")
    other.close()
    await store.append("c", [Said(2, "好", True)])
    assert await store.load("c") == (Said(2, "好", True),)


async def test_the_newest_visit_is_noted(engine: AsyncEngine) -> None:
    moments = iter([NOW, NOW + timedelta(minutes=1)])
    store = ConversationStore(engine, lambda: next(moments))
    await store.open("c", None, "web", "zh")
    await store.append("c", [Said(1, "好", True)])
    row = await _row(engine)
    assert (row.opened_at, row.updated_at) == (NOW, NOW + timedelta(minutes=1))
    async with reading(engine) as connection:
        count = select(func.count()).select_from(store_schema.events).where(store_schema.events.c.at == row.updated_at)
        assert (await connection.execute(count)).scalar_one() == 1


async def test_a_reader_reads_on_from_where_it_is(store: ConversationStore) -> None:
    said = [Said(turn_id, str(turn_id), True) for turn_id in range(1, 6)]
    await store.append("c", said[:2])
    first = await store.read_on("c", Position())
    assert (first.events, first.position, first.is_whole) == (tuple(said[:2]), Position(2, 2), False)
    nothing = await store.read_on("c", first.position)
    assert (nothing.events, nothing.position, nothing.is_whole) == ((), first.position, False)
    # A kept transcript takes a number too and is no event.
    await store.keep_transcript("c", Transcript(1, "你好", True, "zh", 0.9, 0, 900))
    assert await store.append("c", said[2:4]) == 5
    more = await store.read_on("c", first.position)
    assert (more.events, more.position, more.is_whole) == (tuple(said[2:4]), Position(4, 5), False)
    assert await store.read_on("nobody", Position()) == nothing.__class__((), Position(), False)


async def test_a_reader_whose_order_is_not_the_stored_one_reads_everything(store: ConversationStore) -> None:
    others, mine = Said(1, "theirs", True), Said(2, "mine", True)
    await store.append("c", [others])
    last = await store.append("c", [mine])
    whole = await store.read_on("c", Position(1, last))
    assert (whole.events, whole.position, whole.is_whole) == ((others, mine), Position(2, 2), True)
