"""The real Triton as tests use it: ``python -m inference_server`` in a process of its own, with a copied repository."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class TritonProcess:
    """A running supervisor and its Triton."""

    url: str
    supervisor: subprocess.Popen[str]
    events: Path
    """What the supervisor said, one line each."""
    repository: Path
    log: Path

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
        events = folder / "events.txt"
        with events.open("w") as stderr:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
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
        (pid,) = children(self.supervisor.pid)
        return pid

    def model_pid(self, model: str) -> int:
        """Of the Python process that runs ``model``."""
        for pid in children(self.server_pid):
            if f"/{model}/1/model.py" in command_line(pid):
                return pid
        raise LookupError(f"no process runs {model}")


def children(pid: int) -> list[int]:
    """Child processes, of any thread of ``pid``; zombies left out."""
    found: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
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
        seeded / "1" / "head.npz",
        weight=rng.normal(size=(len(SEEDED_LABELS), EMBEDDING_DIM)).astype(np.float32),
        bias=rng.normal(size=len(SEEDED_LABELS)).astype(np.float32),
        temperature=np.float32(0.7),
        mean=rng.normal(scale=0.01, size=EMBEDDING_DIM).astype(np.float32),
        labels=np.array(SEEDED_LABELS),
    )
