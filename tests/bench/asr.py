"""Accuracy and speed of speech recognition.

``measure`` (``python -m tests.bench asr``) compares with stock faster-whisper, see ``asr_throughput``, and reports
the error rates on a folder of recordings where one is given. ``python -m tests.bench.asr FOLDER [--out
build/bench-asr.json]`` reports on the folder alone. It holds ``manifest.jsonl``, one object a
line: ``file``, ``text``, ``lang`` (zh, en), ``seconds``, and where they apply ``tel8k`` (the same in telephone band)
and ``digits`` (what a spoken number must come out as); paths are relative to the folder's parent, or to the folder.
Long recordings count for accuracy; latency is that of utterances of 2 to 4 s. CPU time is reported beside wall time:
on a busy machine it says what the recogniser needs, wall time what it got.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cn2an
from num2words import num2words
from rich.console import Console

from speech.asr import AsrOptions, load_asr
from speech.audio import frames_of, read_audio, resample
from speech.listen import ListenConfig, listen
from speech.types import LISTEN_RATE_HZ, BatchAsr, Recognition, Samples, SpeechStarted
from speech.vad import SileroVad
from tests.bench.results import Result as Figure
from tests.bench.results import Results

_DIGITS = "零一二三四五六七八九"
_SPOKEN = {"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
           "six": "6", "seven": "7", "eight": "8", "nine": "9"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording and what is said in it."""

    path: Path
    set_name: str
    language: str
    text: str
    digits: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """One recording's score."""

    clip: Clip
    seconds: float
    recognition: Recognition
    cpu_ms: float
    """Processor time of this process while it was recognised, all threads."""
    errors: int
    length: int


def distance(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(reference, 1):
        before, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (wanted != got))
    return row[-1]


def characters(text: str) -> list[str]:
    """Chinese characters and letters; numerals spelt out as numbers."""
    spelt = re.sub(r"\d+", lambda m: str(cn2an.an2cn(m[0], "low")) if len(m[0]) < 5 else _digit_by_digit(m[0]), text)
    return [character for character in spelt.lower() if character.isalnum()]


def _digit_by_digit(number: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in number)


def words(text: str) -> list[str]:
    """English words; numerals spelt out, hyphens and slashes between words."""
    spelt = re.sub(r"\d+", lambda m: f" {num2words(int(m[0]))} ", text.lower().replace("’", "'"))
    return re.sub(r"[^a-z' ]", " ", spelt).split()


def digits(text: str) -> str:
    """The digits in a text, spelt in figures or English words."""
    return "".join(_SPOKEN.get(word, word) for word in re.findall(r"\d|[a-z]+", text.lower()))


def score(clip: Clip, heard: str) -> tuple[int, int]:
    """(errors, length of the reference) in characters, words or digits."""
    if clip.digits is not None:
        return distance(clip.digits, digits(heard)), len(clip.digits)
    split = characters if clip.language == "zh" else words
    reference = split(clip.text)
    return distance(reference, split(heard)), len(reference)


def clips(folder: Path) -> list[Clip]:
    """The recordings of the manifest that have a text."""
    found = []
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if not entry["text"]:
            continue
        number = entry.get("digits")
        what = f"{entry['lang']} numbers" if number else entry["lang"]
        for key, band in (("file", "8 kHz" if number else "16 kHz"), ("tel8k", "telephone")):
            if entry.get(key):
                path = next(base / entry[key] for base in (folder.parent, folder) if (base / entry[key]).is_file())
                found.append(Clip(path, f"{what}, {band}", entry["lang"], entry["text"], number))
    return found


def at_16_khz(path: Path) -> Samples:
    """A recording as the recogniser takes it."""
    samples, rate_hz = read_audio(path)
    return resample(samples, rate_hz, LISTEN_RATE_HZ)


async def recognise(asr: BatchAsr, recordings: Iterable[Clip]) -> list[Result]:
    """One after another, language unknown, as a call's first utterance is."""
    results = []
    for clip in recordings:
        samples = at_16_khz(clip.path)
        began = time.process_time()
        recognition = await asr.transcribe(samples)
        cpu_ms = (time.process_time() - began) * 1000
        errors, length = score(clip, recognition.text)
        results.append(Result(clip, samples.size / LISTEN_RATE_HZ, recognition, cpu_ms, errors, length))
    return results


