"""``python -m tests.bench.fuzz [CODEC ...] [--inputs N] [--seed N]``: fuzz codecs, one process after the other.

Writes build/bench/fuzz.json, and build/bench/fuzz/CODEC/findings.jsonl with the least case that shows each
finding; ``--replay FILE`` judges the packed case in a file again. The exit status is 1 when anything was found.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.bench import results
from tests.bench.fuzz.cases import unpack
from tests.bench.fuzz.codecs import CODECS, subject
from tests.bench.fuzz.judge import judge
from tests.bench.fuzz.parent import INPUTS, fuzz
from tests.bench.parts import BUILD


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fuzz", description=__doc__.split("\n\n", 1)[1])
    parser.add_argument("codecs", nargs="*", metavar="CODEC", help=f"of {', '.join(CODECS)}")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="messages for each codec")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a packed case, of the one codec that is named")
    options = parser.parse_args()
    if unknown := set(options.codecs) - set(CODECS):
        parser.error(f"no codec is called {', '.join(sorted(unknown))}")
    if options.replay is not None:
        found = judge(subject(options.codecs[0]), unpack(options.replay.read_bytes()))
        sys.stdout.write(f"{found}\n")
        return found is not None
    console = Console(width=None if sys.stdout.isatty() else 130)
    found_all = fuzz(BUILD, console, options.codecs or list(CODECS), options.inputs, seed=options.seed)
    results.show(found_all, console)
    return any(one.value for name, one in found_all.items() if name.endswith("_findings"))


if __name__ == "__main__":
    raise SystemExit(main())
