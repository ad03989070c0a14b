"""The owner's notice, and words that play to their end."""

from __future__ import annotations

import pytest

from dialogue.knowledge.index import KnowledgeIndex
from dialogue.prompts import NOTICE, Prompts
from dialogue.respond import Responder
from dialogue.state import DialogueState, fold
from dialogue.types import CustomerSaid, Reply
from dialogue.wording import wording
from nlu.types import Language
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import parse, turn

NOTICES: dict[Language, str] = {"zh": "本次通话会被录音。", "en": "This call is recorded."}


def reply(text: str, language: Language = "zh") -> Reply:
    return Reply(1, text, language)


@pytest.mark.parametrize(("language", "notice"), NOTICES.items())
async def test_the_notice_comes_before_the_first_greeting_and_is_heard_to_its_end(
    language: Language, notice: str
) -> None:
    async with opened_demo_shop() as shop:
        responder = Responder(shop, KnowledgeIndex(None), clock=clock, prompts=Prompts(NOTICES))
        state = DialogueState.new("c", language=language)
        greeting = responder.greeting(state)
        assert greeting.text.startswith(notice)
        assert wording(language).say("greeting.first") in greeting.text
        assert not greeting.interruptible
        again = responder.greeting(fold(state, CustomerSaid(turn(1, parse("你好", "greet")))))
        assert (again.interruptible, notice in again.text) == (True, False)


def test_without_a_notice_the_greeting_stays_as_it_is() -> None:
    assert Prompts({"en": NOTICES["en"]}).opened(reply("您好。")) == reply("您好。")


def test_a_notice_may_be_interruptible() -> None:
    assert Prompts(NOTICES, ()).opened(reply("您好。")).interruptible


@pytest.mark.parametrize(
    ("key", "text", "interruptible"),
    [
        ("done.cancel_order", "订单12345678已经取消。付过的款会原路退回。", False),
        ("done.cancel_order", "先跟您说一下。订单12345678已经取消。付过的款会原路退回。还有呢？", False),
        ("done.cancel_order", "订单12345678已经签收。", True),
        ("orders.ask_number", "没问题。麻烦您说一下八位订单号。", False),
        (NOTICE, "您好。", True),
    ],
)
def test_a_reply_with_these_words_is_not_interruptible(key: str, text: str, interruptible: bool) -> None:
    assert Prompts(uninterruptible=(key,)).marked(reply(text)).interruptible is interruptible


def test_a_key_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match=r"no\.such"):
        Prompts(uninterruptible=("no.such",))


async def test_the_responder_marks_what_it_yields() -> None:
    async with opened_demo_shop() as shop:
        prompts = Prompts(uninterruptible=("smalltalk.goodbye", "no_input.elsewhere.person", "apology.turn_timeout"))
        responder = Responder(shop, KnowledgeIndex(None), clock=clock, prompts=prompts)
        state = DialogueState.new("c")
        bye = turn(1, parse("再见", "goodbye"))
        said = [item async for item in responder.respond(state, bye, _NoActions()) if isinstance(item, Reply)]
        assert [item.interruptible for item in said] == [False]
        assert not responder.no_input(state, 1, 3, can_type=False).interruptible
        assert responder.no_input(state, 1, 1).interruptible
        assert not responder.apology("turn_timeout", state).interruptible


class _NoActions:
    """Nothing here writes."""

    async def run(self, action: object) -> None:
        raise AssertionError(action)
