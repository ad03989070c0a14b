"""What the network lost."""

from __future__ import annotations

import numpy as np

from gateway.channels.webrtc.gaps import Gaps

FRAME = np.full(960, 1000, "<i2").tobytes()


def test_what_comes_in_order_is_left_alone() -> None:
    gaps = Gaps(48_000)
    assert [gaps.push(FRAME, at) for at in (5000, 5960, 6920)] == [FRAME] * 3
    assert gaps.filled == 0


def test_a_lost_frame_is_the_last_one_fading() -> None:
    gaps = Gaps(48_000)
    gaps.push(FRAME, 0)
    filled = np.frombuffer(gaps.push(FRAME, 960 * 5), "<i2")
    assert filled.size == 960 * 5
    assert [int(filled[at]) for at in (0, 960, 1920, 2880, 3840)] == [700, 350, 0, 0, 1000]
    assert gaps.filled == 960 * 4


def test_a_closed_microphone_and_a_new_clock_are_no_loss() -> None:
    gaps = Gaps(48_000)
    gaps.push(FRAME, 1_000_000)
    assert gaps.push(FRAME, 2_000_000) == FRAME
    assert gaps.push(FRAME, 5) == FRAME
    assert gaps.push(FRAME, 5) == FRAME, "a frame that comes twice"
