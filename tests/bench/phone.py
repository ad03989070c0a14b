"""The telephone's 8 kHz path on recordings of people: ``python -m tests.bench phone --recordings FOLDER``.

Error rates are those of the recordings in telephone band (``tests.bench.asr`` says what FOLDER holds), as they are and
with the words of the domain expected. Spoken order numbers go through 300-3400 Hz, 8 kHz and 8-bit mu-law (ITU-T G.711)
and are understood as the answer to a question for so many digits:

    said > heard > read back > right: confirmed
                             > wrong or not whole: the caller presses all of it > Keypad > understood
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console

from gateway.expected_words import ExpectedWords
from gateway.keypad import Keypad, keys_expected
from nlu.classifiers.keyword import KeywordClassifier
from nlu.hotwords import domain_words
from nlu.slots import SlotConfig
from nlu.types import Expectation, Parse
from nlu.understand import Understanding
from speech.asr import AsrOptions, load_asr
from speech.audio import read_audio, resample
from speech.types import LISTEN_RATE_HZ, BatchAsr, Language, Samples
from tests.bench.asr import Clip, clips, score
from tests.bench.results import Result, Results
from tests.bench.tts import telephone

_TODAY = date(2026, 11, 19)
_FREE = Expectation()
_KEY_MS = 400.0


@dataclass(frozen=True, slots=True)
class Capture:
    """What became of one spoken number."""

    said: str
    heard: str | None
    """What would be read back; None where no whole number was heard."""
    pressed: str | None = None
    """What the keys gave, where they were needed."""

    @property
    def is_right_at_once(self) -> bool:
        """Whether the caller could say yes to it."""
        return self.heard == self.said

    @property
    def is_right_at_the_end(self) -> bool:
        """Whether the number was got, by voice or by keys."""
        return self.is_right_at_once or self.pressed == self.said


async def measure(recordings: Path | None, console: Console) -> Results:
    """Nothing where no recordings are given."""
    if recordings is None:
        console.print("no folder of recordings: give one with --recordings")
        return {}
    asr = await asyncio.to_thread(load_asr, AsrOptions())
    try:
        found = await asyncio.to_thread(clips, recordings)
        errors = await _errors([clip for clip in found if "telephone" in clip.set_name], asr)
        captures = [await captured(clip, asr) for clip in found if clip.digits is not None]
    finally:
        await asr.close()
    for capture in captures:
        if not capture.is_right_at_once:
            console.print(f"said {capture.said}, heard {capture.heard}, keys {capture.pressed}", highlight=False)
    return errors | results(captures)


async def _errors(found: Sequence[Clip], asr: BatchAsr) -> Results:
    wrong: Counter[str] = Counter()
    length: Counter[str] = Counter()
    count: Counter[str] = Counter()
    words = ExpectedWords(domain_words(), None, own=False)
    for clip in found:
        samples = await asyncio.to_thread(_samples, clip)
        for way, expected in (("", None), ("_hotwords", words.now(_FREE, samples.size / LISTEN_RATE_HZ))):
            got = await asr.transcribe(samples, language=_language(clip), hotwords=expected)
            errors, of = score(clip, got.text)
            name = f"phone_error_{clip.language}{way}"
            wrong[name] += errors
            length[name] += of
            count[name] += 1
    return {name: Result(round(wrong[name] / length[name], 4), "", count[name]) for name in sorted(length)}


async def captured(clip: Clip, asr: BatchAsr) -> Capture:
    """One number, asked for, heard over the telephone, and pressed where that went wrong."""
    said = clip.digits or ""
    config = SlotConfig(order_number_pattern=rf"\d{{{len(said)}}}", order_number_luhn=False)
    understanding = Understanding(KeywordClassifier(), slots=config, clock=lambda: _TODAY)
    asked = Expectation("digits", "order_number", len(said))
    line = telephone(await asyncio.to_thread(_samples, clip))
    words = ExpectedWords(domain_words(), None, own=False).now(asked, line.size / LISTEN_RATE_HZ)
    got = await asr.transcribe(line, language=_language(clip), hotwords=words)
    heard = _number(await understanding.understand(got.text, asked, alternatives=got.alternatives))
    if heard == said:
        return Capture(said, heard)
    keypad, typed = Keypad(), None
    for at, key in enumerate(f"{said}#"):
        typed = keypad.press(key, at * _KEY_MS, keys_expected(asked)) or typed
    pressed = _number(await understanding.understand(typed, asked)) if typed else None
    return Capture(said, heard, pressed)


def _number(parse: Parse) -> str | None:
    slot = parse.slot("order_number")
    return str(slot.value) if slot else None


def _samples(clip: Clip) -> Samples:
    samples, rate_hz = read_audio(clip.path)
    return resample(samples, rate_hz, LISTEN_RATE_HZ)


def _language(clip: Clip) -> Language:
    return "zh" if clip.language == "zh" else "en"


def results(captures: Sequence[Capture]) -> Results:
    """Shares of the spoken numbers."""
    if not captures:
        return {}
    count = len(captures)
    at_once = sum(capture.is_right_at_once for capture in captures) / count
    mistaken = sum(capture.heard is not None and not capture.is_right_at_once for capture in captures) / count
    in_the_end = sum(capture.is_right_at_the_end for capture in captures) / count
    return {
        "phone_number_at_once": Result(round(at_once, 4), "", count, more_is_better=True),
        "phone_number_read_back_wrong": Result(round(mistaken, 4), "", count),
        "phone_number_with_keys": Result(round(in_the_end, 4), "", count, aim=1.0, more_is_better=True),
    }
