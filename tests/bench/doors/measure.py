"""Rounds of calls through all doors of one gateway, and what they found."""

from __future__ import annotations

import os
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import aiohttp
import openai
from rich.console import Console

from tests.bench.doors import requests
from tests.bench.doors.call import Door, Heard, House, ask
from tests.bench.doors.figures import figures, request_figures
from tests.bench.doors.rtc import webrtc
from tests.bench.doors.sockets import realtime, web
from tests.bench.doors.streams import asterisk, audiosocket, provider
from tests.bench.doors.telephone import sip
from tests.bench.gateway_process import free_port, gateway
from tests.bench.questions import Question, spoken_questions
from tests.bench.results import Result, Results
from tests.gateway.free_ports import free_sip_port, free_udp_port
from tests.provider_doubles import PASSWORD, PLIVO_TOKEN, PUBLIC, TELNYX_PUBLIC_KEY, TWILIO_TOKEN, VONAGE_SECRET

LINES: Mapping[str, Door] = {
    "web": web,
    "webrtc": webrtc,
    "realtime": realtime,
    "twilio": provider("twilio"),
    "telnyx": provider("telnyx"),
    "plivo": provider("plivo"),
    "exotel": provider("exotel"),
    "vonage": provider("vonage"),
    "jambonz": provider("jambonz"),
    "asterisk": asterisk,
    "audiosocket": audiosocket,
    "sip": sip,
}
REQUESTS = ("speech", "chat", "transcriptions")
QUESTION = "我的订单什么时候到"
CALLS, QUICK_CALLS = 6, 2
_HOP = re.compile(r'^kefu_turn_latency_seconds_sum\{[^}]*hop="(\w+)"[^}]*\} (\S+)$', re.MULTILINE)


async def measure(
    build: Path, folder: Path, console: Console, names: Iterable[str] = (), calls: int = CALLS
) -> Results:
    """``calls`` through each door; ten minutes. ``folder``: temporary; ``names``: of these doors only."""
    chosen = set(names) or {*LINES, *REQUESTS}
    question = (await spoken_questions(build / "bench" / "questions", (QUESTION,)))[QUESTION]
    audiosocket_port, sip_port, rtp_port = free_port(), free_sip_port(), free_udp_port()
    settings = {
        "PHONE_PUBLIC_URL": PUBLIC,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TELNYX_PUBLIC_KEY": TELNYX_PUBLIC_KEY,
        "PLIVO_AUTH_TOKEN": PLIVO_TOKEN,
        "EXOTEL_PASSWORD": PASSWORD,
        "VONAGE_SIGNATURE_SECRET": VONAGE_SECRET,
        "JAMBONZ_PASSWORD": PASSWORD,
        "ASTERISK_PASSWORD": PASSWORD,
        "ASTERISK_AUDIOSOCKET_PORT": str(audiosocket_port),
        "SIP_PORT": str(sip_port),
        "SIP_HOST": "127.0.0.1",
        "SIP_ALLOW": "127.0.0.0/8",
        "SIP_RTP_PORT": str(rtp_port),
        "SIP_RTP_PORT_LAST": str(rtp_port + 10),
    }
    with gateway(folder, **settings) as process:
        async with aiohttp.ClientSession(base_url=process.url) as client:
            house = House(process.url, client, audiosocket_port, sip_port)
            found: dict[str, list[Heard]] = {name: [] for name in LINES if name in chosen}
            loads: list[float] = []
            # The first call after a start pays for what loads lazily.
            await _called("web", house, question, console)
            for number in range(calls):
                await _round(number, found, house, question, console)
                loads.append(round(os.getloadavg()[0], 1))
            asked = await _requests([name for name in REQUESTS if name in chosen], process.url, question, calls)
    return figures(found) | request_figures(asked) | {"door_load": Result(statistics.median(loads), "", len(loads))}


async def _round(
    number: int, found: dict[str, list[Heard]], house: House, question: Question, console: Console
) -> None:
    for name, calls in found.items():
        calls.append(heard := await _called(name, house, question, console))
        greeting, answer = (f"{ms:.0f}" if ms is not None else "-" for ms in (heard.greeting_ms, heard.answer_ms))
        hops = ", ".join(f"{hop} {ms:.0f}" for hop, ms in heard.hops.items())
        console.print(f"{number + 1} {name}: {greeting} / {answer} ms ({hops})", markup=False, highlight=False)


async def _called(name: str, house: House, question: Question, console: Console) -> Heard:
    """A door that breaks answers nothing; the others are still to be measured."""
    try:
        async with LINES[name](house) as call:
            before = await _hops(house)
            heard = await ask(call, question)
            after = await _hops(house)
            return replace(heard, hops={hop: ms - before.get(hop, 0.0) for hop, ms in after.items()})
    except Exception as error:  # noqa: BLE001 - whatever a client's library raises
        console.print(f"{name} broke: {type(error).__name__}: {error}", markup=False, highlight=False)
        return Heard(None, None)


async def _hops(house: House) -> dict[str, float]:
    """Milliseconds of all spoken turns so far by the gateway's own clock, hop by hop."""
    async with house.client.get("/metrics") as response:
        text = await response.text()
    summed: dict[str, float] = defaultdict(float)
    for hop, seconds in _HOP.findall(text):
        summed[hop] += float(seconds) * 1000
    return summed


async def _requests(names: Sequence[str], url: str, question: Question, calls: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in names}
    async with openai.AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0) as client:
        for number in range(calls):
            for name in names:
                match name:
                    case "speech":
                        ms = await requests.speech(client, number)
                    case "chat":
                        ms = await requests.chat(client, question)
                    case _:
                        ms = await requests.transcriptions(client, question)
                found[name].append(ms)
    return found
