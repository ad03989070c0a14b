"""The benchmarks by name. Each is imported when it runs, so that one that is broken does not take the others along."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench.gateway_process import GatewayProcess
from tests.bench.gateway_process import gateway as started_gateway
from tests.bench.results import Results

BUILD = Path(__file__).parents[2] / "build"
DEPLOY = Path(__file__).parents[2] / "deploy"
DATA = "BENCH_DATA"
"""Environment variable with a folder of data sets, where no option names it."""
RECORDINGS = "BENCH_RECORDINGS"
"""Environment variable with a folder of recordings of people (``manifest.jsonl``), where no option names it."""


@dataclass(slots=True)
class Bench:
    """What the parts share: one gateway with real engines, started when the first part needs it."""

    console: Console
    folder: Path
    """Temporary."""
    closing: ExitStack
    quick: bool = False
    minutes: float | None = None
    """How long the soak lasts; None: short in a run of everything, half an hour by name."""
    recordings: Path | None = None
    data: Path | None = None
    """Folder with data sets of others."""
    _gateways: list[GatewayProcess] = field(default_factory=list)

    def gateway(self) -> GatewayProcess:
        """The running gateway; a new one where a part before has killed it."""
        if not self._gateways or not _answers(self._gateways[-1]):
            folder = self.folder / f"gateway-{len(self._gateways)}"
            self._gateways.append(self.closing.enter_context(started_gateway(folder)))
        return self._gateways[-1]

    @property
    def questions(self) -> Path:
        """Where the spoken questions are kept."""
        return BUILD / "bench" / "questions"


@contextmanager
def bench(
    console: Console,
    *,
    quick: bool,
    minutes: float | None = None,
    recordings: Path | None = None,
    data: Path | None = None,
) -> Iterator[Bench]:
    """Everything that was started is stopped at the end."""
    named, kept = os.environ.get(RECORDINGS), os.environ.get(DATA)
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="kefu-bench-")))
        closing.callback(_keep_logs, folder)
        yield Bench(
            console,
            folder,
            closing,
            quick,
            minutes,
            recordings or (Path(named) if named else None),
            data or (Path(kept) if kept else None),
        )


def _keep_logs(folder: Path) -> None:
    """What the gateways and bots said, for reading when a part has failed."""
    kept = BUILD / "bench" / "logs"
    kept.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*/*.log"):
        shutil.copy(log, kept / f"{log.parent.name}-{log.name}")


def _answers(gateway: GatewayProcess) -> bool:
    try:
        with urllib.request.urlopen(f"{gateway.url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def _offered(measure: Callable[..., Any], bench: Bench) -> Results:
    """Call a part of another file with what it asks for by name."""
    offers = {"build": BUILD, "console": bench.console, "quick": bench.quick, "recordings": bench.recordings}
    asked = inspect.signature(measure).parameters
    found = measure(**{name: value for name, value in offers.items() if name in asked})
    results: Results = await found if inspect.isawaitable(found) else found
    return results


async def _triton(bench: Bench) -> Results:
    from tests.bench import triton

    return await triton.measure(bench.folder / "triton-only")


async def _asr(bench: Bench) -> Results:
    from tests.bench import asr

    return await _offered(asr.measure, bench)


async def _phone(bench: Bench) -> Results:
    from tests.bench.phone import measure

    return await measure.measure(
        BUILD, bench.folder / "phone", bench.console, quick=bench.quick, recordings=bench.recordings
    )


async def _robust(bench: Bench) -> Results:
    from tests.bench import robust

    return await _offered(robust.measure, bench)


async def _stories_aloud(bench: Bench) -> Results:
    from tests.bench import stories_aloud

    return await _offered(stories_aloud.measure, bench)


async def _turn_taking(bench: Bench) -> Results:
    from tests.bench import turn_taking

    return await _offered(turn_taking.measure, bench)


async def _media(bench: Bench) -> Results:
    from tests.bench.media import search

    return await _offered(search.measure, bench)


async def _voice(bench: Bench) -> Results:
    from tests.bench import voice

    return await voice.measure(
        bench.gateway(), bench.questions, bench.console, quick=bench.quick, people=bench.recordings
    )


async def _waterfall(bench: Bench) -> Results:
    from tests.bench import voice, waterfall

    turn = waterfall.draw(BUILD / "bench" / voice.TURNS_FILE, DEPLOY / "waterfall.svg")
    bench.console.print(f"drew {turn.question} into deploy/waterfall.svg", markup=False, highlight=False)
    return {}


async def _pipecat(bench: Bench) -> Results:
    from tests.bench import pipecat_voice

    return await pipecat_voice.measure(
        bench.gateway(), bench.folder / "pipecat", bench.questions, bench.console, quick=bench.quick
    )


async def _text(bench: Bench) -> Results:
    from tests.bench import text

    return await text.measure(bench.gateway())


async def _nlu(bench: Bench) -> Results:
    from tests.bench import understanding

    return await understanding.measure(bench.folder / "nlu", bench.data, quick=bench.quick)


async def _doors(bench: Bench) -> Results:
    from tests.bench.doors import measure

    calls = measure.QUICK_CALLS if bench.quick else measure.CALLS
    return await measure.measure(BUILD, bench.folder / "doors", bench.console, calls=calls)


async def _doors_table(bench: Bench) -> Results:
    from tests.bench.doors import figures

    found, about = (
        json.loads((BUILD / "bench" / name).read_text("utf-8")) for name in ("doors.json", "doors.machine.json")
    )
    last_run = f"{about['at'][:10]}, {about['machine']}, load {found['door_load']['value']:g}"
    readme = BUILD.parent / "README.md"
    readme.write_text(figures.filled(readme.read_text("utf-8"), figures.cells(found), last_run), "utf-8")
    bench.console.print("wrote the figures of the last run into README.md, section Doors")
    return {}


async def _openapi(bench: Bench) -> Results:
    from tests.bench.openapi import measure

    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        return await measure.measure(Path(folder), bench.console, quick=bench.quick)


async def _fuzz(bench: Bench) -> Results:
    from tests.bench.fuzz import parent

    return await asyncio.to_thread(parent.measure, BUILD, bench.console, quick=bench.quick)


async def _memory(bench: Bench) -> Results:
    from tests.bench import memory

    return await memory.measure(bench.gateway())


async def _soak(bench: Bench) -> Results:
    from tests.bench import soak

    return await soak.measure(bench.gateway(), bench.questions, bench.console, minutes=bench.minutes or 2.0)


@dataclass(frozen=True, slots=True)
class Part:
    """One benchmark."""

    run: Callable[[Bench], Awaitable[Results]]
    title: str
    limit_min: float
    """It is given up after this; the soak's own minutes come on top."""
    by_default: bool = True


