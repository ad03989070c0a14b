"""``kefu call FILE``: play a recording into the running gateway's voice socket in real time.

JSON: ``{"turns": [{"transcript", "intent", "slots", "reply_text", "speech_end_ms", "final_ms", "first_text_ms",
"first_audio_ms", "audio_end_ms", "interrupted", "turn_id", "hops"}]}``; times in milliseconds since the first sample.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from websockets.exceptions import WebSocketException

from gateway.cli import DEFAULT_URL, JsonOption, UrlOption, fail, run_or_fail
from gateway.cli.call_client import Caller
from gateway.cli.client import Gateway
from speech.audio import read_audio, resample, write_wav
from speech.types import LISTEN_RATE_HZ


def call(
    file: Annotated[Path, typer.Argument(help="A recording: WAV, or anything ffmpeg reads.")],
    url: UrlOption = DEFAULT_URL,
    out: Annotated[Path | None, typer.Option("--out", help="WAV file for what the caller hears.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Call the gateway with a recording and print the timeline of each turn."""
    run_or_fail(lambda: asyncio.run(_call(file, url, out, as_json=as_json)))


async def _call(file: Path, url: str, out: Path | None, *, as_json: bool) -> None:
    samples, rate_hz = read_audio(file)
    samples = resample(samples, rate_hz, LISTEN_RATE_HZ)
    caller = Caller(Gateway(url), samples, say=(lambda line: None) if as_json else print)
    try:
        await caller.run()
    except* (OSError, WebSocketException) as group:
        fail(f"the line broke: {group.exceptions[0]}")
    if out is not None:
        write_wav(out, *caller.reply_audio)
    if as_json:
        print(json.dumps({"turns": caller.turns}, ensure_ascii=False))
        return
    for number, turn in enumerate(caller.turns, 1):
        if turn["speech_end_ms"] is not None and turn["first_audio_ms"] is not None:
            print(f"turn {number}: voice-to-voice {turn['first_audio_ms'] - turn['speech_end_ms']:.0f} ms")
