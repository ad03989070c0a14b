"""Ctrl-C ends everything that was started; the second start is quick."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.gateway_process import gateway as running_gateway
from tests.e2e.customer import is_ready, say
from tests.triton_process import command_line, descendants

STOPS_WITHIN_S = 10.0
STARTS_WITHIN_S = 45.0
"""10 s on an idle machine; what it took is printed."""


def test_ctrl_c_leaves_nothing_behind_and_the_next_start_is_quick(weights: None, tmp_path: Path) -> None:
    with running_gateway(tmp_path) as process:
        kept = say(process.url, "你好", "e2e-before")
        below = descendants(process.pid)
        names = [command_line(pid) for pid in below]
        assert any("tritonserver" in name for name in names)
        assert list(Path("/dev/shm").glob(f"kefu_{process.pid}_*"))
        stopping = time.monotonic()
    stopped_s = time.monotonic() - stopping
    assert stopped_s < STOPS_WITHIN_S
    assert [command_line(pid) for pid in (process.pid, *below) if command_line(pid)] == []
    assert list(Path("/dev/shm").glob(f"kefu_{process.pid}_*")) == []
    assert list((tmp_path / "triton").glob("*.sock*")) == []
    assert "Traceback" not in process.log.read_text()

    started = time.monotonic()
    with running_gateway(tmp_path) as process:
        started_s = time.monotonic() - started
        assert is_ready(process.url)
        assert say(process.url, "你好", "e2e-before")["turn_id"] == kept["turn_id"] + 1, "it remembers"
    print(f"\nstopped in {stopped_s:.1f} s, started again in {started_s:.1f} s")
    assert started_s < STARTS_WITHIN_S
