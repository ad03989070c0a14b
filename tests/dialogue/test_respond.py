"""The responder around the skills: interruptions, exactly once, parts that are away, what every turn must have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from dialogue.actions import perform
from dialogue.errors import GenerationFailed, KnowledgeUnavailable, ShopUnavailable
from dialogue.knowledge import Hit
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.shop.protocol import Shop
from dialogue.shop.sql import SqlShop
from dialogue.shop.types import Order, OrderStatus
from dialogue.skills import load
from dialogue.skills.context import Context, Item
from dialogue.state import DialogueState, fold, fold_all
from dialogue.types import (
    Action,
    ActionDropped,
    ActionFinished,
    ActionResult,
    ActionStarted,
    Asked,
    CustomerSaid,
    DialogueEvent,
    HandedOff,
    Misunderstood,
    Reply,
    ReplyAction,
    Said,
    TaskEnded,
    TaskStarted,
    TaskUpdated,
)
from nlu.escalation import read_signals
from nlu.types import Expectation, Language, Parse
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import parse, turn

LOST = ActionResult(False, rule="unavailable")


class Conversation:
    """The caller's side: folds events, runs WRITEs, and may be cut off."""

    def __init__(self, responder: Responder, shop: Shop, state: DialogueState) -> None:
        self.state = state
        self.events: list[DialogueEvent] = []
        self.begun: list[Action] = []
        self.results: list[ActionResult] = []
        """Results to give instead of asking the shop, first one first."""
        self._responder = responder
        self._shop = shop

    async def say(self, understood: Parse, *, heard: bool = True, stop_at_reply: bool = False) -> list[Reply]:
        """``heard``: the customer gets the words; ``stop_at_reply``: barge-in when the first one comes."""
        this = turn(self.state.turn_count + 1, understood)
        self._apply(CustomerSaid(this))
        replies: list[Reply] = []
        async with aclosing(self._responder.respond(self.state, this, self)) as items:
            async for item in items:
                if not isinstance(item, Reply):
                    self._apply(item)
                    continue
                replies.append(item)
                if stop_at_reply:
                    break
        for reply in replies:
            self._apply(Said(reply.turn_id, reply.text if heard else reply.text[:2], complete=heard))
        return replies

    async def run(self, action: Action) -> ActionResult:
        self.begun.append(action)
        self._apply(ActionStarted(action))
        result = self.results.pop(0) if self.results else await perform(self._shop, action)
        self._apply(ActionFinished(action, result))
        return result

    def _apply(self, event: DialogueEvent) -> None:
        self.events.append(event)
        self.state = fold(self.state, event)


@pytest.fixture
async def shop() -> AsyncIterator[SqlShop]:
    async with opened_demo_shop() as opened:
        yield opened


@pytest.fixture
async def conversation(shop: SqlShop) -> Conversation:
    responder = Responder(shop, KnowledgeIndex(None), clock=clock)
    return Conversation(responder, shop, DialogueState.new("c", demo.DEMO_CUSTOMER_ID))


async def order_with(shop: Shop, status: OrderStatus) -> Order:
    return next(order for order in await shop.orders(demo.DEMO_CUSTOMER_ID, 20) if order.status is status)


async def asked_to_confirm(conversation: Conversation, shop: Shop) -> Order:
    """A cancellation, up to the question whether to do it."""
    order = await order_with(shop, OrderStatus.PAID)
    await conversation.say(parse("取消，拍错了", "cancel_order", order_number=order.order_number))
    assert conversation.state.expectation.kind == "yes_no"
    return order


async def test_a_reply_cut_off_after_the_write_is_told_first_in_the_next_turn(
    conversation: Conversation, shop: SqlShop
) -> None:
    order = await asked_to_confirm(conversation, shop)
    await conversation.say(parse("确认", "affirm"), heard=False)
    assert conversation.state.unreported is not None
    replies = await conversation.say(parse("满多少包邮", "freight"))
    assert "已经取消" in replies[0].text
    assert "九十九" in replies[-1].text
    assert [reply.is_last for reply in replies] == [False, True]
    assert conversation.state.unreported is None
    assert conversation.state.task is None
    assert len(conversation.begun) == 1
    assert (await shop.order(order.order_number) or order).status is OrderStatus.CANCELLED


async def test_confirming_again_after_being_cut_off_does_it_once(conversation: Conversation, shop: SqlShop) -> None:
    await asked_to_confirm(conversation, shop)
    await conversation.say(parse("确认", "affirm"), heard=False)
    (reply,) = await conversation.say(parse("确认", "affirm"))
    assert "已经取消" in reply.text
    (again,) = await conversation.say(parse("确认", "affirm"))
    assert "不用再确认" in again.text
    assert len(conversation.begun) == 1


