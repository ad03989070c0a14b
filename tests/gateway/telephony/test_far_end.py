"""Marks and what they tell, in the regime where the far end buffers; lost sound; who may hang up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import AudioEnd, AudioOut, AudioStart, Clear, Played
from gateway.telephony.far_end import MOST_MARKS, FarEnd, SendAudio, SendClear, SendMark
from gateway.telephony.line_noise import LineNoise
from gateway.telephony.stream_clock import StreamClock


def sound(ms: int) -> bytes:
    return bytes(16 * ms)


def play(far_end: FarEnd, ms: int, number: int = 1) -> list[str]:
    """Send a play of ``ms``; the names of its marks."""
    steps = [*far_end.take(AudioStart(1, 8000, number)), *far_end.take(AudioOut(1, 0, sound(ms), number))]
    steps += far_end.take(AudioEnd(1, float(ms), number))
    return [step.name for step in steps if isinstance(step, SendMark)]


def test_sound_is_marked_every_200_ms_and_at_its_end() -> None:
    far_end = FarEnd(8000)
    far_end.take(AudioStart(1, 8000, 3))
    steps = far_end.take(AudioOut(1, 0, sound(500), 3))
    assert [len(step.pcm) // 16 for step in steps if isinstance(step, SendAudio)] == [200, 200, 100]
    (last,) = far_end.take(AudioEnd(1, 512.0, 3))
    names = [step.name for step in (*steps, last) if isinstance(step, SendMark)]
    played = [far_end.echoed(name) for name in names]
    assert played == [Played(1, 200, 3), Played(1, 400, 3), Played(1, 500, 3), Played(1, 512, 3)]


def test_messages_hold_whole_frames_and_nothing_is_lost() -> None:
    far_end = FarEnd(8000)
    far_end.take(AudioStart(1, 8000, 1))
    steps = [step for at in (7, 333, 2, 1000, 650) for step in far_end.take(AudioOut(1, 0, b"ab" * at, 1))]
    sizes = [len(step.pcm) for step in steps if isinstance(step, SendAudio)]
    assert all(size % 320 == 0 for size in sizes)
    rest, mark = far_end.take(AudioEnd(1, 249.0, 1))
    assert isinstance(rest, SendAudio)
    assert isinstance(mark, SendMark)
    assert sum(sizes) + len(rest.pcm) == 2 * 1992
    assert far_end.echoed(mark.name) == Played(1, 249.0, 1)


def test_an_echo_after_a_clear_tells_nothing() -> None:
    far_end = FarEnd(8000)
    old = play(far_end, 400)
    assert far_end.echoed(old[0]) == Played(1, 200, 1)
    assert list(far_end.take(Clear(1))) == [SendClear()]
    assert [far_end.echoed(name) for name in old] == [None, None, None]
    new = play(far_end, 200, 2)
    assert not set(old) & set(new), "names never come again"
    assert far_end.echoed(new[-1]) == Played(1, 200, 2)
    assert far_end.echoed(new[0]) is None, "one echo tells of all before it"


def test_a_far_end_that_never_echoes_is_not_remembered_for_ever() -> None:
    far_end = FarEnd(8000)
    names = [name for number in range(MOST_MARKS) for name in play(far_end, 200, number)]
    assert far_end.echoed(names[0]) is None
    assert far_end.echoed(names[-1]) is not None


@given(st.lists(st.text(max_size=8), max_size=20))
def test_echoes_that_are_not_ours_change_nothing(names: list[str]) -> None:
    far_end = FarEnd(8000)
    ours = play(far_end, 400)
    assert all(far_end.echoed(name) is None for name in names if name not in ours)
    assert far_end.echoed(ours[-1]) == Played(1, 400, 1)


def test_lost_sound_becomes_silence() -> None:
    clock = StreamClock()
    assert [clock.missing_ms(at, 20) for at in (0, 20, 80, 100, 40, 60)] == [0, 0, 40, 0, 0, 0]
    assert clock.missing_ms(1_000_000, 20) == 1000, "a clock that jumps does not make minutes of silence"
    assert StreamClock().missing_ms(None, 20) == 0


def test_digital_silence_becomes_a_faint_noise_and_sound_stays() -> None:
    noise = LineNoise()
    first, second = noise.filled(bytes(320)), noise.filled(bytes(320))
    assert first != second
    level = np.frombuffer(first + second, "<i2").astype(float).std()
    assert 20 < level < 40
    assert noise.filled(b"\x01\x00" + bytes(318)) == b"\x01\x00" + bytes(318)
    assert len(noise.filled(bytes(100_001))) == 100_001
    assert noise.filled(b"") == b""
