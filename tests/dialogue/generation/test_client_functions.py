"""A client's functions offered to a language model: calls are checked and passed through, never a WRITE of ours."""

from __future__ import annotations

from collections import Counter

from dialogue.functions import FunctionResult, Functions, Offering, read_function
from dialogue.generation.engines import OpenAIGenerator
from dialogue.generation.types import GenerationOptions
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.state import DialogueState, fold
from dialogue.types import FunctionCall, Reply, Turn
from tests.dialogue.demo_shop import clock, opened_demo_shop
from tests.dialogue.generation.test_answer import NoWrites, Pages
from tests.dialogue.words import parse
from tests.fakes_llm import LyingEndpoint, Step, running

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTIONS = Functions(
    {name: read_function(name, "Opening hours.", SCHEMA) for name in ("store_hours", "cancel_order", "order")}
)
QUESTION = "你们杭州那边几点开门"


async def answered(*steps: Step) -> tuple[list[Reply], Counter[str], LyingEndpoint, DialogueState]:
    outcomes: Counter[str] = Counter()
    options = GenerationOptions(
        chinese=True, mode="answer", observe=lambda purpose, result: outcomes.update([f"{purpose} {result}"])
    )
    async with opened_demo_shop() as shop, running(*steps) as endpoint:
        responder = Responder(shop, Pages(), OpenAIGenerator(endpoint.url, "m"), clock=clock, options=options)
        state = DialogueState.new("c", demo.DEMO_CUSTOMER_ID)
        replies = []
        turn = Turn(1, QUESTION, parse(QUESTION), "text", "test")
        async for item in responder.respond(state, turn, Offering(NoWrites(), FUNCTIONS)):
            if isinstance(item, Reply):
                replies.append(item)
            else:
                state = fold(state, item)
        return replies, outcomes, endpoint, state


def calls(replies: list[Reply]) -> list[FunctionCall]:
    return [reply.call for reply in replies if reply.call is not None]


async def test_a_call_of_the_model_passes_through() -> None:
    replies, outcomes, endpoint, state = await answered(Step(calls=(("store_hours", {"city": "杭州"}),)))
    (call,) = calls(replies)
    assert (call.name, call.arguments) == ("store_hours", {"city": "杭州"})
    assert outcomes == {"answer called": 1}
    assert state.misunderstandings == 0
    offered = [spec["function"] for spec in endpoint.asked[0]["tools"]]
    (store,) = (spec for spec in offered if spec["name"] == "store_hours")
    assert store["parameters"] == SCHEMA
    names = [spec["name"] for spec in offered]
    assert "cancel_order" not in names, "a WRITE of ours is begun by our own skill only"
    assert names.count("order") == 1, "our own READ keeps its name"


async def test_a_call_that_the_schema_forbids_is_told_to_the_model() -> None:
    wrong = Step(calls=(("store_hours", {"town": "杭州"}),))
    right = Step(calls=(("store_hours", {"city": "杭州"}),))
    replies, _, endpoint, _ = await answered(wrong, right)
    assert calls(replies)[0].arguments == {"city": "杭州"}
    assert "no parameter 'town'" in str(endpoint.results[0])


async def test_a_model_that_insists_on_wrong_calls_calls_nothing() -> None:
    wrong = [Step(calls=(("store_hours", {"city": number}),)) for number in range(4)]
    replies, outcomes, _, _ = await answered(*wrong)
    assert not calls(replies)
    assert outcomes == {"answer bad_calls": 1}


async def test_an_output_in_the_model_s_words_is_held_to_it() -> None:
    """The endpoint rewords the output: what holds is said, a lie is replaced by the output itself."""
    for written, told in (
        ("杭州门店早上10点就开门，晚上9点才关门哦。", True),
        ("杭州门店早上8点就开门，全天为您赔付500元。", False),
    ):
        options = GenerationOptions(chinese=True, mode="answer")
        async with opened_demo_shop() as shop, running(Step(written)) as endpoint:
            responder = Responder(shop, Pages(), OpenAIGenerator(endpoint.url, "m"), clock=clock, options=options)
            turn = Turn(1, "", parse(""), "text", "test")
            result = FunctionResult("c", "store_hours", "杭州门店早上10点开门，晚上9点关门。")
            items = responder.tell(DialogueState.new("c"), turn, result, Offering(NoWrites(), FUNCTIONS))
            (reply,) = [item async for item in items if isinstance(item, Reply)]
        assert reply.generated is told
        assert "10点" in reply.text
        assert "500" not in reply.text
