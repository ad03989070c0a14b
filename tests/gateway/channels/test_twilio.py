"""Calls over Twilio Media Streams: streamdouble as the client, and a double that echoes marks on clear."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from streamdouble import audio as double_audio
from streamdouble.chaos import Impairments
from streamdouble.protocol import StreamIdentity
from streamdouble.scenario import Dtmf, Hangup, Say, Scenario, Step, Wait, WaitFor
from streamdouble.session import Session, SessionConfig, SessionResult
from twilio.request_validator import RequestValidator

from dialogue.types import ActionRunner, Card, HandedOff, Reply, ReplyAction, Said, Turn
from gateway.config import Gateway, Phone, Settings, Twilio
from speech import g711
from speech.audio import pcm_from_float
from tests.fakes import audio_of
from tests.fakes_core import House, Item
from tests.fakes_tts import FakeTts
from tests.gateway.doors import Door, served
from tests.media_double import MediaDouble, connected
from tests.provider_doubles import PUBLIC, parameters, shape, stream, twilio_webhook
from tests.provider_doubles import TWILIO_CALL as CALL
from tests.provider_doubles import TWILIO_TOKEN as TOKEN


def house(frames_per_character: int = 2, **twilio: Any) -> House:
    settings = Settings(
        gateway=Gateway(),
        phone=Phone(public_url=PUBLIC, agent="+15550100009"),
        twilio=Twilio(auth_token=SecretStr(TOKEN), **twilio),
    )
    return House(tts=FakeTts(frames_per_character=frames_per_character), settings=settings)


def frames_of(script: str) -> list[bytes]:
    """A caller's sound as streamdouble sends it: 20 ms of mu-law."""
    pcm = pcm_from_float(audio_of(script)[::2])
    words = g711.encode(pcm, "ulaw")
    return [words[at : at + 160].ljust(160, b"\xff") for at in range(0, len(words), 160)]


async def simulated(
    door: Door, steps: Sequence[Step], call: str = CALL, given: dict[str, str] | None = None, **config: Any
) -> SessionResult:
    """One call by streamdouble."""
    settings = SessionConfig(
        custom_parameters=await parameters(door.client, "twilio", call) if given is None else given,
        **{"response_timeout_s": 5, "quiet_period_s": 0.4, "max_drain_s": 8, **config},
    )
    url = f"{door.url.replace('http', 'ws')}/v1/twilio/media"
    session = Session(url, scenario=Scenario("t", list(steps)), config=settings, identity=StreamIdentity(call_sid=call))
    return await session.run()


SPEAK = Say(path=double_audio.__spec__.origin, frames=frames_of("20# 10."))  # type: ignore[arg-type, union-attr]


async def test_a_call_is_greeted_understood_and_answered() -> None:
    scripted = house()
    async with served(scripted) as door:
        result = await simulated(door, [WaitFor("quiet"), Wait(0.4), SPEAK, Wait(4), Hangup()])
    assert not result.violations, result.violations
    assert result.audio_received
    assert scripted.responder.turns[0].channel == "twilio"
    assert scripted.said[0] == ("您好，请问有什么可以帮您？", True)
    assert ("您的包裹已经到了杭州。 预计明天下午送到。", True) in scripted.said


async def test_keys_reach_the_dialogue() -> None:
    scripted = house()
    async with served(scripted) as door:
        await simulated(door, [WaitFor("audio"), Dtmf("8907#"), Wait(0.5), WaitFor("quiet"), Hangup()])
    assert [turn.text for turn in scripted.responder.turns] == ["8907"]


async def test_the_caller_interrupts_and_only_what_was_heard_is_remembered() -> None:
    scripted = house(frames_per_character=20)
    async with served(scripted) as door:
        result = await simulated(door, [WaitFor("audio"), Wait(0.6), SPEAK, WaitFor("clear"), Wait(0.8), Hangup()])
    assert not result.violations
    greeting, complete = scripted.said[0]
    assert not complete
    assert greeting
    assert "您好，请问有什么可以帮您？".startswith(greeting)


