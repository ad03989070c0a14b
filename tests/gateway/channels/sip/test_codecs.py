"""Sound through each coding and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gateway.channels.sip.codecs import CODINGS, CodecName, coder

Samples = NDArray[np.float64]


def tone(rate_hz: int, hz: float) -> Samples:
    """A second of it."""
    return 8000 * np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)


def through(name: CodecName, sound: Samples, ptime_ms: int) -> tuple[Samples, list[int]]:
    """What comes out, and the sizes of the packets."""
    it, pcm = coder(CODINGS[name], ptime_ms), sound.astype("<i2").tobytes()
    size = CODINGS[name].rate_hz * ptime_ms // 1000 * 2
    packets = [it.encode(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]
    heard = b"".join(it.decode(packet) for packet in packets)
    return np.frombuffer(heard, "<i2").astype(float), [len(packet) for packet in packets]


def signal_to_noise_db(sent: Samples, heard: Samples, delays: int) -> float:
    """At the delay at which they are most alike."""
    middle = slice(len(sent) // 3, len(sent) // 3 + 2000)
    part = sent[middle]
    found = max(
        (heard[middle.start + delay : middle.stop + delay] for delay in range(delays)), key=lambda it: float(it @ part)
    )
    return float(10 * np.log10((part @ part) / np.sum((found - part) ** 2)))


@pytest.mark.parametrize(
    ("name", "hz", "ptime_ms", "packet", "least_db"),
    [
        ("pcmu", 440, 20, 160, 30),
        ("pcma", 440, 30, 240, 30),
        ("g722", 440, 20, 160, 40),
        ("g722", 5500, 40, 320, 15),
        ("opus", 440, 20, None, 20),
        ("opus", 5500, 60, None, 15),
    ],
)
def test_a_tone_comes_back(name: CodecName, hz: float, ptime_ms: int, packet: int | None, least_db: float) -> None:
    sent = tone(CODINGS[name].rate_hz, hz)
    heard, sizes = through(name, sent, ptime_ms)
    assert len(heard) == len(sizes) * CODINGS[name].rate_hz * ptime_ms // 1000
    assert signal_to_noise_db(sent, heard, 1500) > least_db
    assert packet is None or set(sizes) == {packet}


def test_packets_of_any_length_are_decoded() -> None:
    sent = tone(48_000, 440).astype("<i2").tobytes()
    for ptime_ms in (10, 20, 40, 60):
        packet = coder(CODINGS["opus"], ptime_ms).encode(sent[: 96 * ptime_ms])
        assert len(coder(CODINGS["opus"], 20).decode(packet)) == 96 * ptime_ms


@pytest.mark.parametrize("name", CODINGS)
@given(payloads=st.lists(st.binary(max_size=2500), max_size=5))
def test_any_payload_is_sound_or_nothing(name: CodecName, payloads: list[bytes]) -> None:
    it = coder(CODINGS[name], 20)
    for payload in payloads:
        assert len(it.decode(payload)) % 2 == 0
    size = CODINGS[name].rate_hz // 50 * 2
    ours = it.encode(bytes(size))
    assert len(it.decode(ours)) == size, "what is right is understood after what is not"
