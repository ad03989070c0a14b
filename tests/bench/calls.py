"""First audio over every telephone channel: ``python -m tests.bench.calls [--calls N] [CHANNEL ...]``.

A gateway with real engines in a process of its own; the provider's end is a double (``tests.media_double``,
``tests.asterisk_double``), on the loopback. *Greeting* is from the stream's start to the first audible sound, *answer*
from the true end of a spoken question to the first audible sound of the answer. Milliseconds, median of N calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from speech import g711
from speech.audio import pcm_from_float, resample
from speech.types import LISTEN_RATE_HZ
from tests.asterisk_double import AudioSocketDouble, ChannelDouble
from tests.bench.gateway_process import free_port, gateway
from tests.bench.questions import spoken_questions
from tests.gateway.channels import test_stream_dialects as dialects
from tests.gateway.channels import test_twilio as twilio
from tests.media_double import MediaDouble, connected

QUESTION = "我的订单什么时候到"
CHANNELS = ("twilio", "telnyx", "plivo", "exotel", "asterisk", "audiosocket")
_BUILD = Path(__file__).parents[2] / "build"
_QUIET_S, _SILENT_S = 9.0, 1.5
"""The greeting has been played by then."""
_ANSWER_S = 15.0
Caller = MediaDouble | ChannelDouble | AudioSocketDouble


class House:
    """What ``parameters`` of the tests ask of a door: a client of the gateway."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self.client = client
        self.url = url


@asynccontextmanager
async def called(name: str, house: Any, port: int) -> AsyncIterator[Caller]:
    """A call over this channel."""
    client = house.client
    if name == "asterisk":
        socket = await client.ws_connect(f"/v1/asterisk/media?call={uuid.uuid4()}", headers=dialects.BASIC)
        async with running(ChannelDouble(socket, is_json=True)) as channel:
            await channel.start()
            yield channel
        await socket.close()
    elif name == "audiosocket":
        async with client.post("/v1/asterisk/calls", data={"from": "100"}, headers=dialects.BASIC) as response:
            call_id = uuid.UUID(await response.text())
        line = AudioSocketDouble(*await asyncio.open_connection("127.0.0.1", port))
        line.send(0x01, call_id.bytes)
        async with running(line):
            yield line
    elif name == "twilio":
        given = await twilio.parameters(house)
        async with connected(await client.ws_connect("/v1/twilio/media"), twilio.shape(), given) as double:
            yield double
    else:
        async with dialects.called(house, name, await dialects.parameters(house, name)) as double:
            yield double


@asynccontextmanager
async def running(double: Any) -> AsyncIterator[Any]:
    """A double of Asterisk at work."""
    task = asyncio.create_task(double.run())
    try:
        yield double
    finally:
        if isinstance(double, AudioSocketDouble):
            double.writer.close()
        else:
            await double.socket.close()
        await asyncio.wait([task], timeout=5)


def frames(name: str, samples: Any) -> list[bytes]:
    """20 ms each, as the channel carries them."""
    pcm = pcm_from_float(resample(samples, LISTEN_RATE_HZ, 8_000))
    whole = [pcm[at : at + 320].ljust(320, b"\0") for at in range(0, len(pcm), 320)]
    return whole if name in {"exotel", "audiosocket"} else [g711.encode(frame, "ulaw") for frame in whole]


async def measure(name: str, house: Any, port: int, question: Any) -> tuple[float, float]:
    """Greeting and answer of one call."""
    loop = asyncio.get_running_loop()
    async with called(name, house, port) as double:
        began = loop.time()
        async with asyncio.timeout(_ANSWER_S):
            while not double.sounded_s:  # noqa: ASYNC110 - a measurement
                await asyncio.sleep(0.005)
        greeting_ms = (double.sounded_s[0] - began) * 1000
        await asyncio.sleep(_QUIET_S)
        while loop.time() - double.sounded_s[-1] < _SILENT_S:  # noqa: ASYNC110 - a measurement
            await asyncio.sleep(0.05)
        double.to_say.extend(frames(name, question.samples))
        asked, before = loop.time(), len(double.sounded_s)
        async with asyncio.timeout(_ANSWER_S):
            while len(double.sounded_s) == before:  # noqa: ASYNC110 - a measurement
                await asyncio.sleep(0.005)
        answer_ms = (double.sounded_s[before] - asked) * 1000 - question.end_ms
    return greeting_ms, answer_ms


async def run(names: list[str], calls: int) -> dict[str, Any]:
    """All channels, one call after another."""
    question = (await spoken_questions(_BUILD / "bench" / "questions", (QUESTION,)))[QUESTION]
    port = free_port()
    settings = {
        "PHONE_PUBLIC_URL": twilio.PUBLIC,
        "TWILIO_AUTH_TOKEN": twilio.TOKEN,
        "TELNYX_PUBLIC_KEY": dialects.PUBLIC_KEY,
        "PLIVO_AUTH_TOKEN": "tok",
        "EXOTEL_PASSWORD": "secret",
        "ASTERISK_PASSWORD": "secret",
        "ASTERISK_AUDIOSOCKET_PORT": str(port),
    }
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, gateway(Path(folder), **settings) as process:
        async with aiohttp.ClientSession(base_url=process.url) as client:
            house = House(client, process.url)
            for name in names:
                pairs = [await measure(name, house, port, question) for _ in range(calls)]
                found[name] = {
                    "greeting_ms": round(statistics.median(pair[0] for pair in pairs)),
                    "answer_ms": round(statistics.median(pair[1] for pair in pairs)),
                    "calls": calls,
                }
                print(name, found[name], f"load {os.getloadavg()[0]:.1f}", flush=True)
    return found


def main() -> None:
    """Measure, print, and write build/bench/calls.json."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calls", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CHANNEL", default=CHANNELS)
    parser.add_argument("--calls", type=int, default=3)
    options = parser.parse_args()
    found = asyncio.run(run(list(options.names), options.calls))
    path = _BUILD / "bench" / "calls.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
