"""What ``make test`` runs after set-up: format, lint, types, import contracts, tests; each must pass.

    beside each other        static checks, then the tests of everything not named below
                             the tests of BESIDE
    then beside each other   the tests of ENGINES   } in real time: sockets, browsers and telephones, which want a
                             the tests of WAITING   } machine that nobody else holds up; these mostly wait
    what failed of those     once more, alone: time that the machine gave to somebody else proves nothing

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
ENGINES = ("tests/e2e",)
WAITING = (
    "tests/gateway/channels",
    "tests/gateway/cli/test_call_client.py",
    "tests/gateway/cli/test_serve.py",
    "tests/gateway/telephony",
    "tests/gateway/test_workers.py",
    # Last: while a playwright lives no async test can start.
    "tests/gateway/web",
)
_FAILED, _NO_TESTS = 1, 5
"""What pytest ends with when tests have failed, and where arguments leave nothing to run."""
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


def pytests(extra: Sequence[str]) -> tuple[Check, Check, Check, Check]:
    """The runs of pytest: the rest, BESIDE, ENGINES, WAITING. Every test is in one of them."""
    rest = ("tests", *(f"--ignore={path}" for path in (*BESIDE, *ENGINES, *WAITING)))
    return (
        Check("tests", ("pytest", *rest, *extra)),
        Check("tests of dialogue and models", ("pytest", *BESIDE, *extra)),
        Check("tests with engines", ("pytest", *_remembering("engines"), *ENGINES, *extra)),
        Check("tests that wait", ("pytest", *_remembering("waiting"), *WAITING, *extra)),
    )


def _remembering(name: str) -> tuple[str, str]:
    """Which tests failed, in a folder of their own."""
    return "-o", f"cache_dir=build/pytest/{name}"


def again(check: Check) -> Check:
    """Those tests of a run of pytest that have failed."""
    return Check(f"{check.name}, once more", (*check.command, "--last-failed", "--last-failed-no-failures=none"))


class Runner:
    """Runs checks, also after a failure, and shows their output: live, but for reports, which come whole at the end."""

    def __init__(self, folder: Path = ROOT) -> None:
        """``folder``: where they run."""
        self.failed: list[str] = []
        self._folder = folder
        self._printing = threading.Lock()

    def run(self, *checks: Check) -> None:
        """One after the other."""
        for check in checks:
            if self._run(check) != 0:
                self.failed.append(check.name)

    def run_in_real_time(self, *checks: Check) -> None:
        """Beside each other; tests that have failed once more, alone."""
        with ThreadPoolExecutor(len(checks)) as lanes:
            ends = list(lanes.map(self._run, checks))
        for check, end in zip(checks, ends, strict=True):
            if end == _FAILED:
                self.run(again(check))
            elif end != 0:
                self.failed.append(check.name)

    def _run(self, check: Check) -> int:
        """The exit status."""
        started = time.monotonic()
        self._print(f"== {check.name}")
        command = [str(BIN / check.command[0]), *check.command[1:]]
        with subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            assert process.stdout is not None
            report: list[str] = []
            for line in process.stdout:
                if report or any(mark in line for mark in _REPORTS):
                    report.append(line.rstrip("\n"))
                else:
                    self._print(line.rstrip("\n"))
        is_pytest = check.command[0] == "pytest"
        status = 0 if is_pytest and process.returncode == _NO_TESTS else process.returncode
        took = f"   {check.name}: {'ok' if status == 0 else 'FAILED'} ({time.monotonic() - started:.0f} s)"
        self._print("\n".join([*report, took]))
        return status

    def _print(self, text: str) -> None:
        with self._printing:
            print(text, flush=True)


def main() -> int:
    """Run every check; 0 when all passed."""
    rest, beside, engines, waiting = pytests(sys.argv[1:])
    runner = Runner()
    with ThreadPoolExecutor(2) as lanes:
        for lane in [lanes.submit(runner.run, *STATIC, rest), lanes.submit(runner.run, beside)]:
            lane.result()
    runner.run_in_real_time(engines, waiting)
    if runner.failed:
        print(f"failed: {', '.join(runner.failed)}", flush=True)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
