"""Soak: customers who call for half an hour, as customers do, and what the gateway then holds that it should not.

    python -m tests.bench soak [--minutes 30]

Four customers call over and over: they ask, listen for a while, speak over the answer, hum, type, hang up in
mid-answer, lose the connection and come back. Memory, threads, open files and tasks are sampled all along.

    |-- warm-up --| rest |------------------- soak -------------------| rest |
                       ^ idle baseline      slope of memory                ^ compared with the baseline

A leak is a task, file or thread more than at the first rest; lazily made pools are full by then.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp
from rich.console import Console
from websockets.exceptions import WebSocketException

from gateway.cli.client import Gateway
from tests.bench.gateway_process import GatewayProcess
from tests.bench.line import Asked, KefuLine
from tests.bench.questions import QUESTIONS, Question, spoken_questions
from tests.bench.results import Result, Results, quantiles
from tests.bench.trend import theil_sen
from tests.bench.vital import Vitals, is_alive, look

CUSTOMERS = 4
SAMPLES_FILE = "soak-samples.json"
AIM_ANSWERED = 0.98
AIM_SLOPE_MB_H = 20.0
_SLOPE_NEEDS_MIN = 15.0
"""In a shorter run the slope is noise: shown, not judged."""
_SAMPLE_S = 5.0
_WARM_SHARE, _WARM_MOST_S = 0.25, 180.0
_REST_S = 8.0
_SPARE = {"tasks": 0, "files": 2, "threads": 2}
"""What may be there beyond the baseline: a database connection, a thread of a pool that was never busy before."""
_HUMS = ("嗯", "好的", "等一下")


@dataclass(slots=True)
class Tally:
    """What happened to the customers."""

    asked: list[Asked] = field(default_factory=list)
    calls: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    """Codes the gateway reported, and exceptions on the line by their name."""


async def measure(gateway: GatewayProcess, recordings: Path, console: Console, *, minutes: float = 2.0) -> Results:
    """``minutes`` of calls, the warm-up among them. Raises ``RuntimeError`` when the gateway ends."""
    questions = await spoken_questions(recordings, (*QUESTIONS, *_HUMS))
    total_s = minutes * 60
    warm_s = min(_WARM_MOST_S, _WARM_SHARE * total_s)
    began_s = time.perf_counter()
    await _call_for(gateway, questions, warm_s, Tally(), [], began_s, console)
    before = await _rested(gateway, began_s)
    console.print(f"  at rest after warming up: {_words(before)}", highlight=False)
    tally, samples = Tally(), [before]
    await _call_for(gateway, questions, total_s - warm_s, tally, samples, began_s, console)
    after = await _rested(gateway, began_s)
    console.print(f"  at rest at the end: {_words(after)}", highlight=False)
    path = recordings.parent / SAMPLES_FILE
    path.write_text(json.dumps([asdict(sample) for sample in [*samples, after]], indent=1), "utf-8")
    return outcome(before, after, samples, tally, minutes)


def outcome(before: Vitals, after: Vitals, samples: Sequence[Vitals], tally: Tally, minutes: float) -> Results:
    """The verdict. Pure."""
    answered = sum(one.answer is not None for one in tally.asked)
    late = [value for one in tally.asked if (value := one.voice_to_voice_ms) is not None and value >= 0]
    results: Results = {
        "soak_minutes": Result(round(minutes, 1), "min", len(samples)),
        "soak_calls": Result(tally.calls, "calls", tally.calls),
        "soak_answered": Result(
            round(answered / max(1, len(tally.asked)), 4), "", len(tally.asked), AIM_ANSWERED, more_is_better=True
        ),
        "soak_errors": Result(sum(tally.errors.values()), "errors", tally.calls, 0),
    }
    results |= quantiles("soak_voice_to_voice", late)
    judged = minutes >= _SLOPE_NEEDS_MIN
    for name, memory in (
        ("soak_memory_slope", [(s.at_s / 3600, s.rss_mb) for s in samples]),
        ("soak_triton_memory_slope", [(s.at_s / 3600, s.children_rss_mb) for s in samples]),
    ):
        if (slope := theil_sen(memory)) is not None:
            results[name] = Result(round(slope, 1), "MB/h", len(memory), AIM_SLOPE_MB_H if judged else None)
    results["soak_memory_at_rest"] = Result(round(after.rss_mb, 1), "MB", 1, reference=round(before.rss_mb, 1))
    for name, spare in _SPARE.items():
        was, now = getattr(before, name), getattr(after, name)
        results[f"soak_leaked_{name}"] = Result(max(0, now - was), name, 1, spare, reference=was)
    results["soak_sessions_left"] = Result(after.sessions, "sessions", 1, 0)
    return results


async def _call_for(
    gateway: GatewayProcess,
    questions: dict[str, Question],
    seconds: float,
    tally: Tally,
    samples: list[Vitals],
    began_s: float,
    console: Console,
) -> None:
    """Customers call until the time is over, while somebody looks."""
    until_s = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_watch(gateway, samples, began_s, tally, console))
        customers = [
            group.create_task(_customer(gateway, questions, until_s, tally, random.Random(f"{number} {seconds}")))
            for number in range(CUSTOMERS)
        ]
        await asyncio.wait(customers)
        watching.cancel()


async def _watch(
    gateway: GatewayProcess, samples: list[Vitals], began_s: float, tally: Tally, console: Console
) -> None:
    told_s = time.perf_counter()
    while True:
        await asyncio.sleep(_SAMPLE_S)
        try:
            samples.append(await look(gateway.url, gateway.pid, time.perf_counter() - began_s))
        except (OSError, aiohttp.ClientError, KeyError) as error:
            if not is_alive(gateway.pid):
                raise RuntimeError(f"the gateway ended in mid-soak: {_tail(gateway.log)}") from error
            tally.errors[f"metrics: {type(error).__name__}"] += 1
            continue
        if time.perf_counter() - told_s >= 60:
            told_s = time.perf_counter()
            console.print(
                f"  {samples[-1].at_s / 60:4.1f} min: {tally.calls} calls, {len(tally.asked)} questions, "
                f"{sum(tally.errors.values())} errors; {_words(samples[-1])}",
                highlight=False,
            )


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:]


async def _rested(gateway: GatewayProcess, began_s: float) -> Vitals:
    """How the gateway is when nobody calls."""
    await asyncio.sleep(_REST_S)
    return await look(gateway.url, gateway.pid, time.perf_counter() - began_s)


def _words(vitals: Vitals) -> str:
    return (
        f"{vitals.rss_mb:.0f} MB (Triton {vitals.children_rss_mb:.0f} MB), {vitals.threads} threads, "
        f"{vitals.files} files, {vitals.tasks} tasks, {vitals.sessions} sessions"
    )


# --- the customers ---------------------------------------------------------------------------------------------------


async def _customer(
    gateway: GatewayProcess, questions: dict[str, Question], until_s: float, tally: Tally, chance: random.Random
) -> None:
    """Call after call. What breaks on the line is counted; the customer calls again."""
    resume = None
    await asyncio.sleep(chance.uniform(0, 4))
    while time.perf_counter() < until_s:
        tally.calls += 1
        try:
            resume = await _one_call(Gateway(gateway.url), questions, tally, chance, resume)
        except* (OSError, aiohttp.ClientError, WebSocketException) as group:
            tally.errors.update(type(error).__name__ for error in group.exceptions)
            await asyncio.sleep(1)
        await asyncio.sleep(chance.uniform(0.2, 2))


async def _one_call(
    client: Gateway, questions: dict[str, Question], tally: Tally, chance: random.Random, resume: str | None
) -> str | None:
    """One call; returns the token to come back with when the connection was lost."""
    async with KefuLine.open(client, resume) as line:
        try:
            return await _talk(line, questions, tally, chance)
        finally:
            tally.errors.update(line.errors)


async def _talk(line: KefuLine, questions: dict[str, Question], tally: Tally, chance: random.Random) -> str | None:
    for _ in range(chance.randint(1, 4)):
        await asyncio.sleep(chance.uniform(0.3, 1.5))
        if line.hung_up:
            return None
        act = chance.choices(["ask", "barge in", "hum", "type", "hang up", "lose"], [8, 4, 3, 2, 2, 1])[0]
        tally.acts[act] += 1
        match act:
            case "type":
                await line.type(chance.choice(QUESTIONS))
                await asyncio.sleep(chance.uniform(0.3, 2))
            case "hum":
                await _ask(line, questions, tally, chance, 600)
                await line.microphone.say(questions[chance.choice(_HUMS)].pcm)
                await asyncio.sleep(chance.uniform(1, 2))
            case "hang up":
                await _ask(line, questions, tally, chance, 300)
                return None
            case "lose":
                await _ask(line, questions, tally, chance, 300)
                line.drop()
                return line.resume_token
            case "barge in":
                await _ask(line, questions, tally, chance, chance.uniform(300, 1200))
                await _ask(line, questions, tally, chance, 1500)
            case _:
                await _ask(line, questions, tally, chance, chance.uniform(500, 4000))
                await line.stop()
    return None


async def _ask(
    line: KefuLine, questions: dict[str, Question], tally: Tally, chance: random.Random, listen_ms: float
) -> None:
    if not line.hung_up:
        tally.asked.append(await line.ask(questions[chance.choice(QUESTIONS)], listen_ms))
