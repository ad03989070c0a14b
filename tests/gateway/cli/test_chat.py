"""``kefu chat``: one message, a dialogue, refusals."""

from __future__ import annotations

import asyncio
import json

from typer.testing import CliRunner, Result

from gateway.__main__ import app
from tests.gateway.doors import house_with, served


async def chat(*arguments: str, typed: str | None = None) -> Result:
    """Run ``kefu chat`` beside the gateway of this test."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["chat", *arguments], input=typed)


async def test_one_message() -> None:
    async with served() as door:
        result = await chat("我的订单什么时候到", "--url", door.url)
    assert result.exit_code == 0, result.output
    assert result.stdout == "您的包裹已经到了杭州。\n预计明天下午送到。\n"


async def test_one_message_as_json_and_going_on() -> None:
    async with served() as door:
        first = json.loads((await chat("一", "--url", door.url + "/", "--json")).stdout)
        again = await chat("二", "--url", door.url, "--json", "--conversation", first["conversation_id"])
    assert first["intent"] == "order_status"
    assert first["turn_id"] == 1
    assert json.loads(again.stdout)["turn_id"] == 2


async def test_an_answer_explained() -> None:
    async with served() as door:
        once = await chat("我的订单什么时候到", "--url", door.url, "--explain")
        talk = await chat("--url", door.url, "--explain", typed="我的订单什么时候到\n\n")
        told = json.loads((await chat("我的订单", "--url", door.url, "--explain", "--json")).stdout)
    for shown in (once.stdout, talk.stdout):
        assert "intent    order_status 0.90" in shown
        assert "then      order_status (start)" in shown
    assert told["explanation"]["tension"] == {"level": "calm", "score": 0.0, "reasons": []}


async def test_a_dialogue_ends_with_an_empty_line_or_the_end_of_input() -> None:
    for typed in ("一\n二\n\n", "一\n二\n"):
        house = house_with()
        async with served(house) as door:
            result = await chat("--url", door.url, typed=typed)
        assert result.exit_code == 0, result.output
        assert [turn.turn_id for turn in house.responder.turns] == [1, 2], "one conversation"
        assert result.stdout.count("预计明天下午送到。") == 2
        assert "order_status 0.90" in result.stdout


async def test_words_in_brackets_are_words() -> None:
    house = house_with()
    house.responder.replies = ("[bold]按[/] [回车]",)
    async with served(house) as door:
        result = await chat("--url", door.url, typed="你好\n\n")
    assert "[bold]按[/] [回车]" in result.stdout


async def test_a_refusal_is_one_line() -> None:
    async with served(house_with(api_keys=("right",))) as door:
        refused = await chat("你好", "--url", door.url, "--api-key", "wrong")
        assert refused.exit_code == 1
        (line,) = refused.stderr.strip().splitlines()
        assert line.startswith("kefu: the gateway refused: a valid API key is needed")
        taken = await chat("你好", "--url", door.url, "--api-key", "right")
        assert taken.exit_code == 0
        blank = await chat("   ", "--url", door.url, "--api-key", "right")
        assert blank.exit_code == 1
        assert len(blank.stderr.strip().splitlines()) == 1


async def test_something_else_on_the_port_is_one_line() -> None:
    async with served() as door:
        result = await chat("你好", "--url", f"{door.url}/web")
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


async def test_a_wrong_setting_is_one_line() -> None:
    result = await asyncio.to_thread(
        CliRunner(env={"KEFU_GATEWAY_PORT": "many"}).invoke, app, ["doctor", "--json"]
    )  # fmt: skip
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert "gateway.port" in line
    assert "KEFU_GATEWAY_PORT" in line
