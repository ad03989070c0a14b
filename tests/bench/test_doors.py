"""First audio of the doors: what an ear hears and when, and what is made of many calls."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from speech.audio import pcm_from_float
from speech.types import LISTEN_RATE_HZ
from tests.bench.doors.call import Call, Heard, ask, speaking
from tests.bench.doors.ear import Ear
from tests.bench.doors.figures import cells, figures, filled, request_figures
from tests.bench.doors.measure import LINES, REQUESTS
from tests.bench.line import Microphone, now_ms
from tests.bench.questions import Question

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
RATE_HZ = 8_000


def sound(*parts: tuple[int, float]) -> bytes:
    """(milliseconds, amplitude), one after the other."""
    return pcm_from_float(np.concatenate([np.full(ms * RATE_HZ // 1000, level, np.float32) for ms, level in parts]))


def test_silence_that_is_sent_all_the_time_sounds_when_the_answer_does() -> None:
    ear = Ear(RATE_HZ)
    for number in range(5):
        ear.push(sound((20, 0)), 1000.0 + number * 20)
    ear.push(sound((5, 0), (10, 0.5), (5, 0)), 1100.0)
    assert (ear.first_ms(), ear.last_ms()) == (1105.0, 1115.0)


def test_a_live_line_that_stalled_once_is_not_late_for_good() -> None:
    late, live = Ear(RATE_HZ), Ear(RATE_HZ, live=True)
    for ear in (late, live):
        for arrived_ms in (1000.0, 1080.0, 1080.0, 1080.0, 1080.0, 1100.0):  # four frames at once
            ear.push(sound((20, 0)), arrived_ms)
        ear.push(sound((20, 0.5)), 1120.0)
    assert (late.first_ms(), live.first_ms()) == (1180.0, 1120.0)


def test_what_comes_at_once_is_heard_one_after_the_other() -> None:
    ear = Ear(RATE_HZ)
    ear.push(sound((100, 0.5)), 1000.0)
    ear.push(sound((50, 0), (10, 0.5)), 1001.0)
    assert ear.last_ms() == 1160.0
    assert ear.first_ms(1001.0) == 1150.0, "the next sound after the question has begun"
    assert ear.first_ms(1151.0) is None


def test_what_is_taken_back_is_never_heard() -> None:
    ear = Ear(RATE_HZ)
    ear.push(sound((100, 0.5)), 1000.0)
    ear.push(sound((100, 0.5)), 1000.0)
    ear.clear(1050.0)
    assert ear.last_ms() == 1050.0
    ear.push(sound((10, 0.5)), 1060.0)
    assert ear.first_ms(1050.0) == 1060.0


async def test_a_call_is_counted_from_the_true_end_of_the_question() -> None:
    ear, spoken = Ear(RATE_HZ), list[tuple[float, bytes]]()

    async def take(pcm: bytes) -> None:
        spoken.append((now_ms(), pcm))

    call = Call(ear, Microphone(take, RATE_HZ), now_ms())
    ear.push(sound((30, 0), (50, 0.5)), call.opened_ms)
    question = Question("?", np.full(LISTEN_RATE_HZ // 2, 0.5, np.float32), 450.0)

    async def answer() -> None:
        while not any(any(pcm) for _, pcm in spoken):  # noqa: ASYNC110 - the question begins
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.6)
        ear.push(sound((100, 0), (50, 0.5)), now_ms())

    async with speaking(call), asyncio.TaskGroup() as group:
        group.create_task(answer())
        heard = await ask(call, question)
    words = [(at_ms, pcm) for at_ms, pcm in spoken if any(pcm)]
    assert heard.greeting_ms == 30.0
    assert sum(len(pcm) for _, pcm in words) == 500 * RATE_HZ // 1000 * 2, "at the door's own rate"
    answered = ear.first_ms(words[0][0])
    assert answered is not None
    assert heard.answer_ms == pytest.approx(answered - (words[0][0] - 20 + 450), abs=15), "20 ms were spoken first"


def test_doors_stand_beside_the_voice_socket() -> None:
    found = figures(
        {
            "web": [Heard(40, 500, (1.0,), {"v2v": 450}), Heard(60, 540, (2.0,), {"v2v": 480})],
            "sip": [Heard(90, 650, (), {"v2v": 500}), Heard(None, 630, (), {"v2v": 500}), Heard(90, None)],
        }
    )
    assert (found["door_web_greeting_p50"].value, found["door_web_answer_max"].value) == (50, 540)
    assert (found["door_sip_answer_p50"].value, found["door_sip_answer_p50"].reference) == (640, 520)
    assert (found["door_sip_share_p50"].value, found["door_sip_share_p50"].reference) == (140, 55)
    assert (found["door_sip_unanswered"].value, found["door_sip_unanswered"].met) == (1, False)
    assert found["door_client_late_p99"].value == 2.0


def test_an_answer_before_the_end_of_the_question_is_none() -> None:
    found = figures({"web": [Heard(40, -300, (), {"v2v": 450})]})
    assert found["door_web_unanswered"].value == 1
    assert "door_web_answer_p50" not in found
    assert "door_web_share_p50" not in found


def test_the_table_of_the_readme_is_filled() -> None:
    results = figures({"web": [Heard(40, 500)], "sip": [Heard(None, 640)]}) | request_figures({"speech": [80, 100, 90]})
    made = cells({name: {"value": result.value} for name, result in results.items()})
    assert made == {"web": "40 / 500 (500)", "sip": "- / 640 (640)", "speech": "90 (100)"}
    rows = "| `web` the page | a | b | old | c |\n| `sip` | a | b | - | c |\n| `speech` | a | b | | c |\n"
    page = f"# X\n| `web` | not | this | one | x |\n## Doors\nLast run: never.\n\n{rows}\n## Next\n"
    expected = page.replace("never", "today, load 0").replace("| old |", "| 40 / 500 (500) |")
    expected = expected.replace("| b | - |", "| b | - / 640 (640) |").replace("| b | |", "| b | 90 (100) |")
    assert filled(page, made, "today, load 0") == expected
    with pytest.raises(ValueError, match="no row for dect"):
        filled(page, {"dect": "1"}, "today")


def test_every_door_has_its_row_and_the_named_versions_are_installed() -> None:
    assert "Last run: today." in filled(README, dict.fromkeys([*LINES, *REQUESTS], "1"), "today")
    section = README.split("\n## Doors\n")[1].split("\n## ")[0]
    named = re.findall(r"`?([a-z_-]+)`? (\d+\.\d+\.\d+)", section)
    ours = {"openai", "aiortc", "aiosipua", "streamdouble", "twilio", "galcymedia"}
    assert {name for name, _ in named} >= ours
    assert {name: number for name, number in named if name in ours} == {name: version(name) for name in ours}
