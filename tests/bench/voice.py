"""Voice-to-voice: from the true end of speech to the first audible sample of the answer at the client.

``tests.bench.audible`` and ``tests.bench.questions`` define both ends; no VAD has a part in it. A customer asks the
questions of one call (``questions.CALLS``) in one session, listens to ``_LISTEN_MS`` of each answer, presses "stop
talking", thinks for 0.5 to 1.5 s and asks the next. Calls at the same time start staggered. One call at a time comes
first (every question), then the curve.
"""

from __future__ import annotations

import asyncio
import functools
import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import opencc
from rich.console import Console
from websockets.exceptions import WebSocketException

from gateway.cli.client import Gateway
from tests.bench import client_check
from tests.bench.asr import characters, distance
from tests.bench.gateway_process import GatewayProcess
from tests.bench.line import Asked, KefuLine, Line
from tests.bench.questions import CALLS, Question, recorded_questions, spoken_questions
from tests.bench.results import Result, Results, quantiles

AIM_P50_MS, AIM_P95_MS = 700.0, 1200.0
AIM_CLIENT_LATE_MS = 20.0
"""One frame."""
CURVE = {2: 9, 4: 12, 8: 24}
"""Calls at the same time -> calls made; each has two or three questions."""
TURNS_FILE = "voice-turns.json"
_LISTEN_MS = 1500.0
_THINK_S = (0.5, 1.5)
_STAGGER_S = 1.7


@dataclass(frozen=True, slots=True)
class Call:
    """What one call found."""

    asked: list[Asked]
    late_ms: list[float]
    """How late the client's own frames left."""
    broke: str | None = None
    """What ended the call before its time."""


async def measure(
    gateway: GatewayProcess,
    recordings: Path,
    console: Console,
    *,
    quick: bool = False,
    people: Path | None = None,
) -> Results:
    """All of it; about four minutes, one with ``quick``. ``people``: a folder of recordings of real speakers."""
    questions = await spoken_questions(recordings)
    client = Gateway(gateway.url)
    results = await client_check.measure()
    await kefu_call(client, [questions["运费怎么算"]], 0)  # the first call after a start pays for what loads lazily
    chosen = CALLS[:3] if quick else CALLS
    one = [await kefu_call(client, [questions[text] for text in call], n) for n, call in enumerate(chosen)]
    results |= figures("voice_to_voice", one, console, aims=(AIM_P50_MS, AIM_P95_MS)) | hops(one)
    if people is not None:
        results |= figures("voice_people", [await kefu_call(client, recorded_questions(people), 0)], console)
    save_turns(one, recordings.parent / TURNS_FILE)
    reference = latencies(one)
    for at_once, count in CURVE.items():
        calls = [[questions[text] for text in CALLS[n % len(CALLS)]] for n in range(at_once if quick else count)]
        console.print(f"{at_once} calls at the same time")
        made = await kefu_calls(client, calls, at_once)
        results |= figures(f"voice_{at_once}_calls", made, console, reference=reference, detail=False)
    return results


async def kefu_call(client: Gateway, questions: Sequence[Question], seed: int) -> Call:
    """One call to the gateway. A line that breaks leaves its questions unanswered."""
    asked: list[Asked] = []
    late_ms: list[float] = []
    broke = None
    try:
        async with KefuLine.open(client) as line:
            late_ms = line.microphone.late_ms
            await converse(line, questions, random.Random(seed), asked)
    except* (OSError, aiohttp.ClientError, WebSocketException) as group:
        broke = f"{type(group.exceptions[0]).__name__}: {group.exceptions[0]}"
    unasked = [Asked(question, 0.0, None) for question in questions[len(asked) :]]
    return Call(asked + unasked, late_ms, broke)


async def kefu_calls(client: Gateway, calls: Sequence[Sequence[Question]], at_once: int) -> list[Call]:
    """``at_once`` customers make all the calls between them."""
    waiting = list(enumerate(calls))
    made: list[Call] = []

    async def customer(number: int) -> None:
        await asyncio.sleep(number * _STAGGER_S / max(1, at_once / 4))
        while waiting:
            seed, questions = waiting.pop(0)
            made.append(await kefu_call(client, questions, seed))

    async with asyncio.TaskGroup() as group:
        for number in range(at_once):
            group.create_task(customer(number))
    return made


