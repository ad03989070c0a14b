"""The figures of the telephone: spoken numbers, keys, the floor, and when a bot at the ear fell silent."""

from __future__ import annotations

import numpy as np
import pytest

from speech.audio import pcm_from_float
from speech.types import LISTEN_RATE_HZ, AsrCapabilities, Hotwords, Language, Recognition, Samples
from tests.bench.doors.ear import Ear
from tests.bench.phone.door import Interrupted, figures, yield_ms
from tests.bench.phone.numbers import Capture, Said, capture_results, captured
from tests.bench.phone.scenes import results
from tests.turn_taking.scenes import load_scenes
from tests.turn_taking.score import Score


class _Heard:
    """A recogniser that hears what it was told."""

    capabilities = AsrCapabilities(frozenset({"zh", "en"}))

    def __init__(self, text: str, *alternatives: str) -> None:
        self._text = text
        self._alternatives = alternatives
        self.samples = np.zeros(0, np.float32)

    async def transcribe(
        self,
        samples: Samples,
        *,
        language: Language | None = None,
        partial: bool = False,
        hotwords: Hotwords | None = None,
    ) -> Recognition:
        self.samples = samples
        return Recognition(self._text, language or "zh", 0.8, 0.0, self._alternatives, 1.0)

    async def close(self) -> None:
        """Nothing of its own."""


def _said(digits: str) -> Said:
    tone = np.sin(2 * np.pi * 1000 * np.arange(2 * LISTEN_RATE_HZ) / LISTEN_RATE_HZ) * 0.1
    return Said(tone.astype(np.float32), digits, "en", digits)


async def test_a_number_heard_right_needs_no_keys() -> None:
    asr = _Heard("6 0 2 9 3 2")
    assert await captured(_said("602932"), asr) == Capture("602932", "602932")
    assert asr.samples.size == 2 * LISTEN_RATE_HZ  # back at the recogniser's rate


async def test_another_reading_of_the_right_length_is_read_back() -> None:
    assert await captured(_said("692190"), _Heard("take 9 2 1 9 0", "6 9 2 1 9 0")) == Capture("692190", "692190")


@pytest.mark.parametrize(("text", "heard"), [("6 0 2 9 3 3", "602933"), ("I do not know", None)])
async def test_a_number_heard_wrong_is_pressed(text: str, heard: str | None) -> None:
    assert await captured(_said("602932"), _Heard(text)) == Capture("602932", heard, "602932")


def test_shares_of_numbers() -> None:
    found = capture_results(
        "x", [Capture("1", "1"), Capture("1", "2", "1"), Capture("1", None, "1"), Capture("1", None)]
    )
    assert {name: figure.value for name, figure in found.items()} == {
        "x_at_once": 0.25,
        "x_read_back_wrong": 0.25,
        "x_with_keys": 0.75,
    }
    assert capture_results("x", []) == {}


def _ear(*sounds: tuple[float, float]) -> Ear:
    ear = Ear(8000)
    for at_ms, length_ms in sounds:
        ear.push(pcm_from_float(np.full(round(length_ms * 8), 0.3, np.float32)), at_ms)
    return ear


@pytest.mark.parametrize(
    ("sounds", "begun_ms", "expected"),
    [
        (((0, 1200),), 1000, 200),  # ended
        (((0, 900),), 1000, 0),  # drew breath
        (((0, 1100), (1300, 200)), 1000, 500),  # a pause between clauses is none
        (((0, 1100), (1900, 500)), 1000, 100),  # then another answer
        (((0, 4000),), 1000, None),  # went on
    ],
)
def test_the_yield_is_the_end_of_what_sounded(
    sounds: tuple[tuple[float, float], ...], begun_ms: float, expected: float | None
) -> None:
    found = yield_ms(_ear(*sounds), begun_ms)
    assert found == (None if expected is None else pytest.approx(expected, abs=1))


def test_what_was_cleared_is_not_heard() -> None:
    ear = _ear((0, 4000))
    ear.clear(1150)
    assert yield_ms(ear, 1000) == pytest.approx(150, abs=1)


def test_figures_of_a_door_count_who_was_not_answered_and_who_was_talked_over() -> None:
    found = figures(
        "d", [Interrupted(600, 200), Interrupted(700, 400), Interrupted(800, None), Interrupted(None, None)]
    )
    assert found["d_unanswered"].value == 1
    assert found["d_first_audio_p50"].value == 700
    assert found["d_yield_rate_300ms"].value == pytest.approx(1 / 3, abs=1e-4)
    assert found["d_yield_p50"].value == 300


def test_the_floor_over_the_telephone_stands_beside_the_wideband_one() -> None:
    scene = next(scene for scene in load_scenes() if scene.kind == "stop_command")
    found = results([(scene, Score((), yield_ms=350))], [(scene, Score((), yield_ms=210))])
    assert (found["phone_yield_p50"].value, found["phone_yield_p50"].reference) == (350, 210)
    assert (found["phone_yield_rate_300ms"].value, found["phone_yield_rate_300ms"].met) == (0, False)
    assert not any(name.startswith("phone_response") for name in found)
