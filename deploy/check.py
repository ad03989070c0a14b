"""What ``make test`` runs after set-up: format, lint, types, import contracts, tests; each must pass.

    beside each other    static checks, then the tests of everything not named below
                         the tests of BESIDE
    then                 the tests of ALONE: real time, sockets and browsers, which want the machine to themselves

Arguments go to every pytest: ``deploy/check.py -k tokens``.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BESIDE = ("tests/dialogue", "tests/inference_server", "tests/nlu")
ALONE = (
    "tests/e2e",
    "tests/gateway/channels",
    "tests/gateway/cli/test_call_client.py",
    "tests/gateway/cli/test_serve.py",
    "tests/gateway/telephony",
    "tests/gateway/test_workers.py",
    "tests/gateway/web",
)
_NO_TESTS = 5
"""What pytest ends with where arguments leave nothing to run."""
_REPORTS = ("= ERRORS =", "= FAILURES =", "= short test summary info =", "= warnings summary =")


@dataclass(frozen=True, slots=True)
class Check:
    """One command of ours."""

    name: str
    command: tuple[str, ...]


STATIC = (
    Check("format", ("ruff", "format", "--check", "--quiet")),
    Check("lint", ("ruff", "check", "--quiet")),
    Check("types", ("mypy", "--strict")),
    Check("import contracts", ("lint-imports", "--no-logo")),
)


def pytests(extra: Sequence[str]) -> tuple[Check, Check, Check]:
    """The three runs of pytest: the rest, BESIDE, ALONE. Every test is in one of them."""
    rest = ("tests", *(f"--ignore={path}" for path in (*BESIDE, *ALONE)))
    runs = (("tests", rest), ("tests of dialogue and models", BESIDE), ("tests in real time", ALONE))
    first, second, third = (Check(name, ("pytest", *chosen, *extra)) for name, chosen in runs)
    return first, second, third


class Runner:
    """Runs checks, also after a failure, and shows their output: live, but for reports, which come whole at the end."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self._printing = threading.Lock()

    def run(self, *checks: Check) -> None:
        """One after the other."""
        for check in checks:
            started = time.monotonic()
            self._print(f"== {check.name}")
            command = [str(BIN / check.command[0]), *check.command[1:]]
            with subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            ) as process:
                assert process.stdout is not None
                report: list[str] = []
                for line in process.stdout:
                    if report or any(mark in line for mark in _REPORTS):
                        report.append(line.rstrip("\n"))
                    else:
                        self._print(line.rstrip("\n"))
            good = process.returncode == 0 or (check.command[0] == "pytest" and process.returncode == _NO_TESTS)
            if not good:
                self.failed.append(check.name)
            took = f"   {check.name}: {'ok' if good else 'FAILED'} ({time.monotonic() - started:.0f} s)"
            self._print("\n".join([*report, took]))

    def _print(self, text: str) -> None:
        with self._printing:
            print(text, flush=True)


def main() -> int:
    """Run every check; 0 when all passed."""
    rest, beside, alone = pytests(sys.argv[1:])
    runner = Runner()
    with ThreadPoolExecutor(2) as lanes:
        for lane in [lanes.submit(runner.run, *STATIC, rest), lanes.submit(runner.run, beside)]:
            lane.result()
    runner.run(alone)
    if runner.failed:
        print(f"failed: {', '.join(runner.failed)}", flush=True)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
