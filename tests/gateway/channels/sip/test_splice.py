"""Packets of any length become one stream."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.sip.splice import Splice


def sound(first: int, samples: int) -> bytes:
    """Samples that say which they are, so that none is taken for another."""
    return np.arange(first + 1, first + 1 + samples).astype("<i2").tobytes()


def test_what_follows_is_joined() -> None:
    splice = Splice(8000, 8000)
    assert splice.put(1000, sound(0, 160)) == sound(0, 160)
    assert splice.put(1160, sound(160, 240)) == sound(160, 240)
    assert splice.put(1400, sound(400, 80)) == sound(400, 80)


def test_of_g722_the_clock_goes_half_as_fast_as_the_samples() -> None:
    splice = Splice(8000, 16_000)
    splice.put(0, sound(0, 320))
    assert splice.put(160, sound(320, 320)) == sound(320, 320)
    assert len(splice.put(480, sound(960, 320))) == 2 * 640


def test_what_was_lost_is_the_last_sound_fading_and_then_silence() -> None:
    splice = Splice(8000, 8000)
    splice.put(0, np.full(160, 6000, "<i2").tobytes())
    heard = np.frombuffer(splice.put(160 + 1600, sound(0, 160)), "<i2")
    assert heard.size == 1600 + 160
    assert heard[0] == 6000
    assert 2800 < heard[240] < 3200
    assert (np.diff(heard[:480]) <= 0).all()
    assert not heard[480:1600].any()
    assert heard[1600:].tobytes() == sound(0, 160)


def test_what_comes_twice_is_taken_once() -> None:
    splice = Splice(8000, 8000)
    splice.put(0, sound(0, 160))
    assert splice.put(0, sound(0, 160)) == b""
    assert splice.put(80, sound(80, 160)) == sound(160, 80)
    assert splice.put(240, sound(240, 160)) == sound(240, 160)


def test_timestamps_wrap() -> None:
    splice = Splice(8000, 8000)
    splice.put(2**32 - 160, sound(0, 160))
    assert splice.put(0, sound(160, 160)) == sound(160, 160)
    assert splice.put(160 + 2**32, sound(320, 160)) == sound(320, 160)


def test_a_long_silence_or_another_clock_is_no_loss() -> None:
    splice = Splice(8000, 8000)
    for at in (0, 10_000_000, 500):
        assert splice.put(at, sound(5, 160)) == sound(5, 160)


def test_after_a_reset_nothing_is_made_up() -> None:
    splice = Splice(8000, 8000)
    splice.put(0, sound(0, 160))
    splice.reset()
    assert splice.put(480, sound(0, 160)) == sound(0, 160)


@given(
    st.sampled_from([(8000, 8000), (8000, 16_000), (48_000, 48_000)]),
    st.lists(st.tuples(st.integers(-3000, 90_000), st.integers(0, 3000)), max_size=30),
)
def test_no_packet_makes_more_than_its_own_sound_and_the_longest_loss(
    rates: tuple[int, int], packets: list[tuple[int, int]]
) -> None:
    clock, rate = rates
    splice = Splice(clock, rate)
    for at, ticks in packets:
        pcm = bytes(2 * ticks * (rate // clock))
        heard = splice.put(at % 2**32, pcm)
        assert len(heard) % 2 == 0
        assert len(heard) <= len(pcm) + rate * 2 * 400 // 1000
