"""A conversation whose answers are scripted, and a voice that needs no model: for tests of sessions in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dialogue.errors import StoreUnavailable
from dialogue.functions import FunctionResult, spoken
from dialogue.policy import Choice
from dialogue.shop.types import Customer, Order, OrderStatus
from dialogue.state import DialogueState
from dialogue.store import Position, Reading
from dialogue.types import Action, ActionRunner, DialogueEvent, Reply, Said, Turn
from gateway.admission import Admission, RateLimit
from gateway.auth import Tokens
from gateway.config import Settings
from gateway.conversation import Conversation
from gateway.conversations import Conversations
from gateway.core import Core
from gateway.identities import Identities
from gateway.metrics import Metrics
from gateway.services import Services
from gateway.voice import Voice
from nlu.secrets import NO_SECRETS
from nlu.types import Expectation, Language, Parse, Sentiment
from speech.listen import ListenConfig
from speech.types import Transcript
from tests.fakes import FakeAsr, LoudnessVad
from tests.fakes_tts import FakeTts

Item = Reply | DialogueEvent
Answer = Callable[[Turn, ActionRunner], AsyncGenerator[Item, None]]


class FakeUnderstanding:
    """Everything is an order question; ``delay_s`` before it is understood."""

    delay_s = 0.0
    error: Exception | None = None

    def __init__(self) -> None:
        self.intents: dict[str, tuple[str, float]] = {}
        """Words that mean something else, with the confidence."""
        self.secrets = NO_SECRETS

    def hide(self, text: str) -> str:
        return self.secrets.hide(text)

    async def understand(
        self,
        text: str,
        expectation: Expectation,
        *,
        language: Language | None = None,
        alternatives: Sequence[str] = (),
    ) -> Parse:
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        intent, confidence = self.intents.get(text, ("order_status", 0.9))
        return Parse(text, text, language or "zh", intent, confidence, (), Sentiment("neutral", 0.9))


@dataclass
class FakeResponder:
    """Answers every turn with ``replies``, or as ``answer`` says."""

    replies: Sequence[str] = ("您的包裹已经到了杭州。", "预计明天下午送到。")
    answer: Answer | None = None
    delay_s: float = 0.0
    turns: list[Turn] = field(default_factory=list)
    told: list[FunctionResult] = field(default_factory=list)

    async def respond(self, state: DialogueState, turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        self.turns.append(turn)
        if self.answer is not None:
            async for item in self.answer(turn, actions):
                yield item
            return
        for number, text in enumerate(self.replies, 1):
            await asyncio.sleep(self.delay_s)
            yield Reply(turn.turn_id, text, "zh", is_last=number == len(self.replies))

    async def tell(
        self, state: DialogueState, turn: Turn, result: FunctionResult, actions: ActionRunner
    ) -> AsyncGenerator[Item, None]:
        self.told.append(result)
        await asyncio.sleep(self.delay_s)
        text = spoken(result, "zh")
        yield Reply(turn.turn_id, "抱歉，没有查到。" if text is None else text, "zh", is_last=True)

    def chosen(self, state: DialogueState, turn: Turn) -> Choice:
        return Choice("order_status", "start", turn.parse.intent)

    def greeting(self, state: DialogueState, turn_id: int = 0) -> Reply:
        return Reply(turn_id, "您好，请问有什么可以帮您？", "zh", is_last=True)

    def no_input(
        self, state: DialogueState, turn_id: int, attempt: int, *, can_type: bool = True, has_keypad: bool = False
    ) -> Reply:
        return Reply(turn_id, f"您还在吗？（{attempt}）", "zh", is_last=True, tells_result=False)

    def listening(self, state: DialogueState, turn_id: int = 0) -> Reply:
        return Reply(turn_id, "好的，您请说。", "zh", is_last=True, tells_result=False)

    def apology(self, code: str, state: DialogueState, turn_id: int = 0) -> Reply:
        return Reply(turn_id, f"抱歉（{code}）。", "zh", is_last=True)


class FakeStore:
    """Keeps events, of all conversations in ``events``; ``away`` makes it refuse."""

    def __init__(self) -> None:
        self.events: list[DialogueEvent] = []
        self.of: dict[str, list[DialogueEvent]] = {}
        self.away = False
        self.pending: list[Any] = []
        self.transcripts: list[str] = []
        self.postponed: list[str] = []
        self.gives_up = False

    async def open(self, conversation_id: str, customer_id: str | None, channel: str, language: Language) -> bool:
        return True

    async def append(self, conversation_id: str, events: Sequence[DialogueEvent]) -> int:
        if self.away:
            raise StoreUnavailable("away")
        self.events += events
        self.of.setdefault(conversation_id, []).extend(events)
        return len(self.of[conversation_id])

    async def read_on(self, conversation_id: str, known: Position) -> Reading:
        stored = self.of.get(conversation_id, [])
        now = Position(len(stored), len(stored))
        is_whole = known.events != known.last_seq
        return Reading(tuple(stored if is_whole else stored[known.last_seq :]), now, is_whole)

    async def load(self, conversation_id: str) -> tuple[DialogueEvent, ...]:
        return tuple(self.of.get(conversation_id, ()))

    async def keep_transcript(self, conversation_id: str, transcript: Transcript, turn_id: int | None = None) -> None:
        self.transcripts.append(transcript.text)

    async def pending_actions(self) -> list[Any]:
        return self.pending

    async def claim_due_actions(self) -> list[Any]:
        due, self.pending = self.pending, []
        return due

    async def postpone_action(self, idempotency_key: str) -> bool:
        self.postponed.append(idempotency_key)
        return self.gives_up


class FakeShop:
    """One customer; WRITEs take ``write_s`` and are counted by key."""

    def __init__(self) -> None:
        self.write_s = 0.0
        self.cancelled: list[str] = []
        self.broken = False

    async def customer(self, customer_id: str) -> Customer | None:
        if self.broken:
            raise RuntimeError("the shop is broken")
        return Customer(customer_id, "林小满", "19900000001", "花园路 1 号", "金卡", 10)

    async def cancel_order(self, order_number: str, reason: str, *, idempotency_key: str) -> Order:
        await asyncio.sleep(self.write_s)
        self.cancelled.append(idempotency_key)
        now = datetime(2026, 11, 22, tzinfo=UTC)
        return Order(order_number, "C0001", OrderStatus.CANCELLED, now, (), Decimal(0), "花园路 1 号")


class FakeVad:
    """Loud is speech."""

    def stream(self) -> LoudnessVad:
        return LoudnessVad()


def parts_of(parts: dict[str, str]) -> Callable[[], Awaitable[dict[str, str]]]:
    """``Services.ready`` that always says this."""

    async def ready() -> dict[str, str]:
        return parts

    return ready


@dataclass
class House:
    """Everything a session needs, scripted."""

    understanding: FakeUnderstanding = field(default_factory=FakeUnderstanding)
    responder: FakeResponder = field(default_factory=FakeResponder)
    store: FakeStore = field(default_factory=FakeStore)
    shop: FakeShop = field(default_factory=FakeShop)
    asr: FakeAsr = field(default_factory=lambda: FakeAsr(lambda call: "我的订单什么时候到"))
    tts: FakeTts = field(default_factory=lambda: FakeTts(frames_per_character=5))
    metrics: Metrics = field(default_factory=Metrics)
    settings: Settings = field(default_factory=Settings)
    listening: ListenConfig = field(default_factory=lambda: ListenConfig(partial_interval_ms=0))

    def core(self, background: asyncio.TaskGroup) -> Core:
        clock = asyncio.get_running_loop().time
        understanding: Any = self.understanding
        responder: Any = self.responder
        shop: Any = self.shop
        store: Any = self.store
        return Core(understanding, responder, shop, store, self.metrics, background, 20.0, clock)

    def voice(self) -> Voice:
        return Voice(self.asr, FakeVad(), self.tts, None, self.listening)

    def services(self, core: Core) -> Services:
        clock = asyncio.get_running_loop().time
        return Services(
            self.settings,
            Conversations(core),
            core.shop,
            self.voice(),
            Tokens(None, 60, clock),
            Admission(5, self.metrics.sessions.set),
            RateLimit(600, clock),
            RateLimit(600, clock),
            Identities(RateLimit(600, clock), RateLimit(600, clock), self.settings.gateway.demo_customer),
            self.metrics,
            clock,
            parts_of({"gateway": "ok"}),
        )

    def conversation(self, core: Core) -> Conversation:
        return Conversation(core, DialogueState.new("web-test", customer_id="C0001"))

    @property
    def said(self) -> list[tuple[str, bool]]:
        """What the history says the customer got."""
        return [(event.text, event.complete) for event in self.store.events if isinstance(event, Said)]


def cancel_action(key: str = "web-test:1") -> Action:
    """A WRITE."""
    return Action("cancel_order", {"order_number": "10000009", "reason": "不想要了"}, key)
