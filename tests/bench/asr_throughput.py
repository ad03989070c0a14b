"""Utterances a second at 1, 4 and 16 concurrent sessions, ours against stock faster-whisper in the same run.

Both have the same model file, int8, two workers of one thread, beam 5 and no VAD; neither is told the language. The
reference is ``WhisperModel.transcribe`` called from one thread a session. Utterances: shop questions in the product's
own voice and, where a folder of recordings is given, those of people up to ``_LONGEST_S``; each has the 300 ms before
and 200 ms after it that listening adds. Chinese output of both is compared in simplified characters. Sessions ask one
after another, without pause. The two take turns at every step, so that both see the same machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import opencc
from rich.console import Console

from gateway.config import Settings
from gateway.engines import load_tts
from speech.asr import AsrOptions, load_asr
from speech.asr.overload import AsrCounts
from speech.asr.whisper_model import load_whisper
from speech.audio import float_from_pcm, read_wav, resample, write_wav
from speech.speak import SpokenRequest, speak
from speech.types import LISTEN_RATE_HZ, Samples
from tests.bench.asr import Clip, at_16_khz, clips, score
from tests.bench.questions import QUESTIONS, spoken_questions
from tests.bench.results import Result, Results, quantiles

CONCURRENCIES = (1, 4, 16)
AIM = 3.0
_UTTERANCES = 32
_QUICK_UTTERANCES = 8
_LONGEST_S = 8.0
_ENGLISH = (
    "Where is my order?", "I would like to return these shoes.", "How much is the shipping?",
    "Can I get an invoice?", "Please cancel my order.", "I want to talk to a person.",
    "When will I get my money back?", "Do you have it in black?", "The parcel has not arrived yet.",
    "Can I change the delivery address?", "Thank you, goodbye.", "It does not fit, I need a larger size.",
)  # fmt: skip

Recognise = Callable[[Samples], Awaitable[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """What is asked, and what was really said."""

    clip: Clip
    samples: Samples


@dataclass(frozen=True, slots=True)
class Pass:
    """All utterances once, at one concurrency."""

    wall_s: float
    cpu_s: float
    latencies_ms: list[float]
    errors: dict[str, tuple[int, int]]
    """(errors, length) by language."""

    @property
    def per_second(self) -> float:
        """Utterances a second."""
        return len(self.latencies_ms) / self.wall_s

    def error_rate(self, language: str) -> float:
        """Character errors (zh) or word errors (en), 0..1."""
        errors, length = self.errors[language]
        return errors / length


async def measure(build: Path, console: Console, *, quick: bool, recordings: Path | None) -> Results:
    """Throughput, latency, processor time and error rates of both, with their ratios."""
    utterances = await _utterances(build / "bench", recordings, _QUICK_UTTERANCES if quick else _UTTERANCES)
    options, counts = AsrOptions(), AsrCounts()
    ours = load_asr(options, counts)
    stock = load_whisper(
        options.model, device=options.device, compute_type=options.compute_type, threads=options.threads,
        workers=options.workers,
    )  # fmt: skip

    async def recognise(samples: Samples) -> str:
        return (await ours.transcribe(samples)).text

    results: Results = {}
    passes: dict[int, tuple[Pass, Pass]] = {}
    with ThreadPoolExecutor(max(CONCURRENCIES)) as threads:

        async def reference(samples: Samples) -> str:
            return await asyncio.get_running_loop().run_in_executor(threads, _stock, stock, options.beam_size, samples)

        await _pass(utterances[:2], reference, 1)
        for concurrency in CONCURRENCIES:
            mine = await _pass(utterances, recognise, concurrency)
            theirs = await _pass(utterances, reference, concurrency)
            passes[concurrency] = mine, theirs
            results |= _compared(f"asr_c{concurrency}", mine, theirs)
            console.print(_line(concurrency, mine, theirs), highlight=False)
    await ours.close()
    for language, name in (("zh", "cer"), ("en", "wer")):
        mine, theirs = passes[CONCURRENCIES[0]]
        if language in mine.errors:
            rate, reference_rate = mine.error_rate(language), theirs.error_rate(language)
            length = mine.errors[language][1]
            results[f"asr_{name}_{language}"] = Result(round(rate, 4), "", length, reference=round(reference_rate, 4))
    utterances_decoded = sum(size * times for size, times in counts.batches.items())
    results["asr_decoded_again"] = Result(counts.again, "utterances", utterances_decoded)
    results["asr_beams_shed"] = Result(counts.beams_shed, "utterances", utterances_decoded)
    console.print(f"batches by size: {dict(sorted(counts.batches.items()))}", highlight=False)
    return results


def _compared(name: str, ours: Pass, stock: Pass) -> Results:
    n = len(ours.latencies_ms)
    return {
        f"{name}_per_second": Result(
            round(ours.per_second, 2), "1/s", n, reference=round(stock.per_second, 2), more_is_better=True
        ),
        f"{name}_speedup": Result(round(ours.per_second / stock.per_second, 2), "x", n, AIM, more_is_better=True),
        f"{name}_cpu": Result(
            round(1000 * ours.cpu_s / n), "ms/utterance", n, reference=round(1000 * stock.cpu_s / n)
        ),
        **quantiles(f"{name}_latency", ours.latencies_ms, reference=stock.latencies_ms),
    }  # fmt: skip


def _line(concurrency: int, ours: Pass, stock: Pass) -> str:
    cpu = f"cpu {1000 * ours.cpu_s / len(ours.latencies_ms):.0f} / {1000 * stock.cpu_s / len(ours.latencies_ms):.0f} ms"
    rates = ", ".join(f"{language} {ours.error_rate(language):.1%} / {stock.error_rate(language):.1%}"
                      for language in sorted(ours.errors))  # fmt: skip
    speed = f"{ours.per_second:.2f} / {stock.per_second:.2f} a second = {ours.per_second / stock.per_second:.1f}x"
    return f"  {concurrency:2} sessions, ours / stock: {speed}, {cpu}, errors {rates}"


async def _pass(utterances: Sequence[Utterance], recognise: Recognise, concurrency: int) -> Pass:
    """Every utterance once; ``concurrency`` sessions take the next one whenever they have their answer."""
    latencies_ms: list[float] = []
    errors: dict[str, tuple[int, int]] = {}
    left = iter(utterances)

    async def session(left: Iterator[Utterance]) -> None:
        for utterance in left:
            asked = time.perf_counter()
            text = await recognise(utterance.samples)
            latencies_ms.append((time.perf_counter() - asked) * 1000)
            wrong, length = score(utterance.clip, _simplified(text))
            before = errors.get(utterance.clip.language, (0, 0))
            errors[utterance.clip.language] = before[0] + wrong, before[1] + length

    began, began_cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(session(left))
    return Pass(time.perf_counter() - began, time.process_time() - began_cpu, latencies_ms, errors)


def _stock(model: Any, beam_size: int, samples: Samples) -> str:
    segments, _ = model.transcribe(samples, beam_size=beam_size, vad_filter=False)
    return "".join(segment.text for segment in segments)


_OPENCC = opencc.OpenCC("t2s")


def _simplified(text: str) -> str:
    return str(_OPENCC.convert(text))


async def _utterances(folder: Path, recordings: Path | None, count: int) -> list[Utterance]:
    """``count`` utterances: half of people where there are recordings, two Chinese to one English of the voice."""
    spoken = await spoken_questions(folder / "questions")
    chinese = [Utterance(_clip(text, "zh"), _heard(spoken[text].samples)) for text in QUESTIONS]
    english = [Utterance(_clip(text, "en"), _heard(samples)) for text, samples in
               (await _english(folder / "questions-en")).items()]  # fmt: skip
    people = await asyncio.to_thread(_people, recordings) if recordings is not None else []
    voices = [one for pair in zip(chinese[::2], chinese[1::2], english, strict=False) for one in pair]
    half = min(len(people), count // 2)
    step = len(people) / half if half else 1.0
    chosen = [people[int(n * step)] for n in range(half)] + voices[: count - half]
    # short and long, Chinese and English, people and voice come in turns, the same in every run
    return [chosen[n] for n in np.random.default_rng(1).permutation(len(chosen))]


def _people(folder: Path) -> list[Utterance]:
    found = [Utterance(clip, at_16_khz(clip.path)) for clip in clips(folder)]
    return [one for one in found if one.samples.size <= _LONGEST_S * LISTEN_RATE_HZ]


def _clip(text: str, language: str) -> Clip:
    return Clip(Path(), f"{language} voice", language, text, None)


def _heard(samples: Samples) -> Samples:
    """With the silence around it that listening passes on."""
    return np.pad(samples, (round(0.3 * LISTEN_RATE_HZ), round(0.2 * LISTEN_RATE_HZ)))


async def _english(folder: Path) -> dict[str, Samples]:
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    paths = {text: folder / f"{number:02}.wav" for number, text in enumerate(_ENGLISH)}
    missing = [text for text, path in paths.items() if not path.is_file()]
    if missing:
        tts = await asyncio.to_thread(load_tts, Settings())
        for text in missing:
            pcm = b"".join([frame.audio.pcm async for frame in speak(_one(text), tts)])
            samples = resample(float_from_pcm(pcm), tts.capabilities.rate_hz, LISTEN_RATE_HZ)
            write_wav(paths[text], samples, LISTEN_RATE_HZ)
        await tts.close()
    return {text: read_wav(path)[0] for text, path in paths.items()}


async def _one(text: str) -> Any:
    yield SpokenRequest(text, "en")
