"""``python -m tests.bench.doors [NAME ...] [--calls N]``: some of the doors; nothing is written."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench.doors.measure import CALLS, LINES, REQUESTS, measure
from tests.bench.parts import BUILD
from tests.bench.results import show


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.doors", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*LINES, *REQUESTS])}")
    parser.add_argument("--calls", type=int, default=CALLS)
    options = parser.parse_args()
    if unknown := set(options.names) - {*LINES, *REQUESTS}:
        parser.error(f"no door is called {', '.join(sorted(unknown))}")
    console = Console(width=130)
    with tempfile.TemporaryDirectory(prefix="kefu-doors-") as folder:
        show(asyncio.run(measure(BUILD, Path(folder), console, options.names, options.calls)), console)


if __name__ == "__main__":
    main()
