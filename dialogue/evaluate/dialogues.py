"""Benchmarks played as dialogues: options of the command line in, one report out; progress and transcripts beside."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from dialogue.evaluate.kefu import kefu
from dialogue.evaluate.play import Line, Result, Task, play, typed
from dialogue.evaluate.report import report
from dialogue.types import Modality

BENCHMARKS = {"tau2": "dialogue.evaluate.tau2.plays", "ecombench": "dialogue.evaluate.ecom"}
"""Name to a module with ``plays(folder, file or None)``, which gives ``Task`` values and raises ``DataError``."""


@dataclass(frozen=True, slots=True)
class Played:
    """What is to be played."""

    benchmark: str
    folder: Path
    tasks: Path | None = None
    limit: int | None = None
    """At most so many tasks, evenly spaced."""
    only: tuple[str, ...] = ()
    """Ids of the tasks; empty: all."""
    triton: str | None = None
    voice: bool = False
    transcripts: Path | None = None


async def played(options: Played, told: Console) -> dict[str, Any]:
    """Play it. Raises ``DataError``, ``EncoderError``."""
    tasks = chosen(import_module(BENCHMARKS[options.benchmark]).plays(options.folder, options.tasks), options)
    modality: Modality = "voice" if options.voice else "text"
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="kefu-evaluate-") as scratch:
        async with kefu(Path(scratch), options.triton) as open_kefu, _line(options, tasks) as line:
            for task in tasks:
                result = await play(task, open_kefu, line, modality)
                results.append(result)
                told.print(_row(result, len(results), len(tasks)), markup=False, highlight=False, soft_wrap=True)
                if options.transcripts is not None:
                    _write(options.transcripts, result)
    return report(options.benchmark, results, modality)


def chosen(tasks: Sequence[Task], options: Played) -> list[Task]:
    """The tasks that ``options`` name."""
    found = [task for task in tasks if not options.only or task.task_id in options.only]
    if options.limit and options.limit < len(found):
        step = len(found) / options.limit
        found = [found[int(place * step)] for place in range(options.limit)]
    return found


def _line(options: Played, tasks: Sequence[Task]) -> AbstractAsyncContextManager[Line]:
    if not options.voice or not tasks:
        return _Typed()
    from dialogue.evaluate.telephone import telephone

    return telephone(tasks[0].language)


class _Typed(AbstractAsyncContextManager[Line]):
    async def __aenter__(self) -> Line:
        return typed

    async def __aexit__(self, *error: object) -> None:
        return None


def _row(result: Result, number: int, count: int) -> str:
    verdict = "passed" if result.passed else f"{result.cause}: {result.detail}"
    covered = f" (not covered: {result.not_covered})" if result.not_covered else ""
    return f"{number}/{count} {result.task_id} {'+'.join(result.kinds)} {result.turns} turns, {verdict}{covered}"


def _write(folder: Path, result: Result) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]", "_", result.task_id)
    lines = [f"{result.task_id} {'+'.join(result.kinds)}", *result.transcript]
    lines += [f"{'passed' if result.passed else result.cause} {result.detail} [{result.end}]"]
    (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
