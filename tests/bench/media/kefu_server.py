"""Kefu for the media benchmark: the real web channel, session, listening and Silero VAD; recogniser, dialogue and voice
are stubs. ``python -m tests.bench.media.kefu_server PORT FILE [PROFILE]``
"""

from __future__ import annotations

import asyncio
import cProfile
import signal
import sys
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from gateway import log
from gateway.admission import Admission, RateLimit
from gateway.app import make_app
from gateway.collector import settle
from gateway.config import Gateway, Settings
from gateway.voice import Voice
from speech.listen import ListenConfig
from speech.spoken_text import preload
from speech.types import AsrCapabilities, AudioFrame, Language, Recognition, Samples, TtsCapabilities
from speech.vad import SileroVad
from tests.bench.media.files import allow_many_files
from tests.bench.media.heard import Heard, now_s
from tests.bench.media.script import ANSWER_FRAME, ANSWER_HZ, ANSWER_MS, FRAME_MS, REPLY, TRANSCRIPT
from tests.fakes_core import FakeResponder, House


class _Asr:
    capabilities = AsrCapabilities(frozenset({"zh", "en"}))

    async def transcribe(
        self, samples: Samples, *, language: Language | None = None, partial: bool = False, **_: Any
    ) -> Recognition:
        return Recognition(TRANSCRIPT, language or "zh", 0.9, decode_ms=1.0)

    async def close(self) -> None:
        return


class _Tts:
    capabilities = TtsCapabilities(frozenset({"zh", "en"}), ANSWER_HZ, commercial_use=True, licence="stub")

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        for start_ms in range(0, ANSWER_MS, FRAME_MS):
            yield AudioFrame(ANSWER_FRAME, ANSWER_HZ, start_ms)

    async def close(self) -> None:
        return


class _TimedStream:
    """A VAD stream that notes when it has answered for a frame."""

    def __init__(self, stream: Any, times: array[float]) -> None:
        self._stream = stream
        self._times = times

    def push(self, samples: Samples) -> list[float]:
        probabilities: list[float] = self._stream.push(samples)
        self._times.append(now_s())
        return probabilities

    async def hear(self, samples: Samples) -> list[float]:
        probabilities: list[float] = await self._stream.hear(samples)
        self._times.append(now_s())
        return probabilities


@dataclass(frozen=True)
class _TimedVad:
    vad: SileroVad
    heard: Heard

    def stream(self) -> Any:
        return _TimedStream(self.vad.stream(), self.heard.call())


async def _serve(port: int, heard: Heard) -> None:
    settings = Settings(gateway=Gateway(require_token=False, max_sessions=100_000))
    preload()  # its dictionaries are loaded before customers come, as by `kefu serve`
    house = House(responder=FakeResponder(replies=(REPLY,)), settings=settings)
    async with asyncio.TaskGroup() as background:
        services = house.services(house.core(background))
        clock = services.clock
        services = replace(
            services,
            voice=Voice(_Asr(), _TimedVad(SileroVad(), heard), _Tts(), None, ListenConfig()),
            admission=Admission(100_000, lambda _: None),
            connects=RateLimit(10_000_000, clock),
            requests=RateLimit(10_000_000, clock),
        )
        runner = web.AppRunner(make_app(services), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        settle()
        print("ready", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve until SIGTERM, which writes the times (SIGINT: writes the profile first)."""
    allow_many_files()
    log.configure("warning", "json")
    profile = cProfile.Profile() if len(sys.argv) > 3 else None

    def dump(*_: object) -> None:
        if profile is not None:
            profile.disable()
            profile.dump_stats(sys.argv[3])
        signal.raise_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, dump)
    heard = Heard(Path(sys.argv[2]))
    if profile is not None:
        profile.enable()
    uvloop.run(_serve(int(sys.argv[1]), heard))


if __name__ == "__main__":
    main()
