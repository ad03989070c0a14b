"""The real Triton as tests use it: ``python -m inference_server`` in a process of its own, with a copied repository."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from inference_server import weights
from inference_server.contracts import EMBEDDING_DIM
from inference_server.generate_weights import GENERATE_WEIGHTS
from inference_server.launch import REPOSITORY

SEEDED_MODEL = "seeded"
"""Test-only copy of ``sentiment`` with a random head of two labels, so that three places must be padded."""
SEEDED_LABELS = ("甲", "乙")
SEEDED_HEAD = "head.seeded.npz"
"""Named by ``KEFU_SEEDED_HEAD``, as the head of another domain is."""

# How events of ``inference_server.launch`` begin.
_READY = "Triton ready in"
_ENDED = "Triton ended"

# In Triton's log: it serves, and it crashes.
_SERVING = "Started GRPCInferenceService"
_CRASH = "Signal ("


@dataclass(frozen=True, slots=True)
class TritonProcess:
    """A running supervisor and its Triton."""

    url: str
    supervisor: subprocess.Popen[str]
    events: Path
    """What the supervisor said, one line each."""
    repository: Path
    log: Path
    killed: set[int] = field(default_factory=set)
    """Servers that a test killed on purpose."""

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[Self]:
        """Start with every model that can be served here; stops and leaves no process behind."""
        repository = folder / "repository"
        shutil.copytree(REPOSITORY, repository, ignore=shutil.ignore_patterns("__pycache__"))
        _add_seeded_model(repository)
        models = ["embed", SEEDED_MODEL, *(m for m in ("intent", "sentiment") if _has_head(repository / m))]
        lazy = ["generate"] if weights.is_ready(GENERATE_WEIGHTS) else []
        command = [sys.executable, "-m", "inference_server", "--repository", str(repository)]
        command += ["--runtime-dir", str(folder / "rt"), "--models", *models, "--lazy-models", *lazy]
        environment = {**os.environ, "KEFU_SEEDED_HEAD": SEEDED_HEAD}
        events = folder / "events.txt"
        with events.open("w") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment)
        with process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().strip()
                assert url, events.read_text()
                yield cls(url, process, events, repository, folder / "rt" / "triton.log")
            finally:
                below = descendants(process.pid)
                process.send_signal(signal.SIGINT)
                process.wait(timeout=20)
                assert not [command_line(pid) for pid in below if command_line(pid)]

    @property
    def server_pid(self) -> int:
        """Of ``tritonserver`` itself; another one after a restart."""
        (pid,) = self._servers()
        return pid

    def _servers(self) -> list[int]:
        """Beside them the supervisor has a reaper each."""
        return [pid for pid in children(self.supervisor.pid) if "reaper.py" not in command_line(pid)]

    def kill_server(self) -> None:
        """End ``tritonserver`` as a crash would; only so may a test do it."""
        pid = self.server_pid
        self.killed.add(pid)
        os.kill(pid, signal.SIGKILL)

    def serving_pid(self, within_s: float = 60.0) -> int:
        """``server_pid``, once it serves: at once, or after a restart that is under way."""
        ends_at = time.monotonic() + within_s
        while True:
            said = self.events.read_text()
            alive = self._servers()
            if said.count(_READY) > said.count(_ENDED) and len(alive) == 1 and not self._last_words():
                return alive[0]
            assert time.monotonic() < ends_at, f"Triton does not come back:\n{said}"
            time.sleep(0.05)

    def crash_report(self, pid: int) -> str:
        """Empty while the server ``pid`` lives, or when a test killed it; else what it and its supervisor said."""
        if pid in self.killed or (command_line(pid) and not self._last_words()):
            return ""
        log = self.log.read_text(errors="replace")
        crash = log[max(log.rfind(_CRASH), 0) :].splitlines()[:20]
        return "\n".join(["Triton crashed during this test:", self.events.read_text(), *crash])

    def _last_words(self) -> bool:
        """Whether the newest server is writing its stack trace; it takes most of a second to die."""
        return _CRASH in self.log.read_text(errors="replace").rpartition(_SERVING)[2]

    def model_pid(self, model: str) -> int:
        """Of the Python process that runs ``model``."""
        for pid in children(self.server_pid):
            if f"/{model}/1/model.py" in command_line(pid):
                return pid
        raise LookupError(f"no process runs {model}")


def children(pid: int) -> list[int]:
    """Child processes, of any thread of ``pid``; zombies left out."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):  # it ends meanwhile
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # so does a thread of it
                found += [int(child) for child in tasks.read_text().split() if command_line(int(child))]
    return found


def descendants(pid: int) -> list[int]:
    """Child processes and theirs."""
    below = children(pid)
    return below + [pid for child in below for pid in descendants(child)]


def command_line(pid: int) -> str:
    """Space separated; empty for a zombie or a process that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


def _has_head(model: Path) -> bool:
    return (model / "1" / "head.npz").exists()


def _add_seeded_model(repository: Path) -> None:
    seeded = repository / SEEDED_MODEL
    shutil.copytree(repository / "sentiment", seeded)
    config = seeded / "config.pbtxt"
    config.write_text(config.read_text().replace('"sentiment"', f'"{SEEDED_MODEL}"'))
    rng = np.random.default_rng(7)
    np.savez(
        seeded / "1" / SEEDED_HEAD,
        weight=rng.normal(size=(len(SEEDED_LABELS), EMBEDDING_DIM)).astype(np.float32),
        bias=rng.normal(size=len(SEEDED_LABELS)).astype(np.float32),
        temperature=np.float32(0.7),
        mean=rng.normal(scale=0.01, size=EMBEDDING_DIM).astype(np.float32),
        labels=np.array(SEEDED_LABELS),
    )
