"""``kefu say TEXT --out FILE``: speak a text into a WAV file with the configured voice.

JSON: ``{"out", "duration_s", "first_audio_ms", "voice", "sentences"}``.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import ConfigOption, JsonOption, run_or_fail, settings_or_fail
from gateway.config import Settings
from gateway.engines import load_tts
from nlu.normalize import detect_language
from nlu.types import Language
from speech.audio import float_from_pcm, write_wav
from speech.speak import SpokenRequest, speak


def say(
    text: Annotated[str, typer.Argument(help="What to say, Chinese or English.")],
    out: Annotated[Path, typer.Option("--out", help="WAV file to write.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Speak a text into a file."""
    settings = settings_or_fail(config)
    result = run_or_fail(lambda: asyncio.run(_say(text, out, settings)))
    print(json.dumps(result, ensure_ascii=False) if as_json else f"{out}: {result['duration_s']} s")


async def _requests(text: str, language: Language) -> AsyncIterator[SpokenRequest]:
    yield SpokenRequest(text, language)


async def _say(text: str, out: Path, settings: Settings) -> dict[str, Any]:
    tts = load_tts(settings)
    pcm, count, first_ms, started = bytearray(), 0, None, time.perf_counter()
    try:
        async for item in speak(_requests(text, detect_language(text)), tts, None):
            first_ms = first_ms or (time.perf_counter() - started) * 1000
            count += item.is_first
            pcm += item.audio.pcm
    finally:
        await tts.close()
    rate_hz = tts.capabilities.rate_hz
    write_wav(out, float_from_pcm(bytes(pcm)), rate_hz)
    return {
        "out": str(out),
        "duration_s": round(len(pcm) / 2 / rate_hz, 3),
        "first_audio_ms": round(first_ms or 0.0, 1),
        "voice": settings.tts.voice,
        "sentences": count,
    }
