"""The runner: a part that fails is told, the others run, and the exit status says so."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import __main__ as runner
from tests.bench import results
from tests.bench.parts import PARTS, Bench, Part


async def _good(_bench: Bench) -> results.Results:
    return {"x_p50": results.Result(2.0, "ms", 3, aim=1.0, reference=4.0)}


async def _bad(_bench: Bench) -> results.Results:
    raise RuntimeError("the gateway ended")


async def _leaves(_bench: Bench) -> results.Results:
    raise SystemExit(1)


@pytest.fixture
def shared(tmp_path: Path) -> Bench:
    return Bench(Console(file=io.StringIO(), width=120), tmp_path, ExitStack())


@pytest.mark.parametrize("measure", [_bad, _leaves])
def test_a_part_that_fails_does_not_end_the_run(measure: object, shared: Bench) -> None:
    parts = [Part(measure, "one", 1), Part(_good, "two", 1)]  # type: ignore[arg-type]
    done = [runner.run(part.title, part, shared) for part in parts]
    assert [part.failure is None for part in done] == [False, True]
    assert runner.report(done, shared.console) == 1


def test_an_aim_that_is_missed_is_no_failure(shared: Bench) -> None:
    done = [runner.run("two", Part(_good, "two", 1), shared)]
    assert done[0].found["x_p50"].met is False
    assert runner.report(done, shared.console) == 0


def test_saved_figures_say_aim_reference_and_ratio(tmp_path: Path) -> None:
    results.save({"x_p50": results.Result(2.0, "ms", 3, aim=1.0, reference=4.0)}, tmp_path / "a" / "bench.json")
    assert json.loads((tmp_path / "a" / "bench.json").read_text()) == {
        "x_p50": {"value": 2.0, "unit": "ms", "n": 3, "aim": 1.0, "reference": 4.0, "met": False, "ratio": 0.5}
    }


def test_everything_but_what_is_drawn_of_it_runs_by_default() -> None:
    assert {name for name, part in PARTS.items() if not part.by_default} == {"doors_table", "waterfall"}