async def test_barge_in_while_the_write_runs_ends_the_task_and_tells_the_result_once(shop: SqlShop) -> None:
    """The reply task is cancelled inside the WRITE; the session finishes the WRITE and folds its events."""
    started, release = asyncio.Event(), asyncio.Event()

    class Slow(Conversation):
        async def run(self, action: Action) -> ActionResult:
            self._apply(ActionStarted(action))
            started.set()
            await release.wait()
            return await super().run(action)

    talk = Slow(Responder(shop, KnowledgeIndex(None), clock=clock), shop, DialogueState.new("c", demo.DEMO_CUSTOMER_ID))
    await asked_to_confirm(talk, shop)
    replying = asyncio.create_task(talk.say(parse("确认", "affirm")))
    await started.wait()
    replying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replying
    assert talk.state.acting is not None
    release.set()
    replies = await talk.say(parse("好了吗"))
    assert "已经取消" in replies[0].text
    assert sum("已经取消" in reply.text for reply in replies) == 1
    assert talk.state.task is None
    assert TaskEnded("done") in talk.events
    assert {action.idempotency_key for action in talk.begun} == {"c:1-cancel_order"}


async def test_a_shop_that_does_not_answer_a_write_is_asked_again_under_the_same_key(
    conversation: Conversation, shop: SqlShop
) -> None:
    order = await asked_to_confirm(conversation, shop)
    conversation.results = [LOST]
    (reply,) = await conversation.say(parse("确认", "affirm"))
    assert "不能确定" in reply.text
    assert conversation.state.expectation.kind == "yes_no"
    (reply,) = await conversation.say(parse("再试一次", "affirm"))
    assert "已经取消" in reply.text
    assert len({action.idempotency_key for action in conversation.begun}) == 1
    assert (await shop.order(order.order_number) or order).status is OrderStatus.CANCELLED


async def test_a_write_lost_and_cut_off_offers_to_try_again(conversation: Conversation, shop: SqlShop) -> None:
    await asked_to_confirm(conversation, shop)
    conversation.results = [LOST]
    await conversation.say(parse("确认", "affirm"), heard=False)
    (reply,) = await conversation.say(parse("好了没有"))
    assert "要再试一次吗" in reply.text
    (reply,) = await conversation.say(parse("好", "affirm"))
    assert "已经取消" in reply.text


async def test_what_is_asked_while_a_lost_write_is_untold_is_answered_after_it(
    conversation: Conversation, shop: SqlShop
) -> None:
    await asked_to_confirm(conversation, shop)
    conversation.results = [LOST]
    await conversation.say(parse("确认", "affirm"), heard=False)
    (reply,) = await conversation.say(parse("满多少包邮", "freight"))
    assert "要再试一次吗" in reply.text
    first, second = await conversation.say(parse("好", "affirm"))
    assert "已经取消" in first.text
    assert "您刚才还提到，满多少包邮" in second.text
    assert "九十九" in second.text


async def test_another_request_gives_up_a_lost_write_and_says_so(conversation: Conversation, shop: SqlShop) -> None:
    order = await asked_to_confirm(conversation, shop)
    conversation.results = [LOST]
    await conversation.say(parse("确认", "affirm"))
    first, second = await conversation.say(parse("改地址", "change_address", order_number=order.order_number))
    assert "不再提交" in first.text
    assert "还不能确定" in first.text
    assert "收货地址" in second.text
    (dropped,) = [event for event in conversation.events if isinstance(event, ActionDropped)]
    assert dropped.idempotency_key == conversation.begun[0].idempotency_key


async def test_a_write_refused_at_the_last_moment_is_explained(conversation: Conversation, shop: SqlShop) -> None:
    await asked_to_confirm(conversation, shop)
    conversation.results = [ActionResult(False, rule="already_shipped")]
    (reply,) = await conversation.say(parse("确认", "affirm"))
    assert "没有办成，订单已经发货" in reply.text
    assert TaskEnded("refused") in conversation.events


class Away(SqlShop):
    """A shop whose reads fail."""

    async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
        raise ShopUnavailable("gone")