async def false_starts(asr: BatchAsr, paths: Iterable[Path]) -> dict[str, int]:
    """Utterances that listening hears in recordings without a customer."""
    vad, counts = SileroVad(), {}
    config = ListenConfig(partial_interval_ms=0, speculate=False)
    for path in paths:
        frames = frames_of(at_16_khz(path), LISTEN_RATE_HZ)
        async with aclosing(listen(frames, asr, vad.stream(), config=config)) as events:
            counts[path.stem] = sum([isinstance(event, SpeechStarted) async for event in events])
    return counts


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Error rate over all characters or words, speed, and the latency of utterances of 2 to 4 s."""
    brief = [result for result in results if 1.9 <= result.seconds <= 4.1]
    short = sorted(result.recognition.decode_ms for result in brief)
    seconds = sum(result.seconds for result in results)
    return {
        "n": len(results),
        "seconds": round(seconds, 1),
        "error_rate": round(sum(r.errors for r in results) / sum(r.length for r in results), 4),
        "language_right": sum(r.recognition.language == r.clip.language for r in results),
        "rtf": round(sum(r.recognition.decode_ms for r in results) / 1000 / seconds, 4),
        "rtf_cpu": round(sum(r.cpu_ms for r in results) / 1000 / seconds, 4),
        "short_n": len(short),
        "short_p50_ms": round(statistics.median(short)) if short else None,
        "short_max_ms": round(short[-1]) if short else None,
        "short_cpu_p50_ms": round(statistics.median(result.cpu_ms for result in brief)) if brief else None,
    }


async def measure(build: Path, console: Console, *, quick: bool = False, recordings: Path | None = None) -> Results:
    """Ours against stock faster-whisper, then accuracy on ``recordings``; about three minutes on two cores."""
    from tests.bench import asr_throughput  # it needs this module

    results = await asr_throughput.measure(build, console, quick=quick, recordings=recordings)
    if recordings is not None and not quick:
        report = await accuracy(recordings, AsrOptions())
        console.print(table(report), markup=False, highlight=False)
        for name, row in report["sets"].items():
            key = "asr_errors_" + re.sub(r"\W+", "_", name).lower()
            results[key] = Figure(row["error_rate"], "", row["n"])
    return results


async def accuracy(folder: Path, options: AsrOptions) -> dict[str, Any]:
    """Everything there is to say about a folder of recordings."""
    began = time.perf_counter()
    asr = load_asr(options)
    report: dict[str, Any] = {"load_s": round(time.perf_counter() - began, 2), "sets": {}}
    try:
        results = await recognise(asr, clips(folder))
        for name in sorted({result.clip.set_name for result in results}):
            report["sets"][name] = summary([result for result in results if result.clip.set_name == name])
        report["false_starts"] = await false_starts(asr, sorted((folder / "noise").glob("*.wav")))
        report["clips"] = [
            {"file": r.clip.path.name, "set": r.clip.set_name, "errors": r.errors, "length": r.length,
             "text": r.recognition.text, "confidence": round(r.recognition.confidence, 3),
             "decode_ms": round(r.recognition.decode_ms)}
            for r in results
        ]  # fmt: skip
    finally:
        await asr.close()
    return report


def table(report: dict[str, Any]) -> str:
    """The sets as a Markdown table."""
    rows = [
        "| recordings | n | audio | CER / WER | RTF wall / CPU | of 2-4 s: n, p50 wall / CPU |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in report["sets"].items():
        latency = f"{row['short_n']}, {row['short_p50_ms']} / {row['short_cpu_p50_ms']} ms" if row["short_n"] else "-"
        rate = f"{row['error_rate'] * 100:.1f} %"
        rtf = f"{row['rtf']:.3f} / {row['rtf_cpu']:.3f}"
        rows.append(f"| {name} | {row['n']} | {row['seconds']:.0f} s | {rate} | {rtf} | {latency} |")
    return "\n".join(rows)


def main() -> None:
    """Print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/bench-asr.json"))
    parser.add_argument("--model", default="base")
    options = parser.parse_args()
    report = asyncio.run(accuracy(options.folder, AsrOptions(model=options.model)))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    print(table(report))
    print(f"loaded in {report['load_s']} s; utterances heard in noise: {report['false_starts']}; all in {options.out}")


if __name__ == "__main__":
    main()
