"""``python -m speech.tts "您的订单已发货" out.wav``: synthesise one text into a WAV file."""

from __future__ import annotations

import argparse
import asyncio
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path

from inference_server.weights import ensure
from speech.speak import SpokenRequest, speak
from speech.tts import TTS_ENGINES, TtsOptions, load_tts, required_weights
from speech.types import Language


def main() -> None:
    """Parse the arguments, fetch weights that are missing, speak."""
    parser = argparse.ArgumentParser(prog="python -m speech.tts", description=__doc__)
    parser.add_argument("text")
    parser.add_argument("out", type=Path)
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--voice", choices=tuple(TTS_ENGINES), default="fast")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--coqui-model", default="")
    parser.add_argument("--coqui-config", default="")
    given = parser.parse_args()
    options = TtsOptions(
        voice=given.voice, speed=given.speed, coqui_model=given.coqui_model, coqui_config=given.coqui_config
    )
    for weights in required_weights(options):
        ensure(weights, progress=print)
    asyncio.run(_say(given.text, given.language, options, given.out))


async def _say(text: str, language: Language, options: TtsOptions, out: Path) -> None:
    engine = load_tts(options)
    started = time.perf_counter()
    first_ms = 0.0
    pcm = bytearray()
    async for frame in speak(_once(SpokenRequest(text, language)), engine):
        if not pcm:
            first_ms = (time.perf_counter() - started) * 1000
        if frame.is_first:
            print(f"{frame.audio.start_ms / 1000:6.2f} s  {frame.display}")
        pcm += frame.audio.pcm
    rate_hz = engine.capabilities.rate_hz
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(pcm))
    print(f"{len(pcm) / 2 / rate_hz:.2f} s of audio in {out}, first audio after {first_ms:.0f} ms")
    await engine.close()


async def _once(request: SpokenRequest) -> AsyncIterator[SpokenRequest]:
    yield request


if __name__ == "__main__":
    main()
