"""One gateway, real time, the sound of a telephone: when the answer begins, and when the bot falls silent.

    greeting    question .....answer======x
                                     ^ caller speaks      yield: from here to x, the last audible sample at the ear

Through Twilio's stream (the far end buffers and is told to clear) and AudioSocket (we pace), spoken by our doubles of
both (``tests.bench.doors``). Voices go through 300-3400 Hz first; the doors' own codes (mu-law, s16le) follow.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import aiohttp
from rich.console import Console

from speech.types import LISTEN_RATE_HZ, Samples
from tests.bench.doors.call import Call, Door, House, ask
from tests.bench.doors.ear import Ear
from tests.bench.doors.streams import audiosocket, provider
from tests.bench.gateway_process import free_port, gateway
from tests.bench.questions import Question
from tests.bench.results import Result, Results, quantiles
from tests.provider_doubles import PASSWORD, PUBLIC, TWILIO_TOKEN
from tests.turn_taking.telephone import DELAY_MS, TelephoneLine, over_the_telephone
from tests.turn_taking.voices import Spoken, Voices

DOORS: Mapping[str, Door] = {"twilio": provider("twilio"), "audiosocket": audiosocket}
QUESTION: Spoken = ("你们支持七天无理由退货吗", "zh")
"""Its answer lasts."""
OVER: tuple[Spoken, ...] = (("等一下", "zh"), ("先停一下", "zh"), ("你先等一下", "zh"), ("不用说了", "zh"))
CALLS, QUICK_CALLS = 8, 3
IN_ANSWER_MS = 1200.0
YIELD_MS = 300.0
_BREATH_MS = 400.0
"""Longest pause between two clauses of an answer."""
_WATCHED_MS = 2000.0
"""tau: a bot that still talks this long after an interruption did not yield."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """One call, milliseconds; None: no answer, or it went on."""

    answer_ms: float | None
    """From the true end of the question to the first audible sample of the answer."""
    yield_ms: float | None


async def measure(build: Path, folder: Path, console: Console, *, quick: bool) -> Results:
    """Two minutes, one with ``quick``. ``folder``: temporary."""
    voices = Voices(build / "bench" / "turn_taking")
    await voices.prepare((QUESTION, *OVER), lambda done, of: None)
    port = free_port()
    settings = {
        "PHONE_PUBLIC_URL": PUBLIC,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "ASTERISK_PASSWORD": PASSWORD,
        "ASTERISK_AUDIOSOCKET_PORT": str(port),
    }
    results: Results = {}
    with gateway(folder, **settings) as process:
        async with aiohttp.ClientSession(base_url=process.url) as client:
            house = House(process.url, client, port, 0)
            async with DOORS["twilio"](house) as call:  # the first call after a start pays for what loads lazily
                await ask(call, _question(voices))
            for name, door in DOORS.items():
                calls = [
                    await _called(name, door, house, voices, said, console)
                    for said in islice(cycle(OVER), QUICK_CALLS if quick else CALLS)
                ]
                results |= figures(f"phone_{name}", calls)
    console.print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}", highlight=False)
    return results


def _question(voices: Voices) -> Question:
    samples = voices.of(*QUESTION)
    end_ms = samples.size * 1000 / LISTEN_RATE_HZ + DELAY_MS
    return Question(QUESTION[0], over_the_telephone(samples), end_ms)


async def _called(name: str, door: Door, house: House, voices: Voices, said: Spoken, console: Console) -> Interrupted:
    async with door(house) as call:
        heard = await ask(call, _question(voices))
        if heard.answer_ms is None or heard.answer_ms < 0:
            found = Interrupted(None, None)
        else:
            await asyncio.sleep(max(0.0, IN_ANSWER_MS - 700) / 1000)  # ``ask`` has listened for 700 ms
            found = Interrupted(heard.answer_ms, await _interrupt(call, voices.of(*said)))
    console.print(f"{name}, {said[0]}: {found}", markup=False, highlight=False)
    return found


async def _interrupt(call: Call, samples: Samples) -> float | None:
    begun_ms = await call.microphone.say(narrow(samples))
    await asyncio.sleep((_WATCHED_MS + _BREATH_MS) / 1000)
    return yield_ms(call.ear, begun_ms + DELAY_MS)


def narrow(samples: Samples) -> bytes:
    """16 kHz as a telephone sends it: s16le at 8 kHz."""
    return TelephoneLine().push(samples[: samples.size & ~1])


def yield_ms(ear: Ear, begun_ms: float) -> float | None:
    """Until what sounded when the caller began was over; 0 in a pause of it; None: it went on."""
    end_ms = begun_ms
    for first_ms, last_ms in ear.audible:
        if last_ms <= begun_ms:
            continue
        if first_ms - end_ms > _BREATH_MS:
            break
        end_ms = last_ms
    latency_ms = end_ms - begun_ms
    return latency_ms if latency_ms <= _WATCHED_MS else None


def figures(name: str, calls: Sequence[Interrupted]) -> Results:
    """First audio, and the share of answers that ended in time."""
    answers = [call.answer_ms for call in calls if call.answer_ms is not None]
    tried = [call for call in calls if call.answer_ms is not None]
    yields = [call.yield_ms for call in tried if call.yield_ms is not None]
    results = quantiles(f"{name}_first_audio", answers)
    results[f"{name}_unanswered"] = Result(len(calls) - len(answers), "calls", len(calls), 0)
    if tried:
        share = sum(ms <= YIELD_MS for ms in yields) / len(tried)
        results[f"{name}_yield_rate_300ms"] = Result(round(share, 4), "", len(tried), 0.95, more_is_better=True)
    return results | quantiles(f"{name}_yield", yields)
