"""POST /v1/message over a real port: the answer's shape, whose conversation it is, and what is refused and how."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Any

import pytest

from dialogue.errors import StoreUnavailable
from dialogue.types import ActionRunner, Card, Reply, ReplyAction, Turn
from tests.fakes_core import House, Item
from tests.gateway.doors import Door, house_with, served


async def say(door: Door, text: object = "我的订单什么时候到", status: int = 200, **body: Any) -> dict[str, Any]:
    headers = body.pop("headers", {})
    async with door.client.post("/v1/message", json={"text": text, **body}, headers=headers) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_message_is_answered() -> None:
    house = house_with()
    async with served(house) as door:
        answer = await say(door)
    assert answer.pop("latency_ms") >= 0
    assert answer.pop("conversation_id").startswith("rest-")
    assert answer == {
        "turn_id": 1, "text": "您的包裹已经到了杭州。\n预计明天下午送到。", "language": "zh", "intent": "order_status",
        "confidence": 0.9, "slots": {}, "sentiment": "neutral", "classifier": "triton", "degraded": False, "cards": [],
        "suggestions": [], "sources": [], "action": "say", "generated": False,
    }  # fmt: skip
    assert [complete for _, complete in house.said] == [True, True]


async def test_an_answer_is_explained_on_request() -> None:
    async with served() as door:
        told = (await say(door, explain=True))["explanation"]
        assert "explanation" not in await say(door, explain=False)
    assert (told["intent"], told["tension"]["level"]) == ("order_status", "calm")
    assert told["choice"] == {"skill": "order_status", "mode": "start", "reason": "order_status"}


async def test_the_answer_joins_what_several_replies_brought() -> None:
    house = house_with()

    async def answer(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
        card = Card("product", {"price": Decimal("19.9"), "name": "杯子"})
        yield Reply(turn.turn_id, "有货。", "zh", cards=(card,), sources=("shop:product",))
        yield Reply(turn.turn_id, "为您转人工。", "zh", action=ReplyAction.HAND_OFF, generated=True)
        yield Reply(turn.turn_id, "", "zh", suggestions=("好的",), sources=("faq:a",), is_last=True)

    house.responder.answer = answer
    async with served(house) as door:
        said = await say(door)
    assert said["text"] == "有货。\n为您转人工。"
    assert said["cards"] == [{"kind": "product", "data": {"price": "19.90", "name": "杯子"}}]
    assert said["sources"] == ["shop:product", "faq:a"]
    assert (said["suggestions"], said["action"], said["generated"]) == (["好的"], "hand_off", True)


async def test_the_conversation_id_keeps_the_dialogue() -> None:
    house = house_with()
    async with served(house) as door:
        first = await say(door, "一")
        second = await say(door, "二", conversation_id=first["conversation_id"])
        other = await say(door, "三")
    assert second["conversation_id"] == first["conversation_id"]
    assert [first["turn_id"], second["turn_id"], other["turn_id"]] == [1, 2, 1]
    assert other["conversation_id"] != first["conversation_id"]


async def test_a_chosen_id_cannot_name_its_way_into_another_door() -> None:
    async with served() as door, await door.socket() as socket:
        await socket.send(type="start", version=1, greet=False)
        voice = (await socket.next())["conversation_id"]
        assert voice.startswith("web-")
        answer = await say(door, conversation_id=voice)
        assert answer["conversation_id"].startswith("rest-")
        assert answer["turn_id"] == 1


async def test_a_chosen_name_is_the_callers_own() -> None:
    async with served(house_with(trusted_proxies=("127.0.0.1",))) as door:
        anna, again = await say(door, conversation_id="anna"), await say(door, conversation_id="anna")
        assert (again["conversation_id"], again["turn_id"]) == (anna["conversation_id"], 2)
        body = {"text": "你好", "conversation_id": "anna"}
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        async with door.client.post("/v1/message", json=body, headers=elsewhere) as response:
            other = await response.json()
    assert other["conversation_id"] != anna["conversation_id"]
    assert other["turn_id"] == 1


async def test_a_server_with_a_key_names_conversations_as_it_likes() -> None:
    async with served(house_with(api_keys=("k" * 20,))) as door:
        headers = {"Authorization": f"Bearer {'k' * 20}"}
        body = {"text": "你好", "conversation_id": "anna"}
        async with door.client.post("/v1/message", json=body, headers=headers) as response:
            assert (await response.json())["conversation_id"] == "rest-anna"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_message"),
        (b"{", "bad_json"),
        (b"\xff\xfe\xff", "bad_json"),
        (b"[" * 60_000, "bad_json"),
        (b'{"text": ' + b"1" * 5000 + b"}", "bad_json"),
        (b"[]", "bad_message"),
        (b'"text"', "bad_message"),
        (b"null", "bad_message"),
        (b"{}", "bad_message"),
        (b'{"text": null}', "bad_message"),
        (b'{"text": 5}', "bad_message"),
        (b'{"text": ["a"]}', "bad_message"),
        (b'{"text": ""}', "bad_message"),
        (b'{"text": " \\n\\u3000"}', "bad_message"),
        (b'{"text": "\\u0000"}', "bad_message"),
        (json.dumps({"text": "x" * 2001}).encode(), "bad_message"),
        (b'{"text": "a", "language": "fr"}', "bad_message"),
        (b'{"text": "a", "language": ["zh"]}', "bad_message"),
        (b'{"text": "a", "conversation_id": 5}', "bad_message"),
        (b'{"text": "a", "conversation_id": ""}', "bad_message"),
        (b'{"text": "a", "conversation_id": "a\\u0000b"}', "bad_message"),
        (b'{"text": "a", "conversation_id": "\\ud800"}', "bad_message"),
        (json.dumps({"text": "a", "conversation_id": "x" * 129}).encode(), "bad_message"),
    ],
)
async def test_bad_bodies(body: bytes, code: str) -> None:
    house = house_with()
    async with (
        served(house) as door,
        door.client.post("/v1/message", data=body, headers={"Content-Type": "application/json"}) as response,
    ):
        assert response.status == 400
        assert response.content_type == "application/json"
        error = (await response.json())["error"]
        assert error["code"] == code
        assert error["message"]
        assert "Traceback" not in await response.text()
    assert house.responder.turns == []


async def test_other_content_is_no_message() -> None:
    async with served() as door:
        async with door.client.post("/v1/message", data={"text": "你好"}) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (400, "bad_json")
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        async with door.client.post("/v1/message", data=b"not gzip", headers=headers) as response:
            assert response.status == 400
            assert (await response.json())["error"]["code"] == "bad_body"


async def test_a_body_too_large() -> None:
    async with served(house_with(max_body_bytes=1024)) as door:
        answer = await say(door, "x" * 2000, status=413)
        assert answer["error"]["code"] == "body_too_large"
        assert "1024" in answer["error"]["message"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800中", "\U0001f600" * 2000, "'; DROP TABLE turns; --", "<script>"])
async def test_odd_text_is_text(text: str) -> None:
    house = house_with()
    async with served(house) as door:
        assert (await say(door, text))["intent"] == "order_status"
    understood = house.responder.turns[0].text
    assert understood == text.replace("\ud800", "\ufffd").replace("\x00", "")
    understood.encode("utf-8")


async def test_wrong_method_and_unknown_path() -> None:
    async with served() as door:
        async with door.client.get("/v1/message") as response:
            assert response.status == 405
            assert response.headers["Allow"] == "POST"
            assert (await response.json())["error"]["code"] == "http_405"
        async with door.client.post("/v1/massage", json={}) as response:
            assert response.status == 404
            assert (await response.json())["error"]["code"] == "http_404"


async def test_speaking_for_a_customer_needs_a_key() -> None:
    async with served() as door:
        assert (await say(door, customer_id="C0002", status=401))["error"]["code"] == "api_key_required"
    house = house_with(api_keys=("one", "two"), demo_customer="C0001")
    async with served(house) as door:
        for headers in ({}, {"Authorization": "Bearer three"}, {"Authorization": "Basic two"}):
            answer = await say(door, headers=headers, status=401)
            assert answer["error"]["code"] == "invalid_api_key"
        answer = await say(door, headers={"Authorization": "Bearer two"}, customer_id="C0002")
        conversation = await door.services.conversations.get(
            answer["conversation_id"], customer_id=None, channel="rest"
        )
        assert conversation.state.customer_id == "C0002"


async def test_the_language_is_passed_on() -> None:
    async with served() as door:
        assert (await say(door, language="en"))["language"] == "zh", "what the reply says, not what was asked"
        for language in ("zh", "en", "auto", None):
            await say(door, language=language)


async def test_broken_understanding_is_an_apology() -> None:
    house = house_with()
    house.understanding.error = ValueError("a bug")
    async with served(house) as door:
        answer = await say(door)
    assert answer["text"] == "抱歉（internal）。"
    assert "intent" not in answer


class AwayStore:
    """Cannot even open a conversation."""

    async def open(self, *_: object) -> bool:
        raise StoreUnavailable("the database is locked")


async def test_a_store_that_is_away_is_said_so() -> None:
    store: Any = AwayStore()
    async with served(House(store=store)) as door:
        answer = await say(door, status=503)
        assert answer["error"]["code"] == "store_unavailable"
        async with door.client.post("/v1/message", json={"text": "a"}) as response:
            assert int(response.headers["Retry-After"]) > 0


async def test_an_unforeseen_error_shows_nothing_of_itself() -> None:
    class BrokenStore:
        async def open(self, *_: object) -> bool:
            raise RuntimeError("secret detail")

    store: Any = BrokenStore()
    async with served(House(store=store)) as door:
        answer = await say(door, status=500)
    assert answer["error"]["code"] == "internal"
    assert "secret" not in json.dumps(answer)
