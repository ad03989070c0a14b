"""Turn-taking with real ears and voice, in real time: the suite of ``tests/turn_taking`` as sound.

``python -m tests.bench.turn_taking [--quick | --all] [--kind KIND ...] [--steady] [--recordings FOLDER]``. Definitions
are in tests/turn_taking/README.md. Customers' voices are spoken once and kept in build/bench/turn_taking; FOLDER holds
recordings of people (``manifest.jsonl``) and, in ``noise/``, tau-bench's noises; without it noises are made. Writes
every scene with what was heard to build/turn_taking.json, and the figures beside it where it is run by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway import log
from gateway.config import Settings
from gateway.engines import load_voice
from gateway.voice import Voice
from tests.bench.results import Result, Results, save, show
from tests.turn_taking.audio import RecordedSounds, Tap
from tests.turn_taking.caller import Caller
from tests.turn_taking.figures import figures, table
from tests.turn_taking.meaning import Understood, understood
from tests.turn_taking.noises import Noises
from tests.turn_taking.report import Played, report
from tests.turn_taking.scenes import Scene
from tests.turn_taking.score import score
from tests.turn_taking.selection import chosen
from tests.turn_taking.stage import perform_within
from tests.turn_taking.steady import EngineLoop, SteadyAsr, SteadyTts, SteadyVad
from tests.turn_taking.voices import Voices, wanted
from tests.virtual_time import VirtualTimeLoop

BUILD = Path(__file__).parents[2] / "build"
_CALLS_AT_ONCE = 2
_SCENE_S = 75.0
_ALIKE = 0.4


async def measure(
    build: Path,
    console: Console,
    *,
    quick: bool = False,
    everything: bool = False,
    kinds: Sequence[str] = (),
    recordings: Path | None = None,
) -> Results:
    """Play the scenes in real time; about eight minutes, two with ``quick``.

    Raises ``SpeechError`` when models are not set up.
    """
    scenes = chosen(quick=quick, everything=everything, kinds=kinds, recordings=recordings)
    voices = Voices(build / "bench" / "turn_taking")
    texts = wanted(scenes)
    await voices.prepare(texts, lambda done, of: console.print(f"  speaking {done + 1} of {of}", highlight=False))
    noises = Noises(recordings / "noise" if recordings else None, lambda: [voices.of(*text) for text in texts])
    voice = await asyncio.to_thread(load_voice, Settings())
    log.configure("error", "json")
    try:
        with understood(steady=False) as understanding:
            stage = Stage(voice, voices, noises, understanding)
            played = await _play_all(scenes, stage, Progress(console, len(scenes)))
    finally:
        await voice.asr.close()
        await voice.tts.close()
    return _results(played, voices, build, console)


def measure_steady(
    build: Path,
    console: Console,
    *,
    quick: bool = False,
    everything: bool = False,
    kinds: Sequence[str] = (),
    recordings: Path | None = None,
) -> Results:
    """The same in virtual time (``tests.turn_taking.steady``): a busy machine changes nothing but how long it takes."""
    scenes = chosen(quick=quick, everything=everything, kinds=kinds, recordings=recordings)
    with steady_stage(scenes, build, console, recordings) as stage:
        played = play_steady(scenes, stage, Progress(console, len(scenes)))
    return _results(played, stage.voices, build, console)


@contextmanager
def steady_stage(scenes: Sequence[Scene], build: Path, console: Console, recordings: Path | None) -> Iterator[Stage]:
    """Real engines for ``play_steady``; what customers say in ``scenes`` is spoken where it is not yet."""
    voices = Voices(build / "bench" / "turn_taking")
    texts = wanted(scenes)
    with asyncio.Runner() as runner:
        runner.run(
            voices.prepare(texts, lambda done, of: console.print(f"  speaking {done + 1} of {of}", highlight=False))
        )
    noises = Noises(recordings / "noise" if recordings else None, lambda: [voices.of(*text) for text in texts])
    log.configure("error", "json")
    engines = EngineLoop()
    loaded = load_voice(Settings())
    voice = replace(
        loaded,
        asr=SteadyAsr(loaded.asr, engines),
        tts=SteadyTts(loaded.tts, engines),
        vad=SteadyVad(loaded.vad),
    )
    try:
        with understood(steady=True) as understanding:
            yield Stage(voice, voices, noises, understanding)
    finally:
        engines.run(loaded.asr.close())
        engines.run(loaded.tts.close())
        engines.close()


def play_steady(scenes: Sequence[Scene], stage: Stage, progress: Progress, by: type[Caller] = Caller) -> list[Played]:
    """``scenes`` in virtual time. Not within a running event loop."""
    played = []
    for scene in scenes:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            played.append(runner.run(_play(scene, stage, by)))
        progress.tell(played[-1])
    return played


def _results(played: Sequence[Played], voices: Voices, build: Path, console: Console) -> Results:
    path = build / "turn_taking.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps([report(each, voices.heard_alone) for each in played], indent=1, ensure_ascii=False), "utf-8"
    )
    judged = [(each.scene, each.score) for each in played]
    console.print(table(judged), highlight=False, markup=False)
    return {
        f"turn_taking_{name}": Result(
            round(figure.value, 4), figure.unit, figure.n, figure.aim, more_is_better=figure.more_is_better
        )
        for name, figure in figures(judged).items()
    }


class Progress:
    """A line for each scene that is over."""

    def __init__(self, console: Console, of: int) -> None:
        """``of`` so many."""
        self._console = console
        self._of = of
        self._done = self._right = 0
        self._began = time.monotonic()

    def tell(self, played: Played) -> None:
        """One more."""
        self._done += 1
        self._right += played.score.is_correct
        what = "" if played.score.is_correct else f"  {played.scene.id}: {'; '.join(played.score.failures)}"
        seconds = time.monotonic() - self._began
        text = f"  {self._done} of {self._of}, {self._right} right, {seconds:.0f} s{what}"
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Stage:
    """What every scene is played with."""

    voice: Voice
    voices: Voices
    noises: Noises
    understanding: Understood


async def _play_all(scenes: Sequence[Scene], stage: Stage, progress: Progress) -> list[Played]:
    waiting = list(reversed(scenes))
    played: dict[str, Played] = {}

    async def line() -> None:
        while waiting:
            scene = waiting.pop()
            played[scene.id] = await _play(scene, stage)
            progress.tell(played[scene.id])

    async with asyncio.TaskGroup() as lines:
        for _ in range(_CALLS_AT_ONCE):
            lines.create_task(line())
    return [played[scene.id] for scene in scenes]


async def _play(scene: Scene, stage: Stage, by: type[Caller] = Caller) -> Played:
    tap = Tap(stage.voice.tts)
    voice = replace(stage.voice, tts=tap, prompts=None)
    sounds = RecordedSounds(stage.voices, stage.noises)
    take = await perform_within(scene, voice, sounds, _SCENE_S, stage.understanding, by)
    return Played(scene, take, score(scene, take, tap.renderings, alike=_ALIKE))


def main() -> None:
    """Run it by itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about 20 scenes")
    parser.add_argument("--all", action="store_true", help="every scene (half an hour)")
    parser.add_argument("--kind", action="append", default=[], help="only this kind, all of it; may be repeated")
    parser.add_argument("--steady", action="store_true", help="virtual time: for a busy machine")
    parser.add_argument("--recordings", type=Path, help="folder of recordings of people and noises")
    options = parser.parse_args()
    console = Console()
    chosen_by: dict[str, Any] = {
        "quick": options.quick,
        "everything": options.all,
        "kinds": options.kind,
        "recordings": options.recordings,
    }
    if options.steady:
        results = measure_steady(BUILD, console, **chosen_by)
    else:
        results = asyncio.run(measure(BUILD, console, **chosen_by))
    show(results, console)
    save(results, BUILD / "bench-turn-taking.json")


if __name__ == "__main__":
    main()
