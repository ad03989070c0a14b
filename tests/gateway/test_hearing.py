"""What a session's ears are given of the line that it listens to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gateway import events as ev
from gateway.voice import Voice
from speech.types import LISTEN_RATE_HZ, Samples
from tests.fakes_core import House
from tests.gateway.test_session import Caller, call
from tests.virtual_time import virtual_time


@dataclass
class KeepingVad:
    """``Vad`` and its only stream: hears nothing, keeps what came."""

    kept: list[Samples] = field(default_factory=list)

    def stream(self) -> KeepingVad:
        return self

    def push(self, samples: Samples) -> list[float]:
        self.kept.append(samples)
        return []


@dataclass
class EaredHouse(House):
    """A house whose ears are at hand."""

    ears: KeepingVad = field(default_factory=KeepingVad)

    def voice(self) -> Voice:
        return replace(super().voice(), vad=self.ears)


@virtual_time
@pytest.mark.parametrize(("rate_hz", "is_filled"), [(8_000, True), (16_000, False), (48_000, False)])
async def test_the_upper_band_of_a_telephone_is_not_left_empty(rate_hz: int, is_filled: bool) -> None:
    house = EaredHouse()

    async def silence(caller: Caller) -> None:
        for _ in range(60):
            caller.send(ev.AudioIn(bytes(2 * rate_hz // 50)))
        await caller.listen(0.1)

    await call(house, silence, ev.Start(rate_hz, greet=False))
    heard = np.concatenate(house.ears.kept)[:LISTEN_RATE_HZ]
    power = np.square(np.abs(np.fft.rfft(heard)))
    assert (float(power[4_200:].sum()) > 100) is is_filled
    assert float(power[:4_100].sum()) < 1
