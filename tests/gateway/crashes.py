"""A gateway that dies in the middle of a turn, and its successor on the same database.

A killed process leaves the bytes of its database as they are. ``deaths`` takes one turn and keeps these bytes at every
await of every task, so each is what a kill at that await leaves; ``turn_and_die`` takes the turn in a forked process
that kills itself with SIGKILL at its n-th await.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.database import metadata, open_database, reading
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.shop.sql import SqlShop
from dialogue.store import ConversationStore
from dialogue.types import ActionStarted
from gateway.conversation import Conversation
from gateway.conversations import Conversations
from gateway.core import Core
from gateway.events import ReplyOut
from gateway.metrics import Metrics
from nlu.classifiers.keyword import KeywordClassifier
from nlu.types import Parse
from nlu.understand import Understanding
from tests.dialogue.demo_shop import clock, seeded_file

Line = tuple[str, str]
"""Intent and words."""
CONVERSATION = "web-crash"
_KILLED = -signal.SIGKILL


class ToldUnderstanding:
    """Finds slots and language itself; the intent is told, so that these tests do not judge the classifier."""

    def __init__(self, own: Understanding | None = None) -> None:
        self._own = own or Understanding(KeywordClassifier())
        self.intent = "inform"

    async def understand(self, text: str, *args: Any, **options: Any) -> Parse:
        parse = await self._own.understand(text, *args, **options)
        return replace(parse, intent=self.intent, confidence=0.99)


@cache
def understanding() -> ToldUnderstanding:
    """Loaded once, before the first fork."""
    return ToldUnderstanding()


@cache
def knowledge() -> KnowledgeIndex:
    """Without vectors. First called outside of a loop."""
    return asyncio.run(KnowledgeIndex.open(None))


def warm() -> None:
    """Load what the forked processes share; outside of a loop."""
    understanding()
    knowledge()
    template()


def template() -> Path:
    """The file of a seeded shop, not to be written."""
    return seeded_file()


@dataclass(frozen=True)
class Scene:
    """A business whose gateway is killed."""

    open: Callable[[AsyncEngine], Any]
    """Its back end."""
    responder: Callable[[Any], Responder]
    template: Callable[[], Path]
    """The file of a seeded database, not to be written."""
    tables: Callable[[], Sequence[Table]]
    """What its WRITEs change."""
    customer_id: str
    understanding: Callable[[], ToldUnderstanding]


def _shop_tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name.startswith("shop_")]


SHOP = Scene(
    lambda engine: SqlShop(engine, clock),
    lambda shop: Responder(shop, knowledge(), clock=clock),
    seeded_file,
    _shop_tables,
    demo.DEMO_CUSTOMER_ID,
    understanding,
)


@dataclass(frozen=True)
class Gateway:
    """One process's: conversations over a database."""

    engine: AsyncEngine
    shop: Any
    store: ConversationStore
    conversations: Conversations
    understanding: ToldUnderstanding
    customer_id: str

    async def conversation(self) -> Conversation:
        return await self.conversations.get(CONVERSATION, customer_id=self.customer_id, channel="web")

    async def say(self, line: Line) -> str:
        """One turn; the words of the answer."""
        self.understanding.intent, text = line
        turn = (await self.conversation()).take_turn(text, modality="text", channel="web")
        return "".join([item.reply.text async for item in turn if isinstance(item, ReplyOut)])


@asynccontextmanager
async def gateway(url: str, scene: Scene = SHOP) -> AsyncIterator[Gateway]:
    """A gateway on this database; at the end its WRITEs have ended."""
    engine = open_database(url)
    shop, store = scene.open(engine), ConversationStore(engine, clock)
    try:
        async with asyncio.TaskGroup() as background:
            told: Any = scene.understanding()
            core = Core(told, scene.responder(shop), shop, store, Metrics(), background, 20.0)
            yield Gateway(engine, shop, store, Conversations(core), told, scene.customer_id)
    finally:
        await engine.dispose()


Step = Callable[[], None]
"""Called before each step of each task."""


