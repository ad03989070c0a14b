"""``python -m tests.bench [name ...]``: run the benchmarks and write build/bench.json."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench import memory, results, text, triton, voice
from tests.bench.gateway_process import gateway

BUILD = Path(__file__).parents[2] / "build"
NAMES = ("triton", "voice", "text", "memory")


def main(names: list[str]) -> None:
    """Run what is named, everything by default."""
    console = Console()
    chosen = names or list(NAMES)
    if unknown := set(chosen) - set(NAMES):
        raise SystemExit(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    found: results.Results = {}
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as folder:
        if "triton" in chosen:
            console.print("Triton call overhead")
            found |= asyncio.run(triton.measure(Path(folder) / "triton-only"))
        with gateway(Path(folder)) as process:
            if "voice" in chosen:
                console.print("voice-to-voice, one call at a time")
                found |= asyncio.run(voice.measure(process, BUILD / "bench" / "questions", console))
            if "text" in chosen:
                console.print("text turns")
                found |= asyncio.run(text.measure(process))
            if "memory" in chosen:
                console.print("memory")
                found |= asyncio.run(memory.measure(process))
    results.show(found, console)
    results.save(found, BUILD / "bench.json")
    console.print(f"written to {(BUILD / 'bench.json').relative_to(BUILD.parent)}")


if __name__ == "__main__":
    main(sys.argv[1:])
