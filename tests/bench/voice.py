"""Voice-to-voice on one call: from the end of speech in the recording to the first audible sample of the answer."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from rich.console import Console

from gateway.cli.call_client import Caller
from gateway.cli.client import Gateway
from tests.bench.gateway_process import GatewayProcess
from tests.bench.questions import spoken_questions
from tests.bench.results import Result, Results, quantiles

AIM_P50_MS = 1500.0


async def measure(gateway: GatewayProcess, recordings: Path, console: Console) -> Results:
    """Every question once, one call after another, after one call that warms up."""
    questions = await spoken_questions(recordings)
    await Caller(Gateway(gateway.url), questions[0][1]).run()
    totals: list[float] = []
    hops: dict[str, list[float]] = defaultdict(list)
    characters = errors = unanswered = 0
    for text, samples in questions:
        caller = Caller(Gateway(gateway.url), samples, hear_out=False)
        await caller.run()
        turns = [turn for turn in caller.turns if turn["first_audio_ms"] is not None]
        if not turns:
            unanswered += 1
            continue
        turn = turns[-1]
        total = turn["first_audio_ms"] - turn["speech_end_ms"]
        totals.append(total)
        for name, value in turn["hops"].items():
            hops[name].append(value)
        characters += len(text)
        errors += distance(text, "".join(c for c in turn["transcript"] if c.isalnum()))
        console.print(f"  {total:6.0f} ms  {text} -> {turn['transcript']} [{turn['intent']}]", markup=False)
    results = quantiles("voice_to_voice", totals, aim_p50=AIM_P50_MS)
    for name, values in hops.items():
        if name != "total_ms":
            results |= {f"voice_hop_{name.removesuffix('_ms')}_p50": quantiles("x", values)["x_p50"]}
    results["voice_unanswered"] = Result(unanswered, "questions", len(questions), 0)
    results["voice_cer"] = Result(round(errors / max(1, characters), 4), "", characters)
    return results


def distance(reference: str, hypothesis: str) -> int:
    """Levenshtein distance in characters."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        previous, row[0] = row[0], i
        for j, found in enumerate(hypothesis, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (wanted != found))
    return row[-1]
