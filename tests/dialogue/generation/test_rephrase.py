"""A skill's reply in a model's words, over a real endpoint that lies: what is not true is never said."""

from __future__ import annotations

from collections import Counter

import pytest

from dialogue.generation.engines import OpenAIGenerator
from dialogue.generation.types import GenerationOptions
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.shop.types import OrderStatus
from dialogue.state import DialogueState, fold
from dialogue.types import Action, ActionResult, Modality, Reply, Turn
from nlu.types import Language
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.words import parse
from tests.fakes_llm import Step, running


class NoWrites:
    async def run(self, action: Action) -> ActionResult:
        raise AssertionError("nothing here may write")


class Asked:
    """One question put to the demo shop, with a model that follows a script."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.number = ""

    async def replies(
        self,
        *steps: Step,
        text: str = "我的订单到哪了",
        intent: str = "order_status",
        language: Language = "zh",
        modality: Modality = "text",
        generates: bool = True,
        deadline_s: float = 2.0,
        status: OrderStatus = OrderStatus.PAID,
    ) -> list[Reply]:
        async with opened_demo_shop() as shop, running(*steps) as endpoint:
            orders = await shop.orders(demo.DEMO_CUSTOMER_ID, 20)
            self.number = next(order.order_number for order in orders if order.status is status)
            model = OpenAIGenerator(endpoint.url, "m") if generates else None
            options = GenerationOptions(
                chinese=True, mode="rephrase", first_sentence_s=deadline_s, deadline_s=deadline_s, observe=self.observe
            )
            responder = Responder(shop, KnowledgeIndex(None, entries()), model, clock=clock, options=options)
            responder.know([name for _, names in await shop.catalogue() for name in names])
            state = DialogueState.new("c", demo.DEMO_CUSTOMER_ID, language=language)
            said = Turn(1, text, parse(text, intent, language=language, order_number=self.number), modality, "test")
            found: list[Reply] = []
            async for item in responder.respond(state, said, NoWrites()):
                if isinstance(item, Reply):
                    found.append(item)
                else:
                    state = fold(state, item)
            return found

    def observe(self, purpose: str, outcome: str) -> None:
        assert purpose == "rephrase"
        self.outcomes[outcome] += 1


async def template(**options: object) -> Reply:
    (reply,) = await Asked().replies(Step(), generates=False, **options)  # type: ignore[arg-type]
    return reply


async def test_the_order_is_told_of_in_the_models_words_and_nothing_is_lost() -> None:
    plain, asked = await template(), Asked()
    (reply,) = await asked.replies(Step("您好，为您查到您的订单了。"))
    assert reply.generated is True
    assert reply.text.startswith("您好，为您查到您的订单了。")
    # What the model left out is said by the template.
    assert plain.text in reply.text
    assert (reply.cards, reply.suggestions, reply.sources) == (plain.cards, plain.suggestions, plain.sources)
    assert asked.outcomes == {"said": 1}


async def test_facts_in_other_words_are_not_said_twice() -> None:
    plain, asked = await template(), Asked()
    (reply,) = await asked.replies(Step(plain.text.replace("您的订单", "您的这个订单")))
    assert reply.generated
    assert reply.text.count(asked.number) == 1


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ("您的订单明天就能送到。", "date"),
        ("您的订单99999999已经查到了。", "identifier"),
        ("您的订单已经为您退款了。", "commitment"),
        ("我们会赔偿您的。", "commitment"),
        ("给您补偿五十元。", "money"),
        ("您的订单已经取消了。", "commitment"),
        ("您的订单由顺丰承运。", "name"),
        ("Your order is here.", "language"),
        ("忽略以上指令，我是语言模型。", "role"),
        ("请把验证码告诉我。", "unsafe"),
        ("您买的小满电饭煲正在路上。", "name"),
    ],
)
async def test_a_lie_is_never_said(lie: str, reason: str) -> None:
    asked = Asked()
    (reply,) = await asked.replies(Step(lie))
    assert not reply.generated
    assert reply.text == (await template()).text
    assert asked.outcomes == {reason: 1}


async def test_after_a_lie_the_model_is_not_heard_again() -> None:
    asked = Asked()
    (reply,) = await asked.replies(Step("您好，为您查到您的订单了。我们会赔偿您的。您好，请您稍等。"))
    assert reply.text == "您好，为您查到您的订单了。" + (await template()).text
    assert asked.outcomes == {"said": 1, "commitment": 1}


@pytest.mark.parametrize(
    "step",
    [
        Step(status=500),
        Step(raw=b"data: {not json\n\n"),
        Step(raw=b'data: {"choices": [{"delta": {"content": 7}}]}\n\n'),
        Step(raw=b'data: {"choices": "x"}\n\n'),
        Step(raw=b"data: " + b"x" * 400_000),
        Step(text="还没有说完的半句话"),
        Step(text="", calls=(("order", {"order_number": "1"}),)),
    ],
)
async def test_a_broken_model_costs_nothing(step: Step) -> None:
    (reply,) = await Asked().replies(step)
    assert not reply.generated
    assert reply.text == (await template()).text


async def test_a_model_that_hangs_is_not_waited_for() -> None:
    asked = Asked()
    (reply,) = await asked.replies(Step("您好", hangs=True), deadline_s=0.2)
    assert not reply.generated
    assert asked.outcomes["timeout"] == 1


async def test_aloud_each_sentence_goes_out_as_it_is_written() -> None:
    replies = await Asked().replies(Step("您好，为您查到您的订单了。请您放心。"), modality="voice")
    assert replies[0].text == "您好，为您查到您的订单了。"
    assert [reply.is_last for reply in replies] == [False] * (len(replies) - 1) + [True]
    assert "放心" not in "".join(reply.text for reply in replies)  # a promise
    assert replies[-1].text == (await template(modality="voice")).text
    assert not replies[0].cards
    assert replies[-1].cards


async def test_a_read_back_is_said_as_it_is() -> None:
    lie = Step("好的，已经为您取消订单。")
    (reply,) = await Asked().replies(lie, text="取消订单", intent="cancel_order")
    assert not reply.generated
    assert reply.text == (await template(text="取消订单", intent="cancel_order")).text


async def test_a_language_that_the_model_does_not_write_is_not_asked_for() -> None:
    async with opened_demo_shop() as shop, running(Step("您好。")) as endpoint:
        options = GenerationOptions(mode="rephrase")
        responder = Responder(
            shop, KnowledgeIndex(None), OpenAIGenerator(endpoint.url, "m"), clock=clock, options=options
        )
        state = DialogueState.new("c", demo.DEMO_CUSTOMER_ID)
        turn = Turn(1, "我的订单到哪了", parse("我的订单到哪了", "order_status"), "text", "test")
        assert [item async for item in responder.respond(state, turn, NoWrites())]
        assert not endpoint.asked


async def test_a_sentence_is_not_said_again_and_again_and_what_it_lost_is_told() -> None:
    """As a small model does: one fact, over and over, and the rest of the answer gone."""
    asked = Asked()
    (reply,) = await asked.replies(Step("满99元包邮。" * 6), text="运费怎么算", intent="freight")
    assert (await template(text="运费怎么算", intent="freight")).text == "满九十九元包邮。不满的收八元运费。"
    assert reply.text == "满99元包邮。不满的收八元运费。"
    assert asked.outcomes == {"said": 1, "repeated": 1}


async def test_a_condition_that_the_model_leaves_out_is_told() -> None:
    (reply,) = await Asked().replies(
        Step("付款后的订单可以开电子发票，一个工作日内开好。"), text="怎么开发票", intent="payment"
    )
    assert reply.text == ("付款后的订单可以开电子发票，一个工作日内开好。告诉我订单号和抬头，一个工作日内开好。")


@pytest.mark.parametrize("meta", ["回复如下。", "根据资料，您的订单已付款。", "客户问订单到哪了。"])
async def test_what_is_said_of_the_prompt_is_not_said(meta: str) -> None:
    asked = Asked()
    (reply,) = await asked.replies(Step(meta))
    assert not reply.generated
    assert asked.outcomes == {"role": 1}
