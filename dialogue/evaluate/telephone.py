"""The telephone between a scripted customer and Kefu: words in, what the recogniser makes of them out.

    words > Kefu's own voice > 300-3400 Hz, 8 kHz, 8-bit mu-law (ITU-T G.711) > Kefu's own recogniser > Heard

What was spoken once is kept in build/evaluate/telephone: the same words are heard the same way.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from dialogue.evaluate.play import Heard, Line
from nlu.train.embeddings import CHECKOUT
from nlu.types import Language
from speech.asr import AsrOptions, load_asr
from speech.audio import resample
from speech.spoken_text import spoken
from speech.tts import TtsOptions, load_tts
from speech.types import LISTEN_RATE_HZ, BatchAsr, Samples, TtsEngine

KEPT = CHECKOUT / "build" / "evaluate" / "telephone"


def _apart(found: re.Match[str]) -> str:
    return " " + " ".join(found[0].lstrip("#_"))


_RECIPE = 2
"""Raised whenever the same words sound differently."""
_QUIET_S = 0.3
_PRONOUNCED: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\bt-?shirt", re.IGNORECASE), "T shirt"),
    (re.compile(r"(?<=\w)@(?=\w)"), " at "),
    (re.compile(r"(?<=[a-z])\.(?=[a-z])", re.IGNORECASE), " dot "),
    (re.compile(r"#?\bW\d{5,}"), _apart),
    (re.compile(r"\b(?:credit_card|gift_card|paypal)(?=_\d)"), lambda found: found[0].replace("_", " ")),
    (re.compile(r"_\d{5,}|(?<=[a-z])\d{3,}(?= at )", re.IGNORECASE), _apart),
)
"""What a voice reads badly, and how it is said."""
_LOW_HZ, _HIGH_HZ, _LINE_HZ, _MU = 300, 3400, 8000, 255


@asynccontextmanager
async def telephone(language: Language, kept: Path = KEPT) -> AsyncIterator[Line]:
    """A line for customers who speak ``language``. Raises what the engines raise when their weights are missing."""
    tts, asr = await asyncio.to_thread(load_tts, TtsOptions()), await asyncio.to_thread(load_asr, AsrOptions())
    await asyncio.to_thread(kept.mkdir, parents=True, exist_ok=True)

    async def carry(words: str) -> Heard:
        path = kept / f"{_RECIPE}{language}-{hashlib.sha256(words.encode()).hexdigest()[:16]}.json"
        if not path.is_file():
            heard = await _heard(words, language, tts, asr)
            row = {"said": words, "text": heard.text, "alternatives": heard.alternatives}
            path.write_text(json.dumps(row, ensure_ascii=False), "utf-8")
        found = json.loads(path.read_text("utf-8"))
        return Heard(found["text"], tuple(found["alternatives"]))

    try:
        yield carry
    finally:
        await tts.close()
        await asr.close()


async def _heard(words: str, language: Language, tts: TtsEngine, asr: BatchAsr) -> Heard:
    pcm = bytearray()
    async for frame in tts.synthesize(spoken(pronounced(words), language), language):
        pcm += frame.pcm
    said = np.frombuffer(bytes(pcm), "<i2").astype(np.float32) / np.float32(32768)
    quiet = np.zeros(round(_QUIET_S * LISTEN_RATE_HZ), np.float32)
    wide = resample(said, tts.capabilities.rate_hz, LISTEN_RATE_HZ)
    got = await asr.transcribe(over_the_line(np.concatenate([quiet, wide, quiet])), language=language)
    return Heard(got.text, got.alternatives)


def pronounced(words: str) -> str:
    """Mail addresses and numbers with letters as people say them, who do not spell a name that is a word."""
    for pattern, said in _PRONOUNCED:
        words = pattern.sub(said, words)
    return words


def over_the_line(samples: Samples) -> Samples:
    """16 kHz samples as they come out of a telephone."""
    spectrum = np.fft.rfft(resample(samples, LISTEN_RATE_HZ, _LINE_HZ))
    hertz = np.fft.rfftfreq(2 * len(spectrum) - 1, 1 / _LINE_HZ)
    spectrum[(hertz < _LOW_HZ) | (hertz > _HIGH_HZ)] = 0
    narrow = np.fft.irfft(spectrum)
    narrow = narrow / (np.max(np.abs(narrow)) + 1e-9) * 0.7
    coded = np.sign(narrow) * np.log1p(_MU * np.abs(narrow)) / np.log1p(_MU)
    stepped = np.round((coded + 1) / 2 * _MU) / _MU * 2 - 1
    decoded = np.sign(stepped) * np.expm1(np.abs(stepped) * np.log1p(_MU)) / _MU
    return resample(decoded.astype(np.float32), _LINE_HZ, LISTEN_RATE_HZ)
