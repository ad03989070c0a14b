"""Packets of a WebRTC customer on their way to our ears."""

from __future__ import annotations

from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.webrtc.order import PATIENCE, FramesInOrder, hear_at_once


def given_on(numbers: list[int]) -> list[list[int]]:
    """What each arriving packet brings out, by number; ``[]``: nothing."""
    order = FramesInOrder()
    brought = []
    for number in numbers:
        packet = RtpPacket(sequence_number=number % 65536, timestamp=number * 960)
        packet._data = b"%d" % number  # type: ignore[attr-defined]
        wants_key_frame, frame = order.add(packet)
        assert not wants_key_frame
        brought.append([] if frame is None else [int(frame.data)])
        assert frame is None or frame.timestamp == int(frame.data) * 960
    return brought


@pytest.mark.parametrize(
    ("numbers", "brought"),
    [
        ([1, 2, 3], [[1], [2], [3]]),
        ([1, 3, 2, 4, 5], [[1], [], [2], [3], [4]]),
        ([1, 3, 4, 5, 6, 7], [[1], [], [], [3], [4], [5]]),
        ([1, 3, 4, 5, 2, 6], [[1], [], [], [3], [4], [5]]),
        ([1, 1, 2], [[1], [], [2]]),
        ([1, 9000, 9001], [[1], [9000], [9001]]),
        ([9000, 1, 2], [[9000], [1], [2]]),
    ],
    ids=["in order", "swapped", "lost", "given up and then there", "twice", "begun anew", "begun anew before"],
)  # fmt: skip
def test_packets_go_on_in_order_and_at_once(numbers: list[int], brought: list[list[int]]) -> None:
    assert given_on(numbers) == brought


def test_numbers_begin_again_at_65536() -> None:
    assert given_on([65534, 65535, 65537, 65536, 65538]) == [[65534], [65535], [], [65536], [65537]]


@given(st.lists(st.sampled_from(["came", "lost", "swapped"]), min_size=1, max_size=200), st.integers(0, 65535))
def test_the_ears_are_never_far_behind(fates: list[str], first: int) -> None:
    numbers = [first]
    for number, fate in enumerate(fates, first + 1):
        if fate == "swapped":
            numbers.insert(-1, number)
        elif fate == "came":
            numbers.append(number)
    newest, last = first, first - 1
    for number, out in zip(numbers, given_on(numbers), strict=True):
        newest = max(newest, number)
        for frame in out:
            assert frame > last, "in order, none twice"
            last = frame
        behind = [other for other in numbers[: numbers.index(number) + 1] if other > last]
        assert len(behind) <= PATIENCE


async def test_the_receiver_of_aiortc_has_the_buffer_that_is_replaced() -> None:
    peer = RTCPeerConnection()
    receiver: Any = peer.addTransceiver("audio").receiver
    hear_at_once(receiver)
    assert isinstance(receiver._RTCRtpReceiver__jitter_buffer, FramesInOrder)
    await peer.close()
    with pytest.raises(AttributeError):
        hear_at_once(object())