async def test_words_are_heard_although_sound_is_lost() -> None:
    scripted = house()
    async with served(scripted) as door:
        result = await simulated(
            door,
            [WaitFor("quiet"), Wait(0.4), SPEAK, Wait(4), Hangup()],
            impairments=Impairments(loss=0.05, jitter_ms=20),
        )
    assert not result.violations
    assert result.frames_dropped > 0
    assert scripted.responder.turns, "the words were heard in spite of it"


@pytest.mark.parametrize("case", ["none", "wrong", "of another call", "used"])
async def test_a_stream_without_its_pass_is_refused(case: str) -> None:
    async with served(house()) as door:
        good = await parameters(door.client, "twilio")
        given = {
            "none": {},
            "wrong": {**good, "kefu_pass": "00" * 16},
            "of another call": await parameters(door.client, "twilio", CALL[:-1] + "8"),
            "used": good,
        }[case]
        if case == "used":
            await simulated(door, [WaitFor("audio"), Hangup()], given=good)
        result = await simulated(door, [Wait(0.3)], given=given, response_timeout_s=0.5)
        assert not result.audio_received
        assert result.closed_before_audio


async def test_only_what_twilio_signed_is_answered() -> None:
    async with served(house()) as door:
        form = {"CallSid": CALL}
        for path in ("/v1/twilio/voice", "/v1/twilio/status", "/v1/twilio/whisper?call=x"):
            status, _ = await twilio_webhook(door.client, path, form, signed="c2lnbmVk")
            assert status == 403, path
        async with door.client.get(
            "/v1/twilio/media",
            headers={"X-Twilio-Signature": "x", "Upgrade": "websocket", "Connection": "Upgrade"},
        ) as response:
            assert response.status == 403
        status, _ = await twilio_webhook(
            door.client, "/v1/twilio/status", {"StreamEvent": "stream-error", "StreamError": "31921"}
        )
        assert status == 204
    async with served(House()) as door:
        status, text = await twilio_webhook(door.client, "/v1/twilio/voice", form)
        assert status == 403
        assert "channel_off" in text


async def test_a_full_house_rejects_before_a_stream_is_opened() -> None:
    async with served(house(), voice=None) as door:
        _, document = await twilio_webhook(door.client, "/v1/twilio/voice", {"CallSid": CALL})
        assert ET.fromstring(document).find("Reject") is not None


async def test_a_stream_that_says_nothing_is_let_go() -> None:
    async with served(house()) as door:
        socket = await door.client.ws_connect("/v1/twilio/media")
        for _ in range(25):
            await socket.send_str("garbage")
        message = await socket.receive(timeout=3)
        assert socket.close_code == 1008, message


# --- a double that echoes marks on clear, and Twilio's REST ----------------------------------------------------------


@asynccontextmanager
async def called(door: Door) -> AsyncIterator[MediaDouble]:
    async with stream(door.client, "twilio", await parameters(door.client, "twilio")) as double:
        yield double


async def test_marks_echoed_on_clear_are_not_taken_for_played() -> None:
    scripted = house(frames_per_character=20)
    async with served(scripted) as door, called(door) as double:
        await double.until(lambda: double.heard_bytes > 8000)
        heard_bytes = double.heard_bytes
        await double.press("1")
        await double.until(lambda: double.clears == 1)
        await double.until(lambda: any(isinstance(event, Said) for event in scripted.store.events))
        await double.hang_up()
    text, complete = scripted.said[0]
    assert not complete
    whole = "您好，请问有什么可以帮您？"
    assert len(text) <= heard_bytes / 8000 / (20 * 0.02) + 2, (text, heard_bytes)
    assert whole.startswith(text)
    assert len(set(double.marks)) == len(double.marks)