async def test_a_shop_that_is_away_gets_an_apology_and_the_offer_of_a_person(shop: SqlShop) -> None:
    away = Away(shop._engine, clock)
    talk = Conversation(
        Responder(away, KnowledgeIndex(None), clock=clock), away, DialogueState.new("c", demo.DEMO_CUSTOMER_ID)
    )
    (reply,) = await talk.say(parse("我的订单", "order_status"))
    assert "店铺系统暂时没有回应" in reply.text
    assert reply.is_last
    (reply,) = await talk.say(parse("好的", "affirm"))
    assert reply.action is ReplyAction.HAND_OFF
    handed = next(event for event in talk.events if isinstance(event, HandedOff))
    assert handed.reason == "shop_unavailable"


async def test_the_task_survives_a_shop_that_is_away(conversation: Conversation, shop: SqlShop) -> None:
    await asked_to_confirm(conversation, shop)
    task = conversation.state.task
    away = Away(shop._engine, clock)
    conversation._responder = Responder(away, KnowledgeIndex(None), clock=clock)
    replies = await conversation.say(parse("推荐", "refund_status"))
    assert replies[-1].is_last
    assert task is not None
    assert task.task_id in {
        waiting.task_id for waiting in (conversation.state.task, *conversation.state.suspended) if waiting
    }


class NoKnowledge:
    async def search(self, text: str, language: Language, k: int = 3) -> Sequence[Hit]:
        raise KnowledgeUnavailable("gone")


async def test_a_knowledge_base_that_is_away_gets_an_apology(shop: SqlShop) -> None:
    talk = Conversation(Responder(shop, NoKnowledge(), clock=clock), shop, DialogueState.new("c"))
    (reply,) = await talk.say(parse("包邮吗", "freight"))
    assert "资料库" in reply.text
    assert talk.state.expectation.kind == "yes_no"


class Broken:
    name = "order_status"
    intents = ("order_status",)
    writes = False

    def __init__(self, error: Exception | None, *items: Item) -> None:
        self._error, self._items = error, items

    async def run(self, context: Context) -> AsyncIterator[Item]:
        for item in self._items:
            yield item
        if self._error:
            raise self._error


def with_skill(shop: Shop, skill: Any) -> Responder:
    return Responder(shop, KnowledgeIndex(None), clock=clock, skills={**load(), skill.name: skill})


async def test_what_is_unexpected_is_raised(shop: SqlShop) -> None:
    talk = Conversation(with_skill(shop, Broken(ZeroDivisionError())), shop, DialogueState.new("c"))
    with pytest.raises(ZeroDivisionError):
        await talk.say(parse("我的订单", "order_status"))


async def test_a_skill_that_says_nothing_is_an_error(shop: SqlShop) -> None:
    talk = Conversation(with_skill(shop, Broken(None)), shop, DialogueState.new("c"))
    with pytest.raises(RuntimeError, match="last reply"):
        await talk.say(parse("我的订单", "order_status"))


async def test_words_already_said_are_followed_by_the_apology(shop: SqlShop) -> None:
    said = Reply(1, "稍等", "zh", is_last=True)
    talk = Conversation(with_skill(shop, Broken(GenerationFailed("x"), said)), shop, DialogueState.new("c"))
    replies = await talk.say(parse("我的订单", "order_status"))
    assert [reply.is_last for reply in replies] == [False, True]
    assert replies[0].text == "稍等"


async def test_an_upset_customer_is_told_of_a_person_but_not_every_time(conversation: Conversation) -> None:
    offered = []
    for words in ("怎么还没到", "真慢", "唉", "什么时候到", "到哪了啊", "慢死了"):
        replies = await conversation.say(parse(words, "order_status", polarity="negative"))
        offered.append(any("随时说转人工" in reply.text for reply in replies))
    assert offered == [False, False, True, False, False, True]


async def test_a_digression_comes_back_with_the_pending_question(conversation: Conversation, shop: SqlShop) -> None:
    order = await asked_to_confirm(conversation, shop)
    replies = await conversation.say(parse("积分会过期吗", "freight"))
    assert "两年" in replies[0].text
    assert replies[-1].text.startswith("我们接着刚才的。")
    assert order.order_number in replies[-1].text
    assert conversation.state.expectation == Expectation("yes_no")


async def test_declining_a_person_comes_back_to_the_task(conversation: Conversation, shop: SqlShop) -> None:
    await asked_to_confirm(conversation, shop)
    (reply,) = await conversation.say(parse("客服态度太差，我要投诉", "complaint", polarity="negative"))
    assert reply.text.endswith("好吗？"), "one question at a time"
    await conversation.say(parse("不用", "deny"))
    (reply,) = await conversation.say(parse("不用", "deny"))
    assert reply.text.endswith("需要我为您转人工吗？"), "one question at a time"
    assert conversation.state.task is not None
    assert conversation.state.task.skill == "handoff"
    replies = await conversation.say(parse("不用", "deny"))
    assert "确认取消吗" in replies[-1].text
    await conversation.say(parse("确认", "affirm"))
    assert len(conversation.begun) == 1