async def converse(line: Line, questions: Sequence[Question], chance: random.Random, asked: list[Asked]) -> None:
    """Ask one question after the other; ``asked`` grows with each."""
    for question in questions:
        await asyncio.sleep(chance.uniform(*_THINK_S))
        asked.append(await line.ask(question, _LISTEN_MS))
        await line.stop()


def latencies(calls: Sequence[Call]) -> list[float]:
    """Voice-to-voice of the questions that were answered after they ended."""
    found = [asked.voice_to_voice_ms for call in calls for asked in call.asked]
    return [value for value in found if value is not None and value >= 0]


def figures(
    name: str,
    calls: Sequence[Call],
    console: Console,
    *,
    aims: tuple[float | None, float | None] = (None, None),
    reference: Sequence[float] | None = None,
    detail: bool = True,
) -> Results:
    """Quantiles, what was not answered or too soon, how much was misheard, and the client's own lateness."""
    asked = [one for call in calls for one in call.asked]
    errors = length = 0
    for one in asked:
        heard = one.answer.transcript if one.answer else ""
        errors += distance(characters(one.question.text), characters(_simplified().convert(heard))) if heard else 0
        length += len(characters(one.question.text)) if heard else 0
        if detail:
            console.print(f"  {_line(one)}", markup=False, highlight=False)
    results = quantiles(name, latencies(calls), aim_p50=aims[0], aim_p95=aims[1], reference=reference)
    results[f"{name}_unanswered"] = Result(sum(one.answer is None for one in asked), "questions", len(asked), 0)
    too_soon = sum(1 for one in asked if (one.voice_to_voice_ms or 0) < 0)
    results[f"{name}_too_soon"] = Result(too_soon, "questions", len(asked), 0)
    broken = [call.broke for call in calls if call.broke]
    for reason in broken:
        console.print(f"  a call broke: {reason}", markup=False, highlight=False)
    results[f"{name}_broken_calls"] = Result(len(broken), "calls", len(calls), 0)
    if length:
        results[f"{name}_cer"] = Result(round(errors / length, 4), "", length)
    if late := quantiles("x", [value for call in calls for value in call.late_ms]).get("x_p99"):
        # Not met: the machine was not this benchmark's alone, and the figures above are of little worth.
        results[f"{name}_client_late_p99"] = Result(late.value, "ms", late.n, AIM_CLIENT_LATE_MS)
    return results


@functools.cache
def _simplified() -> opencc.OpenCC:
    """Whisper writes both scripts; that is no error of the ear."""
    return opencc.OpenCC("t2s")


def _line(one: Asked) -> str:
    if one.answer is None:
        return f"     -      {one.question.text} (no answer)"
    return f"{one.voice_to_voice_ms:6.0f} ms  {one.question.text} -> {one.answer.transcript} [{one.answer.intent}]"


def hops(calls: Sequence[Call]) -> Results:
    """The gateway's own account of the same turns."""
    values: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        for one in call.asked:
            for hop, value in (one.answer.hops if one.answer else {}).items():
                values[hop].append(value)
    results: Results = {}
    for hop, measured in values.items():
        results |= quantiles(f"voice_hop_{hop.removesuffix('_ms')}", measured)
    return results


def save_turns(calls: Sequence[Call], path: Path) -> None:
    """Every turn, for the picture (``tests.bench.waterfall``) and for reading."""
    turns: list[dict[str, Any]] = [
        {
            "question": one.question.text,
            "voice_to_voice_ms": round(one.voice_to_voice_ms or 0.0, 1),
            "transcript": one.answer.transcript,
            "intent": one.answer.intent,
            "reply": one.answer.reply,
            "hops": one.answer.hops,
            "spans": one.answer.spans,
        }
        for call in calls
        for one in call.asked
        if one.answer is not None
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"at": time.strftime("%Y-%m-%d"), "turns": turns}, ensure_ascii=False, indent=1), "utf-8"
    )
