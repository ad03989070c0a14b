"""Call recordings: two channels on the caller's clock, only with consent, and a disk that fails ends no call."""

from __future__ import annotations

import contextlib
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dialogue.state import DialogueState
from gateway.telephony.recording import CallRecorder, Interleaver

STATE = DialogueState.new("phone-test")


def tone(value: int, ms: int) -> bytes:
    return np.full(8 * ms, value, "<i2").tobytes()


def channels(data: bytes) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    both = np.frombuffer(data, "<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def test_our_sound_lies_where_it_was_played() -> None:
    tape = Interleaver()
    first = tape.caller(tone(1, 20))
    tape.agent(tone(5, 30))
    left, right = channels(first + tape.caller(tone(2, 20)) + tape.caller(tone(3, 20)))
    assert left.tolist() == [1] * 160 + [2] * 160 + [3] * 160
    assert right.tolist() == [0] * 160 + [5] * 240 + [0] * 80


def test_what_was_cleared_never_sounded() -> None:
    tape = Interleaver()
    tape.agent(tone(5, 1000))
    tape.caller(tone(0, 20))
    tape.clear()
    assert not channels(tape.caller(tone(1, 20)))[1].any()


def test_nothing_is_kept_before_consent(tmp_path: Path) -> None:
    path, consent = tmp_path / "calls" / "a.wav", False
    with CallRecorder(path, 8000, lambda state: consent) as recorder:
        recorder.caller(tone(1, 100), STATE)
        consent = True
        recorder.agent(tone(9, 50))
        recorder.caller(tone(2, 100), STATE)
        consent = False
        recorder.caller(tone(3, 100), STATE)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 800)
        left, right = channels(file.readframes(800))
    assert set(left.tolist()) == {2}
    assert right[:400].tolist() == [9] * 400
    assert path.stat().st_mode & 0o077 == 0


def test_without_consent_there_is_no_file(tmp_path: Path) -> None:
    with CallRecorder(tmp_path / "a.wav", 8000, lambda state: False) as recorder:
        recorder.caller(tone(1, 5000), STATE)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fails_ends_the_recording_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"somebody else's")
    with CallRecorder(path, 8000, lambda state: True) as recorder:
        for _ in range(3):
            recorder.caller(tone(1, 3000), STATE)
    assert path.read_bytes() == b"somebody else's"


def test_a_call_that_is_cut_leaves_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    recorder = CallRecorder(path, 8000, lambda state: True)
    with contextlib.suppress(RuntimeError), recorder:
        recorder.caller(tone(1, 30), STATE)
        raise RuntimeError("the gateway goes away")
    with wave.open(str(path)) as file:
        assert file.getnframes() == 240