async def test_every_reply_carries_the_turn_and_its_events_come_first(
    conversation: Conversation, shop: SqlShop
) -> None:
    order = await order_with(shop, OrderStatus.PAID)
    this = turn(7, parse("取消", "cancel_order", order_number=order.order_number))
    state = fold(conversation.state, CustomerSaid(this))
    items = [item async for item in conversation._responder.respond(state, this, conversation)]
    kinds = [type(item) for item in items]
    assert kinds == [TaskStarted, TaskUpdated, Asked, Reply]
    assert isinstance(items[-1], Reply)
    assert items[-1].turn_id == 7


async def test_the_summary_for_the_person_says_what_was_asked_and_done(
    conversation: Conversation, shop: SqlShop
) -> None:
    order = await asked_to_confirm(conversation, shop)
    await conversation.say(parse("确认", "affirm"))
    (reply,) = await conversation.say(parse("气死了，找人来", "talk_to_human", polarity="negative"))
    handed = next(event for event in conversation.events if isinstance(event, HandedOff))
    for words in (order.order_number, "取消，拍错了", "取消订单成功", "情绪：不满", demo.DEMO_CUSTOMER_ID):
        assert words in handed.summary
    assert handed.slots["order"] == order.order_number
    assert reply.cards[0].kind == "handoff"


async def test_the_person_reads_the_mood_and_what_made_it_so(conversation: Conversation) -> None:
    words = "都第三次了，再不退款就12315见"
    await conversation.say(replace(parse(words, "refund_status"), signals=read_signals(words)))
    handed = next(event for event in conversation.events if isinstance(event, HandedOff))
    assert "情绪：不满（提到法律或监管部门；问题一再出现）" in handed.summary
    assert (handed.reason, handed.mood) == ("escalated", "negative")
    assert conversation.state.tension.level == "calm", "a person answers: what is left is theirs"


async def test_while_a_person_answers_nothing_is_done(conversation: Conversation) -> None:
    await conversation.say(parse("转人工", "talk_to_human"))
    before = len(conversation.events)
    (reply,) = await conversation.say(parse("取消订单", "cancel_order"))
    assert "人工客服会尽快回复" in reply.text
    assert [type(event) for event in conversation.events[before:]] == [CustomerSaid, Said]


async def test_understanding_again_resets_the_ladder(conversation: Conversation) -> None:
    await conversation.say(parse("叽里咕噜"))
    await conversation.say(parse("叽里咕噜"))
    assert conversation.state.misunderstandings == 2
    await conversation.say(parse("谢谢", "thanks"))
    assert conversation.state.misunderstandings == 0


async def test_events_alone_give_the_state_back(conversation: Conversation, shop: SqlShop) -> None:
    await asked_to_confirm(conversation, shop)
    await conversation.say(parse("确认", "affirm"))
    assert fold_all(DialogueState.new("c", demo.DEMO_CUSTOMER_ID), conversation.events) == conversation.state
    assert Misunderstood() not in conversation.events


@pytest.mark.parametrize("language", ["zh", "en"])
def test_there_is_an_apology_for_any_code_and_a_greeting(shop: SqlShop, language: Language) -> None:
    responder = Responder(shop, KnowledgeIndex(None))
    state = DialogueState.new("c", language=language)
    for code in ("shop_unavailable", "asr_failed", "turn_timeout", "internal", "never heard of"):
        reply = responder.apology(code, state, 3)
        assert reply.text
        assert reply.is_last
        assert reply.turn_id == 3
    assert responder.greeting(state).text != responder.greeting(fold(state, CustomerSaid(turn(1, parse("x"))))).text


async def test_an_apology_is_counted_by_its_error(shop: SqlShop) -> None:
    class Away(SqlShop):
        async def orders(self, customer_id: str, limit: int = 10) -> tuple[Order, ...]:
            raise ShopUnavailable

    codes: list[str] = []
    away = Away(shop._engine, clock)
    responder = Responder(away, KnowledgeIndex(None), clock=clock, observe=codes.append)
    talk = Conversation(responder, away, DialogueState.new("c", demo.DEMO_CUSTOMER_ID))
    await talk.say(parse("我的订单到哪了", "order_status"))
    assert codes == ["shop_unavailable"]
