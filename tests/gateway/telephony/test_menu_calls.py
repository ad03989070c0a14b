"""Calls through the example menu, over Twilio's stream: keys, recording with consent, the assistant, a person."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from dialogue.menu import load_menu
from dialogue.state import DialogueState, fold_all
from dialogue.types import HandedOff, Reply, ReplyAction
from gateway.telephony.menu_reception import ConsentWatch, MenuReception, place_of
from gateway.telephony.reception import Reception
from tests.dialogue.menu.test_menu import NOON
from tests.fakes_core import FakeResponder, FakeUnderstanding, House
from tests.gateway.channels.test_twilio import Rest, called, house
from tests.gateway.doors import served
from tests.media_double import MediaDouble

EXAMPLE = Path(__file__).parents[3] / "deploy" / "phone_menu.yaml"
MENU = load_menu(EXAMPLE)
ALWAYS_OPEN = MENU.model_copy(
    update={"nodes": {**MENU.nodes, "agent": MENU.nodes["agent"].model_copy(update={"when_closed": None})}}
)


def recorded(scripted: House, folder: Path) -> House:
    phone = scripted.settings.phone.model_copy(update={"recordings": str(folder)})
    scripted.settings = scripted.settings.model_copy(update={"phone": phone})
    return scripted


def said(scripted: House) -> list[str]:
    return [text for text, _ in scripted.said]


async def reached(double: MediaDouble, scripted: House, node: str) -> None:
    """Until the call is at this node."""

    def steps() -> list[str]:
        return [event.step for event in scripted.store.events if getattr(event, "step", None)]

    await double.until(lambda: bool(steps()) and steps()[-1] == node)


async def test_a_caller_types_an_order_number_and_the_assistant_is_asked(tmp_path: Path) -> None:
    scripted = recorded(house(frames_per_character=1), tmp_path)
    async with served(scripted, menu=MENU) as door, called(door) as double:
        await double.until(lambda: double.heard_bytes > 3000)
        await double.press("1")
        await reached(double, scripted, "main")
        await double.press("1")
        await reached(double, scripted, "order")
        await double.press("89071234#")
        await double.until(lambda: any("reading" in str(event) for event in scripted.store.events[-4:]))
        await double.press("1")
        await double.until(lambda: ("您的包裹已经到了杭州。 预计明天下午送到。", True) in scripted.said)
        await double.hang_up()
    (turn,) = scripted.responder.turns
    assert turn.text == "我的订单89071234到哪了"
    (recording,) = tmp_path.iterdir()  # noqa: ASYNC240
    with wave.open(str(recording)) as file:
        assert file.getnchannels() == 2
        frames = file.getnframes()
        right = file.readframes(frames)[2::4]
    assert frames > 8000
    assert any(right), "our side is on it"


async def test_who_refuses_is_not_recorded(tmp_path: Path) -> None:
    scripted = recorded(house(frames_per_character=1), tmp_path)
    async with served(scripted, menu=MENU) as door, called(door) as double:
        await double.press("2")
        await reached(double, scripted, "main")
        await double.until(lambda: any("查询订单" in text for text in said(scripted)))
        await double.hang_up()
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240


async def test_the_menu_puts_a_caller_through_to_its_own_number_with_a_summary() -> None:
    rest = Rest()
    async with rest.served() as url:
        scripted = house(frames_per_character=1, account_sid="AC1", api_url=url)
        async with served(scripted, menu=ALWAYS_OPEN) as door, called(door) as double:
            await double.press("2")
            await reached(double, scripted, "main")
            await double.press("0")
            await double.closed.wait()
        ((_, _, form),) = rest.asked
        number = ET.fromstring(form["Twiml"]).find("Dial/Number")
        assert number is not None
        assert number.text == "8000"
    (handed,) = [event for event in scripted.store.events if isinstance(event, HandedOff)]
    assert handed.reason == "menu"


def reception(menu: Any = ALWAYS_OPEN, **changes: Any) -> MenuReception:
    inner: Any = FakeResponder()
    understanding: Any = FakeUnderstanding()
    options = {"transfers": True, "puts_through": True, "clock": lambda: NOON, **changes}
    return MenuReception(inner, menu, understanding, **options)


def test_silence_is_answered_by_the_prompt_and_in_the_end_by_a_person() -> None:
    door = reception()
    state = fold_all(DialogueState.new("phone-test"), door.opening("zh"))
    assert place_of(state) is not None
    assert door.greeting(state).text == door.no_input(state, 1, 1).text
    place = state.task
    assert place is not None
    state = replace(state, task=replace(place, step="main"))
    assert door.no_input(state, 1, 2).action is ReplyAction.SAY
    last = door.no_input(state, 1, 3)
    assert (last.action, last.cards[0].data["to"]) == (ReplyAction.TRANSFER, "8000")
    assert reception(puts_through=False).no_input(state, 1, 3).action is ReplyAction.HAND_OFF


def test_a_notice_comes_first_and_is_consent() -> None:
    data = MENU.model_dump(by_alias=True)
    data["recording"] = {"consent": "notice", "notice": {"zh": "通话将被录音。", "en": "This call is recorded."}}
    menu = type(MENU).model_validate(data)
    door = reception(menu)
    state = fold_all(DialogueState.new("phone-test"), door.opening("zh"))
    greeting = door.greeting(state)
    assert greeting.text.startswith("通话将被录音。")
    assert not greeting.interruptible
    assert ConsentWatch(menu)(state)
    assert not ConsentWatch(None)(state)


@pytest.mark.parametrize(("transfers", "action"), [(True, ReplyAction.TRANSFER), (False, ReplyAction.HAND_OFF)])
async def test_without_somebody_to_transfer_to_a_hand_off_stays_one(transfers: bool, action: ReplyAction) -> None:
    inner: Any = FakeResponder()
    reply = Reply(1, "转人工。", "zh", is_last=True, action=ReplyAction.HAND_OFF)
    inner.answer = lambda turn, actions: _one(reply)
    turn: Any = type("T", (), {"turn_id": 1, "parse": type("P", (), {"intent": "talk_to_human"})})
    state = DialogueState.new("phone-test")
    runner: Any = None
    items = [item async for item in Reception(inner, transfers=transfers).respond(state, turn, runner)]
    assert [item.action for item in items if isinstance(item, Reply)] == [action]


async def _one(reply: Reply) -> Any:
    yield reply
