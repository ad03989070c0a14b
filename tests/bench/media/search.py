"""The largest number of calls that one core serves in time, for both systems, and what a call costs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.bench.media.script import FRAME_MS
from tests.bench.media.trial import LIMIT_MS, Trial, run
from tests.bench.media.wire import System
from tests.bench.pipecat_env import python_of_pipecat_env
from tests.bench.results import Result, Results

AIM_RATIO = 10.0
_BUDGET_S = 240.0
_FIRST: dict[System, int] = {"kefu": 64, "pipecat": 4}
_SETTLED = 0.06
"""The search ends when the bounds are this close."""
_COST_CALLS: dict[System, int] = {"kefu": 100, "pipecat": 8}
"""Well within what each serves: for memory and processor time a call."""
_MOST = 2048


def measure(console: Console, *, quick: bool = False, only: System | None = None) -> Results:
    """Kefu beside pipecat, about four minutes each (``quick``: one)."""
    systems: list[System] = [only] if only else ["pipecat", "kefu"]
    seconds, budget_s = (4.0, 60.0) if quick else (8.0, _BUDGET_S)
    results: Results = {}
    most: dict[System, int] = {}
    for system in systems:
        python = Path(sys.executable) if system == "kefu" else python_of_pipecat_env(console)
        console.print(f"media path: {system}")

        def trial(calls: int, system: System = system, python: Path = python) -> Trial:
            done = run(system, python, calls, seconds)
            _print(done, console)
            return done

        cost = trial(_COST_CALLS[system])
        most[system], edge = largest(trial, _FIRST[system], budget_s)
        results |= _figures(system, cost, edge)
    ratio = most["kefu"] / max(1, most["pipecat"]) if len(systems) == 2 else None
    for system in systems:
        reference = most.get("pipecat") if system == "kefu" else None
        results[f"media_calls_per_core_{system}"] = Result(
            most[system], "calls", 1, reference=reference, more_is_better=True
        )
    if ratio is not None:
        results["media_calls_ratio"] = Result(round(ratio, 1), "x", 1, AIM_RATIO, more_is_better=True)
    return results


def largest(trial: Callable[[int], Trial], first: int, budget_s: float) -> tuple[int, Trial | None]:
    """Doubling, then bisection; a failed trial is tried once more, since a machine has hiccups. 0: not even one."""
    began = time.monotonic()
    good, bad, calls = 0, 0, first
    edge: Trial | None = None
    while time.monotonic() - began < budget_s and (not bad or bad - good > max(1, good * _SETTLED)) and calls <= _MOST:
        done = trial(calls)
        if not done.ok and done.p99 < 3 * LIMIT_MS:
            done = min(done, trial(calls), key=lambda one: one.p99)
        if done.ok:
            good, edge = calls, done
        else:
            bad = calls
        calls = (good + bad) // 2 if bad else calls * 2
        if calls == good:
            break
    return good, edge


def _figures(system: System, cost: Trial, edge: Trial | None) -> Results:
    figures = {
        f"media_cpu_per_frame_{system}": Result(cost.cpu_us_per_frame, f"us per {FRAME_MS} ms", cost.calls),
        f"media_memory_idle_{system}": Result(cost.idle_mb, "MB a call", cost.calls),
        f"media_memory_talking_{system}": Result(cost.talking_mb, "MB a call", cost.calls),
    }
    if edge is not None:
        figures |= {
            f"media_microphone_p50_{system}": Result(edge.microphone_p50, "ms", edge.calls),
            f"media_microphone_p99_{system}": Result(edge.microphone_p99, "ms", edge.calls, LIMIT_MS),
            f"media_answer_p99_{system}": Result(edge.answer_p99, "ms", edge.calls, LIMIT_MS),
            f"media_generator_p99_{system}": Result(edge.generator_p99, "ms", edge.calls, LIMIT_MS / 4),
        }
    return figures


def _print(trial: Trial, console: Console) -> None:
    verdict = "[green]in time[/]" if trial.ok else "[red]late[/]"
    doubt = "" if trial.is_valid else " [yellow](the generator itself was late)[/]"
    console.print(
        f"  {trial.calls:4d} calls: {verdict}  microphone p99 {trial.microphone_p99:7.1f} ms, answer p99 "
        f"{trial.answer_p99:6.1f} ms, unheard {trial.unheard:.1%}, {trial.cpu_us_per_frame:.0f} us a frame{doubt}"
    )
