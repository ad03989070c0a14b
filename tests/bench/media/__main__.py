"""``python -m tests.bench.media [--quick] [--only kefu|pipecat] [--calls N [--profile FILE]]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.bench import results
from tests.bench.media import trial
from tests.bench.media.search import measure
from tests.bench.pipecat_env import python_of_pipecat_env

OUT = Path(__file__).parents[3] / "build" / "bench-media.json"


def main() -> None:
    """The whole benchmark, or one trial with ``--calls``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter trials, coarser search")
    parser.add_argument("--only", choices=("kefu", "pipecat"))
    parser.add_argument("--calls", type=int, help="one trial with this many calls instead of the search")
    parser.add_argument("--seconds", type=float, default=8.0, help="of one trial, with --calls")
    parser.add_argument("--profile", type=Path, help="with --calls and kefu: where cProfile's figures go")
    options = parser.parse_args()
    console = Console()
    if options.calls:
        system = options.only or "kefu"
        python = Path(sys.executable) if system == "kefu" else python_of_pipecat_env(console)
        console.print(trial.run(system, python, options.calls, options.seconds, profile=options.profile))
        return
    found = measure(console, quick=options.quick, only=options.only)
    results.show(found, console)
    results.save(found, OUT)
    console.print(f"written to {OUT.relative_to(OUT.parents[1])}")


if __name__ == "__main__":
    main()
