"""A long fuzz of every HTTP route from the OpenAPI document: how many requests, and how many answers were wrong."""

from __future__ import annotations

import secrets
from pathlib import Path

from rich.console import Console

from gateway import log
from tests.bench.openapi.fuzz import fuzz
from tests.bench.results import Result, Results

_EXAMPLES, _QUICK_EXAMPLES = 150, 20
"""For each operation and phase."""


async def measure(folder: Path, console: Console, *, quick: bool, seed: int | None = None) -> Results:
    """Fuzz with another seed each time. What failed is printed with a curl line; reports lie in ``folder``."""
    log.configure("error", "json")
    seed = secrets.randbelow(2**31) if seed is None else seed
    console.print(f"seed {seed}", highlight=False)
    examples = _QUICK_EXAMPLES if quick else _EXAMPLES
    found = await fuzz(folder, seed=seed, examples=examples, phases=("examples", "coverage", "fuzzing", "stateful"))
    if found.status:
        console.print(found.output, markup=False, highlight=False)
    return {
        "openapi_requests": Result(found.cases, "", found.cases),
        "openapi_failures": Result(found.failures, "", found.cases, aim=0),
        "openapi_requests_per_second": Result(round(found.cases / found.seconds, 1), "/s", found.cases),
    }
