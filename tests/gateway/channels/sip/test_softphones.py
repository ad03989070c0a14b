"""Softphones of other people's call a gateway whose engines are scripted: each coding, keys, both transports.

The voice speaks a tone of 5 kHz, which only wideband lets through; real recordings are asked in
``tests/e2e/test_sip_phone.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from gateway.channels.sip.codecs import CODINGS
from speech.types import AudioFrame, Language, Samples, TtsCapabilities
from tests.fakes_core import House
from tests.fakes_tts import FakeTts
from tests.gateway.channels.sip.softphones import baresip, linphone, needs_baresip, needs_linphone
from tests.gateway.channels.sip.telephone import telephone
from tests.gateway.doors import active, eventually

pytestmark = pytest.mark.timeout(90)
_RATE_HZ = 16_000
_HZ = 5000


_WIDE = TtsCapabilities(languages=frozenset({"zh", "en"}), rate_hz=_RATE_HZ, commercial_use=True, licence="test")


class ToneTts(FakeTts):
    """Says each sentence as 600 ms of 5 kHz."""

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """Frames of 20 ms."""
        self.events.append(("start", text))
        wave = (8000 * np.sin(2 * np.pi * _HZ * np.arange(_RATE_HZ * 6 // 10) / _RATE_HZ)).astype("<i2")
        for at in range(0, wave.size, 320):
            yield AudioFrame(wave[at : at + 320].tobytes(), _RATE_HZ, at / 16)


def question() -> Samples:
    """Silence, a second of sound that the scripted ears take for the question, silence."""
    loud = np.sign(np.sin(np.arange(_RATE_HZ) / 6)) * 0.3
    return np.concatenate([np.zeros(_RATE_HZ * 2), loud, np.zeros(_RATE_HZ * 12)]).astype(np.float32)


def seconds_of_tone(heard: Samples, rate_hz: int) -> float:
    """How long the voice was heard, in windows of 20 ms."""
    size = rate_hz // 50
    windows = heard[: len(heard) // size * size].reshape(-1, size) * np.hanning(size)
    power = np.abs(np.fft.rfft(windows)) ** 2
    at = round(_HZ * size / rate_hz)
    if at >= power.shape[1]:
        return 0.0
    share = power[:, at - 2 : at + 3].sum(axis=1) / (power.sum(axis=1) + 1e-9)
    return float((share[(windows**2).sum(axis=1) > 0.05] > 0.8).sum() * 0.02)


async def asked(house: House) -> None:
    """The question and the keys came."""
    await eventually(lambda: len(house.responder.turns) >= 2)
    assert [turn.text for turn in house.responder.turns] == ["我的订单什么时候到", "42"]


KEYS = ((6.0, "4"), (7.2, "2"), (8.4, "#"))
"""More than a second apart: linphonec sleeps for one after each key, and keeps an INFO until the last is answered."""


@needs_baresip
@pytest.mark.parametrize(
    ("codec", "transport", "is_wide"),
    [("opus/48000/2", "udp", True), ("G722/16000/1", "tcp", True), ("PCMU/8000/1", "udp", False)],
)
async def test_baresip(codec: str, transport: str, is_wide: bool, tmp_path: Path) -> None:
    house = House(tts=ToneTts(capabilities=_WIDE))
    async with telephone(house) as (door, port):
        heard, rate_hz = await baresip(
            tmp_path, port, question(), codec=codec, keys=KEYS, seconds=10, transport=transport
        )
        await asked(house)
        assert (seconds_of_tone(heard, rate_hz) > 1.0) == is_wide
        await eventually(lambda: active(door) == 0)


@needs_linphone
@pytest.mark.parametrize("by_info", [False, True])
async def test_linphone(by_info: bool, tmp_path: Path) -> None:
    house = House(tts=ToneTts(capabilities=_WIDE))
    async with telephone(house) as (door, port):
        heard, rate_hz = await linphone(tmp_path, port, question(), keys=KEYS, by_info=by_info, seconds=10)
        await asked(house)
        assert seconds_of_tone(heard, rate_hz) > 1.0
        await eventually(lambda: active(door) == 0)


@needs_linphone
async def test_linphone_with_the_coding_that_we_like_best_of_its_own(tmp_path: Path) -> None:
    house = House(tts=ToneTts(capabilities=_WIDE))
    async with telephone(house, codecs=("pcma",)) as (_, port):
        _, rate_hz = await linphone(tmp_path, port, question(), keys=KEYS, seconds=9)
        await asked(house)
        assert rate_hz >= CODINGS["pcma"].rate_hz
