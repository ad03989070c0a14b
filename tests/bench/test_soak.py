"""The soak's verdict: what counts as growing and as left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.bench.line import Asked
from tests.bench.questions import Question
from tests.bench.soak import Tally, outcome
from tests.bench.trend import theil_sen
from tests.bench.vital import Vitals, descendants, is_alive, metric

REST = Vitals(at_s=100, rss_mb=500, children_rss_mb=900, threads=20, files=40, tasks=6, sessions=0)
NOBODY = Question("q", np.zeros(1, np.float32), 0.0)


def test_slope_is_that_of_the_line() -> None:
    assert theil_sen([(x, 3 * x + 1) for x in range(10)]) == pytest.approx(3)


def test_slope_is_not_moved_by_bursts() -> None:
    points = [(float(x), 2.0 * x) for x in range(20)]
    points[3] = (3.0, 500.0)
    points[12] = (12.0, 900.0)
    assert theil_sen(points) == pytest.approx(2, abs=0.1)


def test_slope_needs_two_times() -> None:
    assert theil_sen([]) is None
    assert theil_sen([(1.0, 2.0), (1.0, 3.0)]) is None


def growing(mb_per_hour: float) -> list[Vitals]:
    return [replace(REST, at_s=60.0 * n, rss_mb=500 + mb_per_hour * n / 60) for n in range(20)]


def test_a_clean_run_passes() -> None:
    tally = Tally(asked=[Asked(NOBODY, 0.0, None)] * 0, calls=9)
    found = outcome(REST, replace(REST, files=41), growing(5), tally, 30)
    assert found["soak_memory_slope"].value == pytest.approx(5)
    for name in ("soak_memory_slope", "soak_leaked_tasks", "soak_leaked_files", "soak_leaked_threads", "soak_errors"):
        assert found[name].met, name


def test_what_is_left_behind_is_said() -> None:
    left = replace(REST, tasks=7, files=50, threads=30, sessions=1)
    found = outcome(REST, left, growing(80), Tally(calls=9), 30)
    assert {name for name, result in found.items() if result.met is False} >= {
        "soak_leaked_tasks", "soak_leaked_files", "soak_leaked_threads", "soak_sessions_left", "soak_memory_slope",
    }  # fmt: skip
    assert found["soak_leaked_tasks"].value == 1


def test_a_short_run_does_not_judge_the_slope() -> None:
    assert outcome(REST, REST, growing(80), Tally(calls=2), 2)["soak_memory_slope"].met is None


def test_unanswered_questions_and_errors_fail_the_run() -> None:
    tally = Tally(asked=[Asked(NOBODY, 0.0, None)], calls=1)
    tally.errors["tts_failed"] += 1
    found = outcome(REST, REST, growing(0), tally, 2)
    assert found["soak_answered"].met is False
    assert found["soak_errors"].met is False


def test_processes_below_a_process() -> None:
    parents = {10: 1, 11: 10, 12: 10, 13: 12, 20: 1}
    assert sorted(descendants(parents, 10)) == [11, 12, 13]
    assert descendants(parents, 20) == []


def test_a_process_that_has_ended_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(ended.pid), "nobody has waited for it yet"
    assert not is_alive(ended.pid)
    assert is_alive(os.getpid())


def test_a_metric_is_read_by_its_whole_name() -> None:
    text = "# HELP kefu_asyncio_tasks x\nkefu_asyncio_tasks_old 3.0\nkefu_asyncio_tasks 7.0\n"
    assert metric(text, "kefu_asyncio_tasks") == 7
    with pytest.raises(KeyError):
        metric(text, "kefu_asyncio")
