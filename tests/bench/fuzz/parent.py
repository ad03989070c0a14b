"""Starts a worker for each codec, watches it, starts another where one died, and adds up what they did."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.bench import results
from tests.bench.fuzz.cases import unpack
from tests.bench.fuzz.codecs import CODECS
from tests.bench.results import Result, Results

INPUTS = 1_000_000
BENCH_INPUTS, QUICK_INPUTS = 30_000, 2_000
_MOST_DEATHS = 5
_COVERED = re.compile(r"cov: (\d+)")


@dataclass(slots=True)
class Done:
    """What the workers of a codec did."""

    inputs: int = 0
    connections: int = 0
    seconds: float = 0.0
    branches: int = 0
    branches_at_first: int = 0
    """Taken by the seeds."""
    findings: int = 0


def measure(build: Path, console: Console, *, quick: bool) -> Results:
    """A part of ``make bench``."""
    return fuzz(build, console, list(CODECS), QUICK_INPUTS if quick else BENCH_INPUTS)


def fuzz(build: Path, console: Console, codecs: Sequence[str], inputs: int, *, seed: int = 1) -> Results:
    """``inputs`` messages for each of ``codecs``. Other codecs' results of earlier runs are kept."""
    found: Results = {}
    table = _Kept(build / "bench" / "fuzz" / "table.json")
    for name in codecs:
        done = fuzz_one(build / "bench" / "fuzz" / name, name, inputs, seed)
        table.keep(name, done)
        console.print(
            f"{name}: {done.inputs} inputs on {done.connections} connections in {done.seconds:.0f} s, branches"
            f" {done.branches_at_first} -> {done.branches}, findings {done.findings}",
            highlight=False,
        )
        found[f"fuzz_{name}_findings"] = Result(done.findings, "findings", done.inputs, aim=0)
        found[f"fuzz_{name}_seconds"] = Result(done.seconds, "s", done.inputs)
        results.save(found, build / "bench" / "fuzz.json")
    return found


class _Kept:
    """The last run of each codec, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, name: str, done: Done) -> None:
        known = json.loads(self._path.read_text()) if self._path.exists() else {}
        known[name] = {field: getattr(done, field) for field in Done.__slots__}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(known, indent=1))


def fuzz_one(folder: Path, name: str, inputs: int, seed: int) -> Done:
    """One codec; what was found lies in ``folder``, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    done = Done()
    for attempt in range(_MOST_DEATHS):
        log = folder / f"worker-{attempt}.log"
        command = [
            sys.executable,
            "-m",
            "tests.bench.fuzz.worker",
            name,
            str(folder),
            str(inputs - done.inputs),
            str(seed + attempt),
        ]
        with log.open("wb") as output:
            subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False)
        covered = [int(found) for found in _COVERED.findall(log.read_text(errors="replace"))]
        done.branches = max([done.branches, *covered])
        done.branches_at_first = done.branches_at_first or (covered[0] if covered else 0)
        _add(done, folder / "result.json")
        died = sorted(folder.glob("died-*"))
        done.findings += len(died)
        for path in died:
            _keep_death(path, log)
        if not died and done.inputs < inputs:
            raise RuntimeError(f"the worker of {name} ended early; see {log}")
        if done.inputs >= inputs:
            break
    findings = folder / "findings.jsonl"
    done.findings = len(findings.read_text().splitlines()) if findings.exists() else 0
    shutil.rmtree(folder / "corpus", ignore_errors=True)
    return done


def _add(done: Done, result: Path) -> None:
    if not result.exists():
        return
    one = json.loads(result.read_text())
    result.unlink()
    done.inputs += one["inputs"]
    done.connections += one["connections"]
    done.seconds = round(done.seconds + one["seconds"], 1)


def _keep_death(path: Path, log: Path) -> None:
    """A case that a worker did not survive becomes a finding like the others; it is not made smaller."""
    packed = path.read_bytes()
    lines = [line for line in log.read_text(errors="replace").splitlines() if "ERROR" in line or "SUMMARY" in line]
    line = {"kind": "died", "where": path.name.split("-")[1], "detail": " ".join(lines)[:500]}
    found = {**line, "case": [repr(one) for one in unpack(packed)], "packed": base64.b64encode(packed).decode()}
    with (path.parent / "findings.jsonl").open("a") as file:
        file.write(json.dumps(found, ensure_ascii=True) + "\n")
    path.rename(path.with_name(path.name.replace("died-", "dead-", 1)))
