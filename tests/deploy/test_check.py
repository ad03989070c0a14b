"""``make test``: no test is left out, none runs twice, a failure is reported, and reports are not torn."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    """The script, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("check", ROOT / "deploy" / "check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


check: Any = _load()


def test_every_test_runs_once() -> None:
    rest, *others = check.pytests(["-x"])
    ignored = [argument.removeprefix("--ignore=") for argument in rest.command if argument.startswith("--ignore=")]
    named = [argument for run in others for argument in run.command if argument.startswith("tests/")]
    assert rest.command[:2] == ("pytest", "tests")
    assert sorted(ignored) == sorted(named), "what is left out of the first run is in one of the others"
    for path in named:
        assert (ROOT / path).exists(), path
        assert not [other for other in named if Path(other) in Path(path).parents], f"{path} would run twice"
    assert all(run.command[-1] == "-x" for run in (rest, *others))


def _python(code: str) -> tuple[str, ...]:
    return ("python", "-c", code)


def test_a_failure_is_told_and_what_follows_still_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runner = check.Runner()
    runner.run(check.Check("bad", _python("raise SystemExit(3)")), check.Check("good", _python("print('hello')")))
    assert runner.failed == ["bad"]
    shown = capsys.readouterr().out
    assert "bad: FAILED" in shown
    assert "hello\n   good: ok" in shown


def test_nothing_to_run_is_no_failure_of_pytest_alone(tmp_path: Path) -> None:
    runner = check.Runner()
    runner.run(check.Check("tests", ("pytest", "-p", "no:cacheprovider", str(tmp_path))))
    assert runner.failed == []
    runner.run(check.Check("other", _python("raise SystemExit(5)")))
    assert runner.failed == ["other"]


def test_a_report_comes_whole(capsys: pytest.CaptureFixture[str]) -> None:
    code = "print('....'); print('=== FAILURES ==='); print('why'); raise SystemExit(1)"
    check.Runner().run(check.Check("tests", _python(code)))
    assert capsys.readouterr().out.startswith("== tests\n....\n=== FAILURES ===\nwhy\n   tests: FAILED (")


_HELD_UP = """
from pathlib import Path
def test_passes(): open("runs", "a").write("p")
def test_fails_while_the_machine_is_held_up():
    seen = Path("once").exists()
    Path("once").touch()
    assert seen
def test_never_passes(): assert {never}
"""


def _real_time(folder: Path, never: str) -> Any:
    (folder / "test_real_time.py").write_text(_HELD_UP.format(never=never))
    where = (
        "-p",
        "no:schemathesis",
        "-p",
        "no:playwright",
        "--rootdir",
        str(folder),
        "-o",
        f"cache_dir={folder}/cache",
        str(folder),
    )
    return check.Check("in real time", ("pytest", *where))


@pytest.mark.parametrize(("never", "failed"), [("True", []), ("False", ["in real time, once more"])])
def test_what_failed_in_real_time_runs_once_more(
    never: str, failed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = check.Runner(tmp_path)
    runner.run_in_real_time(_real_time(tmp_path, never))
    assert runner.failed == failed
    assert (tmp_path / "runs").read_text() == "p", "what passed does not run again"
    assert "in real time: FAILED" in capsys.readouterr().out, "nobody is told that all was well at once"


def test_a_run_that_cannot_begin_is_a_failure_at_once(tmp_path: Path) -> None:
    runner = check.Runner()
    runner.run_in_real_time(check.Check("in real time", ("pytest", "--no-such-option", str(tmp_path))))
    assert runner.failed == ["in real time"]
