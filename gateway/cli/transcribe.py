"""``kefu transcribe FILE``: recognise a recording with the configured engine.

JSON: ``{"text", "language", "confidence", "duration_s", "decode_ms", "alternatives"}``.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import ConfigOption, JsonOption, run_or_fail, settings_or_fail
from gateway.config import Settings
from gateway.engines import load_asr
from speech.audio import read_audio, resample
from speech.types import LISTEN_RATE_HZ


def transcribe(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, or anything ffmpeg reads.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recognise a recording."""
    settings = settings_or_fail(config)
    result = run_or_fail(lambda: asyncio.run(_transcribe(file, settings)))
    print(json.dumps(result, ensure_ascii=False) if as_json else result["text"])


async def _transcribe(file: Path, settings: Settings) -> dict[str, Any]:
    samples, rate_hz = read_audio(file)
    asr = load_asr(settings)
    try:
        recognition = await asr.transcribe(resample(samples, rate_hz, LISTEN_RATE_HZ))
    finally:
        await asr.close()
    return {
        "text": recognition.text,
        "language": recognition.language,
        "confidence": round(recognition.confidence, 4),
        "duration_s": round(len(samples) / rate_hz, 3),
        "decode_ms": round(recognition.decode_ms, 1),
        "alternatives": list(recognition.alternatives),
    }
