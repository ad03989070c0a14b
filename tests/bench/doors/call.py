"""One call through a door: be greeted, wait until it is still, ask, hear the answer begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp

from speech.audio import pcm_from_float, resample
from speech.types import LISTEN_RATE_HZ
from tests.bench.doors.ear import Ear
from tests.bench.line import Microphone, now_ms
from tests.bench.questions import Question

_GREETED_WITHIN_MS = 8_000.0
_ANSWERED_WITHIN_MS = 8_000.0
"""After the question's end; later our own "are you still there" would be taken for the answer."""
_STILL_MS = 1_000.0
"""Of silence after the greeting, before the question."""
_LISTEN_MS = 700.0
_LOOK_S = 0.005


@dataclass(frozen=True, slots=True)
class House:
    """Where the doors of one gateway are."""

    url: str
    client: aiohttp.ClientSession
    """With ``url`` as its base."""
    audiosocket_port: int
    sip_port: int


@dataclass(frozen=True, slots=True)
class Call:
    """A line that is open."""

    ear: Ear
    microphone: Microphone
    opened_ms: float


Door = Callable[[House], AbstractAsyncContextManager[Call]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call found, in milliseconds; None: it did not come."""

    greeting_ms: float | None
    answer_ms: float | None
    """Negative: something sounded before the question had ended."""
    late_ms: tuple[float, ...] = ()
    """How late the caller's own frames left."""
    hops: Mapping[str, float] = field(default_factory=dict)
    """The gateway's own account of the turn; ``v2v`` is its sum, from the end of speech as heard to the first audio
    sent."""

    @property
    def share_ms(self) -> float | None:
        """What the answer took beside the gateway's own account; None where there is no one answer."""
        own_ms = self.hops.get("v2v")
        return None if self.answer_ms is None or self.answer_ms < 0 or not own_ms else self.answer_ms - own_ms


@asynccontextmanager
async def speaking(call: Call) -> AsyncIterator[Call]:
    """The caller's microphone is open meanwhile."""
    task = asyncio.create_task(call.microphone.run())
    try:
        yield call
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ask(call: Call, question: Question) -> Heard:
    """Be greeted, ask, and hear whether there is an answer."""
    ear = call.ear
    first_ms = await _until(ear.first_ms, call.opened_ms + _GREETED_WITHIN_MS)
    await _until(lambda: _still_since(ear), call.opened_ms + 3 * _GREETED_WITHIN_MS)
    pcm = pcm_from_float(resample(question.samples, LISTEN_RATE_HZ, call.microphone.rate_hz))
    begun_ms = await call.microphone.say(pcm)
    ended_ms = begun_ms + question.end_ms
    answered_ms = await _until(lambda: ear.first_ms(begun_ms), ended_ms + _ANSWERED_WITHIN_MS)
    await asyncio.sleep(_LISTEN_MS / 1000)
    return Heard(
        None if first_ms is None else first_ms - call.opened_ms,
        None if answered_ms is None else answered_ms - ended_ms,
        tuple(call.microphone.late_ms),
    )


def _still_since(ear: Ear) -> float | None:
    last_ms = ear.last_ms()
    return last_ms if last_ms is not None and now_ms() - last_ms >= _STILL_MS else None


async def _until(found: Callable[[], float | None], limit_ms: float) -> float | None:
    """The first thing ``found``; None when there is none by ``limit_ms``."""
    while (what := found()) is None and now_ms() < limit_ms:  # noqa: ASYNC110 - a measurement
        await asyncio.sleep(_LOOK_S)
    return what
