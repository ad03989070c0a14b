"""Calls that we pace, without a wire: a transfer that fails, a line that falls silent, a line that floods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from dialogue.menu import Menu
from dialogue.types import TaskEnded
from gateway.config import Phone, Settings
from gateway.telephony.call import SILENT_S
from gateway.telephony.control import ControlFailed, Transfer
from gateway.telephony.door import open_line
from gateway.telephony.paced_call import PacedCall
from gateway.telephony.wire import AudioFormat, CallFacts, CallStarted
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.channels.test_twilio import _hand_off
from tests.virtual_time import virtual_time

RATE_HZ = 8000
SILENCE = bytes(320)


@dataclass
class Control:
    """Nobody can be reached."""

    transfers: bool = True
    asked: list[Transfer] = field(default_factory=list)
    hung_up: bool = False

    async def hang_up(self) -> None:
        self.hung_up = True

    async def transfer(self, to: Transfer) -> None:
        self.asked.append(to)
        raise ControlFailed("busy")


@asynccontextmanager
async def line(
    house: House, control: Control, menu: Menu | None = None
) -> AsyncIterator[tuple[PacedCall, asyncio.Task[str]]]:
    """A call that runs; the task gives why it ended."""
    async with asyncio.TaskGroup() as background:
        services = replace(house.services(house.core(background)), menu=menu)
        facts = CallStarted(CallFacts("c1"), AudioFormat(RATE_HZ))
        assert services.voice is not None
        opened = await open_line(services, "sip", facts, control)
        call = PacedCall(services, services.voice, opened, "sip", RATE_HZ)

        async def send(_pcm: bytes) -> None:
            pass

        running = background.create_task(call.serve(send))
        yield call, running
        running.cancel()


async def until(condition: Any, call: PacedCall) -> None:
    """The caller is silent until this holds."""
    async with asyncio.timeout(60):
        while not condition():
            call.sound(SILENCE)
            await asyncio.sleep(0.02)


def house() -> House:
    return House(tts=FakeTts(frames_per_character=1), settings=Settings(phone=Phone(agent="8000")))


@virtual_time
async def test_a_transfer_that_fails_is_told_and_the_talk_goes_on() -> None:
    scripted, control = house(), Control()
    answers = scripted.responder.answer
    scripted.responder.answer = _hand_off
    async with line(scripted, control) as (call, running):
        call.key("0")
        call.key("#")
        await until(lambda: ("抱歉（call_control）。", True) in scripted.said, call)
        scripted.responder.answer = answers
        for key in "8907#":
            call.key(key)
        await until(lambda: ("您的包裹已经到了杭州。 预计明天下午送到。", True) in scripted.said, call)
        call.gone()
        assert await running == "disconnected"
    assert [to.to for to in control.asked] == ["8000"]
    assert TaskEnded("failed") in scripted.store.events, "the dialogue has the caller back"
    assert not control.hung_up, "the caller did"


@virtual_time
async def test_who_leaves_while_the_transfer_fails_is_not_talked_to() -> None:
    scripted, control = house(), Control()
    scripted.responder.answer = _hand_off
    async with line(scripted, control) as (call, running):
        call.key("0")
        call.key("#")
        await until(lambda: bool(control.asked), call)
        call.gone()
        async with asyncio.timeout(1):
            assert await running == "disconnected"


@virtual_time
async def test_a_line_that_falls_silent_ends_although_our_prompts_go_on() -> None:
    scripted, control = house(), Control()
    loop = asyncio.get_running_loop()
    async with line(scripted, control) as (call, running):
        call.sound(SILENCE)
        began_s = loop.time()
        assert await running == "disconnected"
        assert loop.time() - began_s < SILENT_S + 1
    assert len(scripted.said) > 1, "there was a prompt, which was reported as played"


@virtual_time
async def test_a_line_that_floods_ends_the_call() -> None:
    scripted, control = house(), Control()
    async with line(scripted, control) as (call, running):
        for _ in range(4000):
            call.sound(SILENCE)
        assert await running == "disconnected"
    assert scripted.metrics.dropped_audio._value.get() > 60


DIGITS = Menu.model_validate(
    {
        "start": "order",
        "nodes": {
            "order": {
                "say": {"zh": "请输入。", "en": "Number, please."},
                "collect": {
                    "name": "order", "min": 3, "max": 8, "first_digit_s": 4, "next_digit_s": 1, "end": "*",
                    "read_back": {"zh": "您输入的是{digits}。", "en": "You entered {digits}."},
                },
                "to": "bye",
                "failed": "bye",
            },
            "bye": {"say": {"zh": "再见。", "en": "Goodbye."}, "hang_up": True},
        },
    }
)  # fmt: skip


def texts(scripted: House) -> list[str]:
    return [text for text, _ in scripted.said]


@virtual_time
async def test_a_caller_who_types_nothing_is_asked_again_when_the_menu_says() -> None:
    scripted = house()
    loop = asyncio.get_running_loop()
    async with line(scripted, Control(), DIGITS) as (call, _):
        await until(lambda: texts(scripted).count("请输入。") == 1, call)
        heard_s = loop.time()
        await until(lambda: texts(scripted).count("请输入。") == 2, call)
        assert 4 <= loop.time() - heard_s < 6
        call.gone()


@virtual_time
@pytest.mark.parametrize(("typed", "rest_s"), [("1234", 1.0), ("1234*", 0.0), ("12345678", 0.0), ("99#1234*", 0.0)])
async def test_a_number_ends_as_the_menu_says(typed: str, rest_s: float) -> None:
    scripted, digits = house(), typed.rpartition("#")[2].strip("*")
    loop = asyncio.get_running_loop()
    async with line(scripted, Control(), DIGITS) as (call, running):
        await until(lambda: "请输入。" in texts(scripted), call)
        for key in typed:
            call.key(key)
        typed_s = loop.time()
        await until(lambda: f"您输入的是{' '.join(digits)}。" in texts(scripted), call)
        assert rest_s <= loop.time() - typed_s < rest_s + 2
        call.key("1")
        assert await running == "goodbye"
    assert texts(scripted)[-1] == "再见。"
