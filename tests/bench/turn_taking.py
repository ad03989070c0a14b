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
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway import log
from gateway.config import Settings
from gateway.engines import load_voice
from gateway.voice import Voice
from speech.types import RecognitionFailed, SpeechEnded, SpeechStarted, Transcript
from tests.bench.results import Result, Results, save, show
from tests.turn_taking.audio import RecordedSounds, Tap
from tests.turn_taking.facts import Take
from tests.turn_taking.figures import figures, table
from tests.turn_taking.noises import Noises
from tests.turn_taking.recordings import recorded_scenes
from tests.turn_taking.scenes import Scene, load_scenes
from tests.turn_taking.score import Score, score
from tests.turn_taking.stage import perform_within
from tests.turn_taking.steady import EngineLoop, SteadyAsr, SteadyTts, SteadyVad
from tests.turn_taking.voices import Voices, wanted
from tests.virtual_time import VirtualTimeLoop

BUILD = Path(__file__).parents[2] / "build"
RECORDINGS = "BENCH_RECORDINGS"
"""Environment variable with the folder of recordings, where no option names it."""
_CALLS_AT_ONCE = 2
_SCENE_S = 75.0
_ALIKE = 0.4
_OF_KIND = {
    "barge_in": 14, "stop_command": 8, "backchannel": 11, "backchannel_as_answer": 4, "noise": 10, "vocal_tic": 7,
    "side_talk": 9, "echo": 6, "pause_in_number": 12, "hesitation": 4, "question": 5, "yes_no": 2, "address": 1,
}  # fmt: skip
"""How many scenes of a kind the default run plays; a fifth of them with ``quick``."""


@dataclass(frozen=True, slots=True)
class Played:
    """One scene with what came of it."""

    scene: Scene
    take: Take
    score: Score


def default_recordings() -> Path | None:
    """The folder that ``BENCH_RECORDINGS`` names."""
    folder = os.environ.get(RECORDINGS)
    return Path(folder) if folder else None


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
    recordings = recordings or default_recordings()
    scenes = chosen(quick=quick, everything=everything, kinds=kinds, recordings=recordings)
    voices = Voices(build / "bench" / "turn_taking")
    texts = wanted(scenes)
    await voices.prepare(texts, lambda done, of: console.print(f"  speaking {done + 1} of {of}", highlight=False))
    noises = Noises(recordings / "noise" if recordings else None, lambda: [voices.of(*text) for text in texts])
    voice = await asyncio.to_thread(load_voice, Settings())
    log.configure("error", "json")
    try:
        played = await _play_all(scenes, voice, voices, noises, Progress(console, len(scenes)))
    finally:
        await voice.asr.close()
        await voice.tts.close()
    return _results(played, build, console)


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
    recordings = recordings or default_recordings()
    scenes = chosen(quick=quick, everything=everything, kinds=kinds, recordings=recordings)
    voices = Voices(build / "bench" / "turn_taking")
    texts = wanted(scenes)
    asyncio.run(
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
    progress = Progress(console, len(scenes))
    played = []
    try:
        for scene in scenes:
            with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
                played.append(runner.run(_play(scene, voice, voices, noises)))
            progress.tell(played[-1])
    finally:
        engines.run(loaded.asr.close())
        engines.run(loaded.tts.close())
        engines.close()
    return _results(played, build, console)


def _results(played: Sequence[Played], build: Path, console: Console) -> Results:
    path = build / "turn_taking.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([_report(each) for each in played], indent=1, ensure_ascii=False), "utf-8")
    judged = [(each.scene, each.score) for each in played]
    console.print(table(judged), highlight=False, markup=False)
    return {
        f"turn_taking_{name}": Result(
            round(figure.value, 4), figure.unit, figure.n, figure.aim, more_is_better=figure.more_is_better
        )
        for name, figure in figures(judged).items()
    }


def chosen(*, quick: bool, everything: bool, kinds: Sequence[str], recordings: Path | None) -> list[Scene]:
    """Scenes to play: of each kind some, spread over its file; recordings of people first."""
    recorded = recorded_scenes(recordings) if recordings else []
    found: list[Scene] = []
    for kind, count in _OF_KIND.items():
        if kinds and kind not in kinds:
            continue
        people = [scene for scene in recorded if scene.kind == kind]
        written = [scene for scene in load_scenes() if scene.kind == kind and scene.audio]
        if everything or kinds:
            found += [*people, *written]
            continue
        wanted_count = max(1, round(count / 5)) if quick else count
        of_people = _spread(people, wanted_count // 3)
        found += [*of_people, *_spread(written, wanted_count - len(of_people))]
    return found


def _spread(scenes: Sequence[Scene], count: int) -> list[Scene]:
    """``count`` of them, evenly, the first and the last included."""
    if count >= len(scenes):
        return list(scenes)
    if count == 1:
        return [scenes[len(scenes) // 2]]
    return [scenes[round(i * (len(scenes) - 1) / (count - 1))] for i in range(count)]


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


async def _play_all(
    scenes: Sequence[Scene], voice: Voice, voices: Voices, noises: Noises, progress: Progress
) -> list[Played]:
    waiting = list(reversed(scenes))
    played: dict[str, Played] = {}

    async def line() -> None:
        while waiting:
            scene = waiting.pop()
            played[scene.id] = await _play(scene, voice, voices, noises)
            progress.tell(played[scene.id])

    async with asyncio.TaskGroup() as lines:
        for _ in range(_CALLS_AT_ONCE):
            lines.create_task(line())
    return [played[scene.id] for scene in scenes]


async def _play(scene: Scene, voice: Voice, voices: Voices, noises: Noises) -> Played:
    tap = Tap(voice.tts)
    take = await perform_within(scene, replace(voice, tts=tap, prompts=None), RecordedSounds(voices, noises), _SCENE_S)
    return Played(scene, take, score(scene, take, tap.renderings, alike=_ALIKE))


def _report(played: Played) -> dict[str, Any]:
    """A scene as JSON, for looking at failures. Milliseconds on the microphone's clock."""
    take = played.take
    return {
        "id": played.scene.id,
        "correct": played.score.is_correct,
        **asdict(played.score),
        "bot": played.scene.bot,
        "customer": [{"text": span.text, "speech": span.speech} for span in take.spans],
        "turns": [{"at_ms": round(turn.at_ms), "text": turn.text} for turn in take.turns],
        "answer_heard": [(round(s.start_ms), round(s.end_ms)) for s in take.stretches(opening=True)],
        "other_heard": [(round(s.start_ms), round(s.end_ms)) for s in take.stretches(opening=False)],
        "listening": list(_listening(take)),
    }


def _listening(take: Take) -> Iterable[dict[str, Any]]:
    for at_ms, event in take.heard:
        match event:
            case SpeechStarted(start_ms=start_ms):
                yield {"at_ms": round(at_ms), "started": round(start_ms)}
            case SpeechEnded(end_ms=end_ms):
                yield {"at_ms": round(at_ms), "ended": round(end_ms)}
            case Transcript(text=text, is_final=is_final):
                yield {"at_ms": round(at_ms), "final" if is_final else "partial": text}
            case RecognitionFailed(code=code):
                yield {"at_ms": round(at_ms), "failed": code}


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
