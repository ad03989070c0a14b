"""The virtual environment of the reference, pipecat: ``build/bench/pipecat-venv``, made once, bench-only.

Pinned by ``pipecat-requirements.txt``; a stamp makes every later call instant. It also holds what ``speech`` imports,
so that a pipecat pipeline can be given Kefu's own recogniser and voice (run it with the repository on ``PYTHONPATH``).
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("pipecat-requirements.txt")
FOLDER = ROOT / "build" / "bench" / "pipecat-venv"


def python_of_pipecat_env(console: Console) -> Path:
    """The interpreter with pipecat installed; minutes at first. Raises ``RuntimeError`` with pip's words."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    # Two benchmarks that start together must not install into one folder at once.
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _python(console)


def _python(console: Console) -> Path:
    python, marker = FOLDER / "bin" / "python", FOLDER / "kefu-stamp"
    stamp = hashlib.sha256(sys.version.encode() + REQUIREMENTS.read_bytes()).hexdigest()
    if marker.is_file() and marker.read_text() == stamp:
        return python
    began = time.monotonic()
    console.print("pipecat's environment: installing (once)")
    shutil.rmtree(FOLDER, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(FOLDER)])
    _run([str(python), "-m", "pip", "install", "--progress-bar", "off", "--requirement", str(REQUIREMENTS)])
    marker.write_text(stamp)
    console.print(f"pipecat's environment: ready ({time.monotonic() - began:.0f} s)")
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"pipecat's environment was not made: {(done.stderr or done.stdout)[-1500:].strip()}")