class Rest:
    """Twilio's REST for one call: keeps what it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.status = status

    async def _update(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((request.path, request.headers["Authorization"], form))
        return web.json_response({}, status=self.status)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/2010-04-01/Accounts/AC1/Calls/{call}.json", self._update)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


async def _hand_off(turn: Turn, actions: ActionRunner) -> AsyncGenerator[Item, None]:
    yield HandedOff("客户要求人工。订单未知。", "asked", {}, "neutral")
    card = Card("handoff", {"summary": "客户要求人工。订单未知。"})
    yield Reply(turn.turn_id, "正在为您转人工。", "zh", (card,), is_last=True, action=ReplyAction.HAND_OFF)


async def test_who_asks_for_a_person_is_put_through_and_the_person_hears_why() -> None:
    rest = Rest()
    async with rest.served() as url:
        scripted = house(account_sid="AC1", api_url=url)
        scripted.responder.answer = _hand_off
        async with served(scripted) as door, called(door) as double:
            await double.press("0#")
            await double.closed.wait()
            (asked,) = rest.asked
            path, authorization, form = asked
            assert path.endswith(f"/Calls/{CALL}.json")
            assert authorization == "Basic " + base64.b64encode(f"AC1:{TOKEN}".encode()).decode()
            number = ET.fromstring(form["Twiml"]).find("Dial/Number")
            assert number is not None
            assert number.text == "+15550100009"
            assert double.heard_bytes >= 8000 * 0.02 * 2 * len("正在为您转人工。") * 0.8, "the words came first"
            address = number.attrib["url"].removeprefix(PUBLIC)
            status, whisper = await twilio_webhook(door.client, address, {"CallSid": CALL})
            assert status == 200
            assert "客户要求人工" in whisper


async def test_a_transfer_that_fails_is_told_and_the_talk_goes_on() -> None:
    rest = Rest(status=500)
    async with rest.served() as url:
        scripted = house(account_sid="AC1", api_url=url)
        hands_off = scripted.responder.answer
        scripted.responder.answer = _hand_off
        async with served(scripted) as door, called(door) as double:
            await double.press("0#")
            await double.until(lambda: ("抱歉（call_control）。", True) in scripted.said)
            scripted.responder.answer = hands_off
            await double.press("8907#")
            await double.until(lambda: ("您的包裹已经到了杭州。 预计明天下午送到。", True) in scripted.said)
            await double.hang_up()
    assert len(rest.asked) == 1, "nobody is called a second time"
    assert scripted.metrics.errors.labels("call_control")._value.get() == 1


async def test_a_goodbye_hangs_up_by_rest_and_a_call_that_is_gone_is_no_error() -> None:
    rest = Rest(status=404)
    async with rest.served() as url:
        scripted = house(account_sid="AC1", api_url=url)
        scripted.understanding.intents["9"] = ("goodbye", 0.9)
        async with served(scripted) as door, called(door) as double:
            await double.press("9#")
            await double.closed.wait()
        assert [form for _, _, form in rest.asked] == [{"Status": "completed"}]


async def test_the_caller_hangs_up_and_nobody_is_asked_to() -> None:
    rest = Rest()
    async with rest.served() as url, served(house(account_sid="AC1", api_url=url)) as door, called(door) as double:
        await double.until(lambda: double.heard_bytes > 0)
        await double.hang_up()
        await asyncio.sleep(0.2)
    assert not rest.asked


async def test_a_signed_upgrade_is_served() -> None:
    async with served(house()) as door:
        given = await parameters(door.client, "twilio")
        signature = RequestValidator(TOKEN).compute_signature("ws://kefu.example.com/v1/twilio/media", {})
        socket = await door.client.ws_connect("/v1/twilio/media", headers={"X-Twilio-Signature": signature})
        async with connected(socket, shape("twilio"), given) as double:
            await double.until(lambda: bool(double.sounds))
            await double.hang_up()
