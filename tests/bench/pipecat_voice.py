"""The same questions to Kefu and to pipecat, call by call in turns, on the same machine in the same run.

Both hear the same recordings with the same labels, recognise with the same Whisper folder, answer from the same
dialogue with the same voice, and are heard by the same client code; ``tests.bench.pipecat_pipeline`` says how pipecat
is set up. One call at a time: while one bot is called the others are idle. pipecat's default way to end a turn is a
model that often takes a short Chinese question for unfinished and then waits for 3 s; so that the comparison does not
rest on that alone, the first calls go to a second pipecat too, which ends turns by its plain timeout.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Self

from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.cli.client import Gateway
from inference_server.weights import located
from speech.asr.faster_whisper import WHISPER_BASE
from speech.audio import float_from_pcm
from speech.types import LISTEN_RATE_HZ
from tests.bench import pipecat_wire as wire
from tests.bench.audible import Playback
from tests.bench.gateway_process import GatewayProcess, free_port
from tests.bench.line import OUTPUT_RATE_HZ, Answer, Asked, Microphone, now_ms, until_heard
from tests.bench.pipecat_env import ROOT, python_of_pipecat_env
from tests.bench.questions import CALLS, Question, spoken_questions
from tests.bench.results import Result, Results
from tests.bench.voice import Call, converse, figures, kefu_call, latencies

AIM_RATIO = 0.6
_START_S = 180.0
_STOP_S = 10.0
# Longer than any gap inside an answer.
_SILENT_MS = 700.0
_TIMEOUT_CALLS = 4


class PipecatLine:
    """A line to the bot's WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.microphone = Microphone(self._send)
        self._turn = 0
        self._before = 0
        self._answer: Answer | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Call; leaving hangs up."""
        async with connect(url, max_size=2**20) as socket:
            line = cls(socket)
            async with asyncio.TaskGroup() as group:
                jobs = [group.create_task(job()) for job in (line._receive, line.microphone.run)]
                try:
                    yield line
                finally:
                    for job in jobs:
                        job.cancel()

    async def ask(self, question: Question, listen_ms: float) -> Asked:
        """See ``tests.bench.line.Line``."""
        self._before, self._answer = self._turn, None
        ended_ms = await self.microphone.say(question.pcm) + question.end_ms
        found = await until_heard(ended_ms, listen_ms, self._standing, lambda: False)
        return Asked(question, ended_ms, found)

    async def stop(self) -> None:
        """See ``tests.bench.line.Line``."""
        with suppress(ConnectionClosed):
            await self._socket.send(wire.INTERRUPTION)

    def _standing(self) -> Answer | None:
        answer = self._answer
        if answer is None or answer.cleared:
            return None
        playback = answer.playback
        answer.ended = playback.began_ms is not None and now_ms() > playback.end_ms + _SILENT_MS
        return answer

    async def _send(self, pcm: bytes) -> None:
        await self._socket.send(wire.encode_audio(pcm, LISTEN_RATE_HZ))

    async def _receive(self) -> None:
        async for data in self._socket:
            assert isinstance(data, bytes)
            match wire.decode(data):
                case wire.Audio(pcm, rate_hz) if self._answer is not None:
                    assert rate_hz == OUTPUT_RATE_HZ
                    self._answer.playback.push(float_from_pcm(pcm), now_ms())
                case wire.Message({"type": "kefu-turn", **turn}):
                    self._turn += 1
                    answer = Answer(self._turn, Playback(OUTPUT_RATE_HZ))
                    answer.transcript, answer.reply = str(turn["transcript"]), str(turn["reply"])
                    answer.intent = str(turn["intent"])
                    self._answer = answer
                case wire.Interruption() if self._answer is not None:
                    self._answer.cleared = True


@contextmanager
def pipecat(gateway_url: str, folder: Path, console: Console, *options: str) -> Iterator[str]:
    """The bot in a process of its own; its WebSocket address."""
    port, log = free_port(), folder / f"pipecat{''.join(options)}.log"
    folder.mkdir(parents=True, exist_ok=True)
    module = [str(python_of_pipecat_env(console)), "-m", "tests.bench.pipecat_pipeline"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*module, str(port), gateway_url, str(located(WHISPER_BASE)), *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_ready(process, log)
            yield f"ws://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while "ready" not in log.read_text(errors="replace").splitlines():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"pipecat did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


async def pipecat_call(url: str, questions: list[Question], seed: int) -> Call:
    """One call to the bot."""
    asked: list[Asked] = []
    async with PipecatLine.open(url) as line:
        await converse(line, questions, random.Random(seed), asked)
    return Call(asked, line.microphone.late_ms)


async def measure(
    gateway: GatewayProcess, folder: Path, recordings: Path, console: Console, *, quick: bool = False
) -> Results:
    """Every question to both; about six minutes, two with ``quick``. ``folder`` receives the bots' logs."""
    questions = await spoken_questions(recordings)
    chosen = [[questions[text] for text in texts] for texts in (CALLS[:2] if quick else CALLS)]
    client = Gateway(gateway.url)
    ours: list[Call] = []
    smart: list[Call] = []
    timeout: list[Call] = []
    with (
        pipecat(gateway.url, folder, console) as smart_url,
        pipecat(gateway.url, folder, console, "--timeout") as timeout_url,
    ):
        warm = [questions["运费怎么算"]]
        await kefu_call(client, warm, 0)
        for url in (smart_url, timeout_url):
            await pipecat_call(url, warm, 0)
        for number, call in enumerate(chosen):
            ours.append(await kefu_call(client, call, number))
            smart.append(await pipecat_call(smart_url, call, number))
            if number < _TIMEOUT_CALLS:
                timeout.append(await pipecat_call(timeout_url, call, number))
            console.print(
                f"  call {number + 1}: {_median(ours[-1])} ms, pipecat {_median(smart[-1])} ms", highlight=False
            )
    results = figures("pipecat_voice_to_voice", smart, console)
    results |= figures("pipecat_timeout_voice_to_voice", timeout, console)
    results |= figures("pipecat_kefu_voice_to_voice", ours, console, reference=latencies(smart), detail=False)
    results |= _ratio("voice_to_voice_over_pipecat", ours, smart, AIM_RATIO)
    return results | _ratio("voice_to_voice_over_pipecat_timeout", ours[: len(timeout)], timeout, None)


def _ratio(name: str, ours: list[Call], theirs: list[Call], aim: float | None) -> Results:
    """p50 of the one by p50 of the other, over the same questions."""
    mine, reference = latencies(ours), latencies(theirs)
    if not mine or not reference:
        return {}
    return {name: Result(round(median(mine) / median(reference), 3), "x", len(mine), aim, reference=1.0)}


def _median(call: Call) -> str:
    found = latencies([call])
    return f"{median(found):.0f}" if found else "-"
