"""A demo bank of a test's own, and the player of its stories: everything from the files of the domain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from dialogue.chat import Chat
from dialogue.database import open_database
from dialogue.domains import load_business
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.skills import load
from dialogue.skills.bank import demo
from dialogue.skills.bank.sql import SqlBank
from dialogue.state import DialogueState
from dialogue.types import ActionStarted
from nlu.classifiers.keyword import KeywordClassifier
from nlu.domains import load_domain
from nlu.repair import NO_TERMS, load_terms
from nlu.secrets import load_secrets
from nlu.slots import SlotConfig
from nlu.sounds_like import NOTHING_BY_EAR
from nlu.understand import Understanding
from tests.dialogue.demo_shop import NOW, clock
from tests.dialogue.stories import Story, StoryPlayer

BUSINESS = load_business("bank_card")
CUSTOMER = "C0001"


@cache
def understanding() -> Understanding:
    """The domain's, by keywords."""
    folder = load_domain("bank_card").folder
    return Understanding(
        KeywordClassifier(domain="bank_card"),
        fallback=KeywordClassifier(domain="bank_card"),
        slots=SlotConfig(order_number_pattern=BUSINESS.lines.numbers or "", order_number_luhn=False),
        terms=load_terms(folder) or NO_TERMS,
        by_ear=NOTHING_BY_EAR,
        secrets=load_secrets(folder),
        clock=NOW.date,
    )


@asynccontextmanager
async def opened_bank(folder: Path) -> AsyncIterator[SqlBank]:
    """A fresh one."""
    engine = open_database(f"sqlite+aiosqlite:///{folder / 'bank.db'}")
    try:
        await demo.seed(engine, NOW)
        yield SqlBank(engine, clock)
    finally:
        await engine.dispose()


async def opened_chat(bank: SqlBank, customer: str | None, language: str = "zh") -> Chat:
    """A conversation with the hotline."""
    assert BUSINESS.knowledge is not None
    knowledge = await KnowledgeIndex.open(None, entries(BUSINESS.knowledge, BUSINESS.facts))
    responder = Responder(bank, knowledge, clock=clock, skills=load(BUSINESS.skills), wordings=BUSINESS.wordings)
    state = DialogueState.new("story", customer, "en" if language == "en" else "zh")
    return Chat(understanding(), responder, bank, state)


class BankPlayer(StoryPlayer):
    """Plays a story on a bank; ``shop`` of the story tells of its cards and payments."""

    def __init__(self, story: Story, bank: SqlBank) -> None:
        self.story = story
        self._bank = bank
        self._fields = {}

    async def _chat(self) -> Chat:
        customer = CUSTOMER if self.story.customer == "demo" else None
        return await opened_chat(self._bank, customer, self.story.language)

    async def _problems_at_the_end(self, chat: Chat) -> list[str]:
        found: list[str] = []
        begun = sum(isinstance(event, ActionStarted) for event in chat.events)
        if self.story.writes is not None and begun != self.story.writes:
            found.append(f"writes: {begun}, expected {self.story.writes}")
        if chat.state.handed_off != self.story.handed_off:
            found.append(f"handed off: {chat.state.handed_off}")
        customers = [f"C000{number}" for number in (1, 2, 3)]
        cards = {card.tail: card for customer in customers for card in await self._bank.cards(customer)}
        payments = {one.payment_id: one for customer in customers for one in await self._bank.payments(customer)}
        for check in self.story.shop:
            if "card" in check and cards[check["card"]].status != check["status"]:
                found.append(f"card {check['card']} is {cards[check['card']].status}")
            if "payment" in check and bool(payments[check["payment"]].ticket_number) != check["disputed"]:
                found.append(f"payment {check['payment']} has ticket {payments[check['payment']].ticket_number}")
        return found
