"""One trial: a fresh server on one core, N calls from the other, and how late the frames were."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench.gateway_process import free_port
from tests.bench.media.script import ANSWER_MS, CYCLE_MS, FRAME_MS
from tests.bench.media.wire import System

ROOT = Path(__file__).parents[3]
LIMIT_MS = 20.0
WARM_S = 4.0
_START_S = 90.0
_OPEN_S = 0.25
"""At most this long to open one call."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What N calls got. Times in milliseconds."""

    calls: int
    microphone_p50: float
    microphone_p99: float
    """From when a frame was due to be sent to when voice activity detection had answered for it."""
    answer_p99: float
    """Answer audio behind its playout, which begins with a turn's first audio."""
    unheard: float
    """Share of the frames sent that the server never got through."""
    answers: float
    """Answers a call got, as a share of those it should have had."""
    generator_p99: float
    """How late the generator itself sent: it must be small beside the limit."""
    cpu_us_per_frame: float
    """Server processor time for 20 ms of one call, both directions."""
    idle_mb: float
    talking_mb: float
    """Resident memory a call added: connected and silent; after the run."""

    @property
    def p99(self) -> float:
        """The later direction."""
        return max(self.microphone_p99, self.answer_p99)

    @property
    def ok(self) -> bool:
        """Whether every call was served in time."""
        return self.p99 <= LIMIT_MS and self.unheard < 0.01 and self.answers > 0.9

    @property
    def is_valid(self) -> bool:
        """Whether the server, not the generator, was what was measured."""
        return self.generator_p99 <= LIMIT_MS / 4


def run(system: System, python: Path, calls: int, seconds: float, *, profile: Path | None = None) -> Trial:
    """Start the server, load it for ``seconds`` after warming up, stop it. Raises ``RuntimeError`` when it breaks."""
    port = free_port()
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = cores[0], cores[-1]
    with tempfile.TemporaryDirectory(prefix="kefu-media-") as name:
        folder = Path(name)
        command = [str(python), "-m", f"tests.bench.media.{system}_server", str(port), str(folder / "heard.npz")]
        with (folder / "server.log").open("wb") as errors:
            server = _pinned([*command, *([str(profile)] if profile else [])], server_core, errors)
            try:
                _wait_ready(server, folder)
                load = [sys.executable, "-m", "tests.bench.media.load", system, str(port), str(calls)]
                load += [str(WARM_S + seconds), str(server.pid), str(folder / "load.npz")]
                done = subprocess.run(
                    ["taskset", "-c", str(load_core), *load],
                    cwd=ROOT, check=False, capture_output=True, text=True, timeout=_START_S + calls * _OPEN_S + seconds,
                )  # fmt: skip
                if done.returncode:
                    log = (folder / "server.log").read_text()[-1500:]
                    raise RuntimeError(f"{system} with {calls} calls: {done.stderr[-500:]}\n{log}")
                server.send_signal(signal.SIGINT if profile else signal.SIGTERM)
                server.wait(30)
            finally:
                server.kill()
                server.wait()
        return _judged(calls, folder)


def _pinned(command: list[str], core: int, errors: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True,  # type: ignore[arg-type]
    )  # fmt: skip


def _wait_ready(server: subprocess.Popen[str], folder: Path) -> None:
    began = time.monotonic()
    assert server.stdout is not None
    line = server.stdout.readline()
    while "ready" not in line:
        if not line or time.monotonic() - began > _START_S:
            raise RuntimeError(f"the server did not start: {(folder / 'server.log').read_text()[-1500:]}")
        line = server.stdout.readline()
    time.sleep(0.3)


def _judged(calls: int, folder: Path) -> Trial:
    with np.load(folder / "load.npz") as file:
        seen = {name: file[name] for name in file.files}
    with np.load(folder / "heard.npz") as file:
        heard = [file[name] for name in file.files]
    start_s, seconds = float(seen["start_s"]), float(seen["end_s"] - seen["start_s"])
    late, missing, total = [], 0, 0
    for times, phase_s in zip(heard, seen["phase_s"], strict=True):
        expected = int(seconds * 1000 / FRAME_MS)
        due_s = start_s + phase_s + np.arange(expected) * FRAME_MS / 1000
        # A frame that was never got through is as late as the run's end.
        got = np.full(expected, seen["end_s"] + 0.5)
        got[: min(expected, times.size)] = times[:expected]
        measured = (due_s > start_s + WARM_S) & (due_s < seen["end_s"] - 0.2)
        late.append((got - due_s)[measured] * 1000)
        missing += int((got >= seen["end_s"] + 0.5)[measured].sum())
        total += int(measured.sum())
    microphone = np.concatenate(late)
    answer = _answer_lateness(seen["audio"], start_s + WARM_S)
    return Trial(
        calls,
        round(float(np.percentile(microphone, 50)), 2),
        round(float(np.percentile(microphone, 99)), 2),
        round(float(np.percentile(answer, 99)), 2) if answer.size else float("inf"),
        round(missing / max(1, total), 4),
        round(float(np.mean(seen["answers"])) / max(1e-9, _expected_answers(seconds)), 3),
        round(float(np.percentile(seen["sent_late_s"], 99)) * 1000, 2),
        round(_cpu_us_per_frame(seen["cpu"], np.concatenate(heard), start_s + WARM_S), 1),
        round(float(seen["idle_mb"] - seen["empty_mb"]) / max(1, calls - 1), 3),
        round(float(seen["talking_mb"] - seen["empty_mb"]) / max(1, calls - 1), 3),
    )


def _cpu_us_per_frame(cpu: NDArray[np.float64], heard: NDArray[np.float64], from_s: float) -> float:
    """Median over the seconds of the run: a second in which the machine was busy with other things counts once."""
    ordered = np.sort(heard)
    seconds = cpu[cpu[:, 0] >= from_s]
    frames = np.diff(np.searchsorted(ordered, seconds[:, 0]))
    return float(np.median(np.diff(seconds[:, 1]) / np.maximum(1, frames))) * 1e6


def _expected_answers(seconds: float) -> float:
    return (seconds - 1) / (CYCLE_MS / 1000)


def _answer_lateness(audio: NDArray[np.float64], from_s: float) -> NDArray[np.float64]:
    """Of each 20 ms of answer audio, behind its place in the playout that began with the turn's first audio."""
    late = []
    for arrived_s, began_s, before_ms, ms in audio:
        if arrived_s >= from_s and before_ms + ms <= ANSWER_MS:
            places = np.arange(before_ms, before_ms + ms, FRAME_MS)
            late.append(np.maximum(0.0, (arrived_s - began_s) * 1000 - places))
    return np.concatenate(late) if late else np.zeros(0)
