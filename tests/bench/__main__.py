"""``python -m tests.bench [NAME ...] [--quick] [--minutes N] [--recordings FOLDER]``: measure; writes build/bench.json.

Without a name everything but the picture (``waterfall``) runs. Each part also writes build/bench/NAME.json. A part
that fails is reported and the others go on; the exit status is 1 when one failed, whether aims are met or not.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.bench import results
from tests.bench.parts import BUILD, PARTS, Bench, Part, bench

SOAK_MIN = 30.0
_TOLD_LINES = 20


@dataclass(frozen=True, slots=True)
class Done:
    """A part that has run."""

    name: str
    found: results.Results
    seconds: float
    failure: str | None


def main() -> int:
    """Run what is named; the exit status."""
    defaults = [name for name, part in PARTS.items() if part.by_default]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer samples: to see that it works")
    parser.add_argument("--minutes", type=float, help=f"of the soak ({SOAK_MIN:.0f} where it is named alone, else 2)")
    parser.add_argument("--recordings", type=Path, help="a folder of recordings of people, with manifest.jsonl")
    parser.add_argument("--data", type=Path, help="a folder of data sets that the part nlu measures on")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PARTS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    names = options.names or defaults
    minutes = options.minutes or (SOAK_MIN if names == ["soak"] and not options.quick else None)
    console = Console(width=None if sys.stdout.isatty() else 130)
    done: list[Done] = []
    with bench(
        console, quick=options.quick, minutes=minutes, recordings=options.recordings, data=options.data
    ) as shared:
        for name in names:
            console.rule(f"{name}: {PARTS[name].title}")
            done.append(run(name, PARTS[name], shared))
            keep(done)
    return report(done, console)


def run(name: str, part: Part, shared: Bench) -> Done:
    """Run one part; what goes wrong in it is told and kept."""
    began = time.monotonic()
    found: results.Results = {}
    failure = None
    try:
        found = asyncio.run(asyncio.wait_for(part.run(shared), (part.limit_min + (shared.minutes or 0)) * 60))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the other parts are still to run
        told = "".join(traceback.format_exception(error)).splitlines()
        shared.console.print("\n".join(told[-_TOLD_LINES:]), markup=False, highlight=False)
        failure = f"failed ({type(error).__name__})"
    return Done(name, found, time.monotonic() - began, failure)


def keep(done: list[Done]) -> None:
    """Write what is known so far."""
    if done[-1].found:
        results.save(done[-1].found, BUILD / "bench" / f"{done[-1].name}.json")
    together = {name: result for part in done for name, result in part.found.items()}
    if together:
        results.save(together, BUILD / "bench.json")


def report(done: list[Done], console: Console) -> int:
    """The table, how long each part took, and the exit status."""
    results.show({name: result for part in done for name, result in part.found.items()}, console)
    for part in done:
        state = f"[red]{part.failure}[/]" if part.failure else "done"
        console.print(f"{part.name}: {state} in {part.seconds:.0f} s", highlight=False)
    console.print("written to build/bench.json")
    return 1 if any(part.failure for part in done) else 0


if __name__ == "__main__":
    raise SystemExit(main())
