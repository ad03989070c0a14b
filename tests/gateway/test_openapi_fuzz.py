"""A short fuzz of every route from the document: no answer may break, or be another than the document says.

Longer, with another seed each time: ``python -m tests.bench openapi``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.openapi.fuzz import fuzz

SEED, EXAMPLES = 20261123, 4


@pytest.mark.timeout(240)
async def test_every_route_stands_what_a_fuzzer_sends(tmp_path: Path) -> None:
    found = await fuzz(tmp_path, seed=SEED, examples=EXAMPLES, phases=("examples", "coverage", "fuzzing"))
    assert found.status == 0, found.output
    assert found.cases > 500