class _Mortal:
    """A coroutine that is watched: ``step`` runs before it goes on."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], step: Step) -> None:
        self._coroutine, self._step = coroutine, step

    def __await__(self) -> Generator[Any, Any, Any]:
        send: Callable[[Any], Any] = self._coroutine.send
        value: Any = None
        while True:
            self._step()
            try:
                waited_for = send(value)
            except StopIteration as end:
                return end.value
            try:
                value, send = (yield waited_for), self._coroutine.send
            except BaseException as error:  # noqa: BLE001 - cancellation and all else goes to the coroutine
                value, send = error, self._coroutine.throw


async def _watched_turn(url: str, line: Line, step: Step, scene: Scene) -> None:
    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        async def watched() -> Any:
            return await _Mortal(coroutine, step)

        return asyncio.Task(watched(), loop=loop, **options)

    async with gateway(url, scene) as served:
        await served.conversation()  # reading it back is not part of the turn
        asyncio.get_running_loop().set_task_factory(factory)
        await asyncio.create_task(served.say(line))
        step()


@dataclass(frozen=True)
class Deaths:
    """What a kill at each await of one turn leaves."""

    awaits: int
    left: tuple[tuple[int, Path], ...]
    """The first await that leaves this, and the database file; later awaits up to the next leave the same."""


def deaths(file: Path, line: Line, folder: Path, scene: Scene = SHOP) -> Deaths:
    """Take the turn on a copy of the database."""
    living = copied(file, folder / "living.db")
    seen: dict[bytes, tuple[int, Path]] = {}
    awaits = 0

    def step() -> None:
        nonlocal awaits
        log = living.with_name("living.db-wal")
        content = log.read_bytes() if log.exists() else b""
        digest = hashlib.sha256(content).digest()
        if digest not in seen:
            seen[digest] = (awaits, copied(living, folder / f"killed-at-{awaits}.db"))
        awaits += 1

    asyncio.run(_watched_turn(sqlite_url(living), line, step, scene))
    return Deaths(awaits, tuple(seen.values()))


def turn_and_die(url: str, line: Line, at: int, scene: Scene = SHOP) -> bool:
    """Take one turn in a process of its own; True when it was killed, False when the turn was over before."""
    left = at

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            asyncio.run(_watched_turn(url, line, step, scene))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, _KILLED), f"the turn broke in another way: {code}"
    return code == _KILLED


def copied(source: Path, target: Path) -> Path:
    """A copy of a database with its log; ``target`` may be an older one."""
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    shutil.copy(source, target)
    log = source.with_name(source.name + "-wal")
    if log.exists():
        shutil.copy(log, target.with_name(target.name + "-wal"))
    return target


def prepare(url: str, lines: Sequence[Line]) -> None:
    """Say every line but the last, which would confirm."""
    asyncio.run(_prepare(url, lines))


async def _prepare(url: str, lines: Sequence[Line]) -> None:
    async with gateway(url) as served:
        orders = {str(order.status): order for order in await served.shop.orders(demo.DEMO_CUSTOMER_ID, 20)}
        names = {name: order.order_number for name, order in orders.items()}
        products = await served.shop.search_products("", limit=999)
        names["sold_out"] = next(product.name for product in products if product.stock == 0)
        for intent, text in lines[:-1]:
            await served.say((intent, text.format(**names)))


async def say(url: str, line: Line, scene: Scene = SHOP) -> str:
    """One turn of a gateway that lives."""
    async with gateway(url, scene) as served:
        return await served.say(line)


async def come_back(
    url: str, name: str, line: Line, gold: object, *, customer_first: bool, scene: Scene = SHOP
) -> None:
    """A new gateway finishes what is owed, and the customer says the same again, in either order: it is done once."""
    async with gateway(url, scene) as served:
        owed = await served.store.pending_actions()
        events = await served.store.load(CONVERSATION)
        began = [event for event in events if isinstance(event, ActionStarted) and event.action.name == name]
        assert began or await shop_rows(url, scene) != gold, "it was done before it was written down"
        if customer_first:
            assert await served.say(line)
        await served.conversations.recover()
    async with gateway(url, scene) as served:
        if not customer_first:
            assert not owed or await shop_rows(url, scene) == gold, "what is owed is done without the customer"
            assert await served.say(line)
        state = (await served.conversation()).state
        assert await served.store.pending_actions() == ()
        assert (state.acting, state.unreported) == (None, None)
        assert state.reported is not None
        assert (state.reported.action.name, state.reported.result.ok) == (name, True)
    assert await shop_rows(url, scene) == gold


async def shop_rows(url: str, scene: Scene = SHOP) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the shop: who did what is in the idempotency keys."""
    engine = open_database(url)
    tables = scene.tables()
    try:
        async with reading(engine) as connection:
            return {
                table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
                for table in tables
            }
    finally:
        await engine.dispose()


def sqlite_url(file: Path) -> str:
    """Its URL."""
    return f"sqlite+aiosqlite:///{file}"
