"""Where speech ends, where an answer begins, and what a list of figures says: the pure parts of the benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speech.audio import write_wav
from speech.types import Samples
from tests.bench.audible import AUDIBLE_DBFS, Playback, energy_end_ms, first_audible_ms, last_audible_ms
from tests.bench.questions import CALLS, QUESTIONS, recorded_questions
from tests.bench.results import Result, percentile, quantiles

RATE_HZ = 1000
LEVEL = 10 ** (AUDIBLE_DBFS / 20)


def sound(*parts: tuple[int, float]) -> Samples:
    """(milliseconds, amplitude), one after the other."""
    return np.concatenate([np.full(ms, amplitude, np.float32) for ms, amplitude in parts])


def test_label_is_the_end_of_the_last_sample_above_the_level() -> None:
    assert last_audible_ms(sound((10, 0.5), (5, 2 * LEVEL), (100, LEVEL / 2)), RATE_HZ) == 15
    assert last_audible_ms(sound((10, -0.5), (100, 0)), RATE_HZ) == 10
    assert last_audible_ms(sound((10, LEVEL / 2)), RATE_HZ) is None


def test_answer_begins_with_the_first_sample_above_the_level() -> None:
    assert first_audible_ms(sound((30, LEVEL / 2), (10, -0.1)), RATE_HZ) == 30
    assert first_audible_ms(sound((30, 0)), RATE_HZ) is None


def test_a_noisy_room_does_not_move_the_end() -> None:
    noise = np.random.default_rng(2).normal(0, 0.004, 2000).astype(np.float32)
    speech = sound((300, 0), (700, 0.1), (1000, 0))
    assert energy_end_ms(speech + noise, RATE_HZ) == 1000
    assert energy_end_ms(sound((500, 0)), RATE_HZ) is None
    assert energy_end_ms(sound((5, 0.5)), RATE_HZ) is None


def test_audio_sent_ahead_is_heard_when_its_turn_comes() -> None:
    """Leading silence is played in real time, however fast it arrived."""
    playback = Playback(RATE_HZ)
    playback.push(sound((20, 0)), 1000.0)
    playback.push(sound((20, 0)), 1001.0)
    playback.push(sound((5, 0), (15, 0.5)), 1002.0)
    assert playback.audible_ms == 1000 + 20 + 20 + 5
    assert playback.end_ms == 1060


def test_audio_that_comes_late_is_heard_when_it_comes() -> None:
    playback = Playback(RATE_HZ)
    playback.push(sound((20, 0)), 1000.0)
    playback.push(sound((20, 0.5)), 1100.0)
    assert playback.audible_ms == 1100


def test_played_counts_what_has_left_the_speaker() -> None:
    playback = Playback(RATE_HZ)
    assert playback.played_ms(5.0) == 0
    playback.push(sound((100, 0.5)), 1000.0)
    assert playback.played_ms(1040.0) == 40
    assert playback.played_ms(2000.0) == 100


@pytest.mark.parametrize(
    ("count", "share", "found"), [(20, 0.95, 19), (21, 0.95, 20), (24, 0.99, 24), (10, 0.5, 5), (1, 0.95, 1), (5, 1, 5)]
)
def test_percentile_is_the_nearest_rank(count: int, share: float, found: int) -> None:
    assert percentile([float(value) for value in range(count, 0, -1)], share) == found


def test_quantiles_stand_beside_their_reference_and_aim() -> None:
    found = quantiles("x", [1.0, 2.0, 9.0], aim_p50=3, aim_p95=4, reference=[4.0, 4.0, 18.0])
    assert found["x_p50"] == Result(2.0, "ms", 3, aim=3, reference=4.0)
    assert (found["x_p50"].met, found["x_p50"].ratio) == (True, 0.5)
    assert (found["x_p95"].met, found["x_p95"].ratio) == (False, 0.5)
    assert found["x_p99"].met is None
    assert quantiles("x", []) == {}


def test_every_question_is_asked_once() -> None:
    assert len(set(QUESTIONS)) == len(QUESTIONS) == 24
    assert {len(call) for call in CALLS} <= {2, 3}


def test_recordings_of_people_are_labelled_by_energy(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    speech = rng.normal(0, 0.1, 16_000).astype(np.float32)
    hiss = rng.normal(0, 0.0005, 8_000).astype(np.float32)
    write_wav(tmp_path / "a.wav", np.concatenate([speech, hiss]), 16_000)
    lines = [
        {"file": "a.wav", "text": "hello", "seconds": 1.5},
        {"file": "long.wav", "text": "far too long", "seconds": 40},
        {"file": "none.wav", "text": None, "seconds": 1},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    [question] = recorded_questions(tmp_path)
    assert (question.text, question.end_ms) == ("hello", 1000)
    assert len(question.pcm) == 2 * 24_000