PARTS: Mapping[str, Part] = {
    "triton": Part(_triton, "Triton call overhead", 5),
    "voice": Part(_voice, "voice-to-voice from the true end of speech, at 1, 2, 4 and 8 calls", 15),
    "pipecat": Part(_pipecat, "the same questions to pipecat", 20),
    "doors": Part(_doors, "first audio through every door", 25),
    "text": Part(_text, "text turns", 5),
    "memory": Part(_memory, "memory of open sessions", 5),
    "turn_taking": Part(_turn_taking, "turn-taking scenes", 45),
    "asr": Part(_asr, "recognition: utterances per second and error rate", 30),
    "nlu": Part(_nlu, "understanding: held out, and on the data sets of --data FOLDER", 60),
    "phone": Part(_phone, "8 kHz: what is heard, who has the floor, and when the answer begins", 30),
    "robust": Part(_robust, "understanding over the telephone, plain and robust", 15),
    "stories_aloud": Part(_stories_aloud, "our stories told on the telephone", 40),
    "media": Part(_media, "media path with stub engines", 20),
    "openapi": Part(_openapi, "every HTTP route fuzzed from its document", 15),
    "fuzz": Part(_fuzz, "strangers' messages to every codec (python -m tests.bench.fuzz sends a million to each)", 45),
    "soak": Part(_soak, "soak", 10),
    "doors_table": Part(_doors_table, "first audio of the last run into the README", 1, by_default=False),
    "waterfall": Part(_waterfall, "the time of one turn as a picture", 1, by_default=False),
}
