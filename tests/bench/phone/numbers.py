"""What is heard of people over a telephone: error rates, and order numbers with their read-back and the keypad.

Every sound goes through 300-3400 Hz, 8 kHz and 8-bit mu-law (``tests.turn_taking.telephone``), recordings of people in
that band once more. Spoken numbers are understood as the answer to a question for so many digits:

    said > heard > read back > right: confirmed
                             > wrong or not whole: the caller presses all of it > Keypad > understood

Our own voices (``phone_own_...``) say sentences of tests/turn_taking and the numbers below; they can be had everywhere
but are easier to recognise than people. ``tests.bench.asr`` says what a folder of recordings holds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
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
from tests.bench.asr import characters, clips, distance, words
from tests.bench.results import Result, Results
from tests.turn_taking.scenes import load_scenes
from tests.turn_taking.telephone import TelephoneLine, over_the_telephone
from tests.turn_taking.voices import Spoken, Voices, wanted
from tests.turn_taking.words import plain

_TODAY = date(2026, 11, 19)
_FREE = Expectation()
_KEY_MS = 400.0
_LONG = 4
"""Syllables of a sentence whose errors are worth counting."""
SENTENCES_OF = ("barge_in", "backchannel", "stop_command", "side_talk")
NUMBERS: tuple[tuple[str, Language], ...] = (
    ("35053671", "zh"), ("00375580", "zh"), ("2441615087", "zh"), ("20828361", "zh"), ("692190", "zh"),
    ("96142618", "zh"), ("594171", "zh"), ("88689583", "zh"), ("7904021024", "zh"), ("237222", "zh"),
    ("602932", "zh"), ("65264778", "zh"), ("35053671", "en"), ("00375580", "en"), ("2441615087", "en"),
    ("20828361", "en"), ("692190", "en"), ("237222", "en"),
)  # fmt: skip
_ZH = "零一二三四五六七八九"
_EN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LINES: Mapping[str, Callable[[], TelephoneLine]] = {
    "": TelephoneLine,
    "_quiet": partial(TelephoneLine, gain_db=-20.0),
    "_noisy": partial(TelephoneLine, hum_db=-42.0, noise_db=-42.0),
}
"""A good line; a far handset; hum and hiss 20 dB below a voice of -22 dBFS."""


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


@dataclass(frozen=True, slots=True)
class Said:
    """One recording, 16 kHz."""

    samples: Samples
    text: str
    language: Language
    digits: str | None = None
    """Of a spoken number."""


async def measure(build: Path, console: Console, *, quick: bool, recordings: Path | None) -> Results:
    """Our own voices, then the recordings where there are any."""
    found = {"phone_own": await own_voices(build, quick=quick)}
    if recordings is not None:
        found["phone"] = await asyncio.to_thread(people, recordings)
    asr = await asyncio.to_thread(load_asr, AsrOptions())
    results: Results = {}
    try:
        for name, said in found.items():
            results |= await _errors(name, [one for one in said if one.digits is None], asr)
            spoken = [one for one in said if one.digits is not None]
            for line_name, line in LINES.items():
                captures = [await captured(one, asr, line) for one in spoken]
                _tell(f"{name}{line_name}", captures, console)
                results |= capture_results(f"{name}_number{line_name}", captures)
    finally:
        await asr.close()
    return results


def _tell(name: str, captures: Iterable[Capture], console: Console) -> None:
    for one in captures:
        if not one.is_right_at_once:
            console.print(f"{name}: said {one.said}, heard {one.heard}, keys {one.pressed}", highlight=False)


async def own_voices(build: Path, *, quick: bool) -> list[Said]:
    """Spoken once and kept in build/bench/turn_taking."""
    voices = Voices(build / "bench" / "turn_taking")
    stretches = wanted(scene for scene in load_scenes() if scene.kind in SENTENCES_OF and scene.audio)
    sentences = [text for text in stretches if len(plain(text[0])) >= _LONG]
    numbers: list[tuple[str, Spoken]] = [(digits, (_read_out(digits, of), of)) for digits, of in NUMBERS]
    if quick:
        sentences, numbers = sentences[::4], numbers[::3]
    await voices.prepare([*sentences, *(text for _, text in numbers)], lambda done, of: None)
    return [Said(voices.of(*text), *text) for text in sentences] + [
        Said(voices.of(*text), *text, digits) for digits, text in numbers
    ]


def _read_out(digits: str, language: Language) -> str:
    return "".join(_ZH[int(d)] for d in digits) if language == "zh" else ", ".join(_EN[int(d)] for d in digits)


def people(folder: Path) -> list[Said]:
    """Numbers, and what else there is in telephone band."""
    found = []
    for clip in clips(folder):
        if clip.digits is not None or "telephone" in clip.set_name:
            samples, rate_hz = read_audio(clip.path)
            heard = resample(samples, rate_hz, LISTEN_RATE_HZ)
            found.append(Said(heard, clip.text, "zh" if clip.language == "zh" else "en", clip.digits))
    return found


async def _errors(name: str, said: Sequence[Said], asr: BatchAsr) -> Results:
    """As they are, and with the words of the domain expected."""
    wrong: Counter[str] = Counter()
    length: Counter[str] = Counter()
    count: Counter[str] = Counter()
    domain = ExpectedWords(domain_words(), None, own=False)
    for one in said:
        line = over_the_telephone(one.samples)
        split = characters if one.language == "zh" else words
        for way, expected in (("", None), ("_hotwords", domain.now(_FREE, line.size / LISTEN_RATE_HZ))):
            got = await asr.transcribe(line, language=one.language, hotwords=expected)
            key = f"{name}_error_{one.language}{way}"
            wrong[key] += distance(split(one.text), split(got.text))
            length[key] += len(split(one.text))
            count[key] += 1
    return {key: Result(round(wrong[key] / length[key], 4), "", count[key]) for key in sorted(length)}


async def captured(one: Said, asr: BatchAsr, line: Callable[[], TelephoneLine] = TelephoneLine) -> Capture:
    """One number, asked for, heard over the telephone, and pressed where that went wrong."""
    said = one.digits or ""
    config = SlotConfig(order_number_pattern=rf"\d{{{len(said)}}}", order_number_luhn=False)
    understanding = Understanding(KeywordClassifier(), slots=config, clock=lambda: _TODAY)
    asked = Expectation("digits", "order_number", len(said))
    samples = over_the_telephone(one.samples, line())
    expected = ExpectedWords(domain_words(), None, own=False).now(asked, samples.size / LISTEN_RATE_HZ)
    got = await asr.transcribe(samples, language=one.language, hotwords=expected)
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


def capture_results(name: str, captures: Sequence[Capture]) -> Results:
    """Shares of the spoken numbers."""
    if not captures:
        return {}
    count = len(captures)
    at_once = sum(capture.is_right_at_once for capture in captures) / count
    mistaken = sum(capture.heard is not None and not capture.is_right_at_once for capture in captures) / count
    in_the_end = sum(capture.is_right_at_the_end for capture in captures) / count
    return {
        f"{name}_at_once": Result(round(at_once, 4), "", count, more_is_better=True),
        f"{name}_read_back_wrong": Result(round(mistaken, 4), "", count),
        f"{name}_with_keys": Result(round(in_the_end, 4), "", count, aim=1.0, more_is_better=True),
    }
