"""What a newcomer reads when the machine is not ready: one line that says what to do, and no traceback."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    """The script, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "deploy" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap: Any = _load()
ENOUGH: Callable[[], int] = lambda: 10**12  # noqa: E731


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "libpython3.11.so.1.0"
    path.touch()
    return path


def stopped(capsys: pytest.CaptureFixture[str], command: Callable[[], object]) -> str:
    """The one line with which ``command`` stops."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("kefu: ")
    return str(line)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 2), (3, 10, 12), (3, 13, 0), (4, 0, 0)])
def test_a_python_that_does_not_fit(
    version: tuple[int, int, int], library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = stopped(capsys, lambda: bootstrap.check_python(version, "linux", library))
    assert ".".join(map(str, version)) in line
    assert "use Python 3.11 or 3.12" in line
    assert "PYTHON=" in line


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9)])
def test_a_python_that_fits(version: tuple[int, int, int], library: Path) -> None:
    bootstrap.check_python(version, "linux", library)


def test_this_python_fits() -> None:
    bootstrap.check_python()


@pytest.mark.parametrize("name", ["none.so", "libpython3.12.a"])
def test_a_python_without_its_library(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "libpython3.12.a").touch()
    line = stopped(capsys, lambda: bootstrap.check_python((3, 12, 1), "linux", tmp_path / name))
    assert "libpython3.12.so" in line
    assert "apt-get install libpython3.12" in line


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_another_system(platform: str, library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Linux" in stopped(capsys, lambda: bootstrap.check_python((3, 11, 2), platform, library))


def test_a_disk_that_is_too_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = stopped(
        capsys,
        lambda: bootstrap.make_environment(tmp_path / "env", "gateway environment", [], "s", free_bytes=lambda: 10**9),
    )
    assert "8000 MB" in line
    assert "free some space" in line
    assert not (tmp_path / "env").exists()


def test_a_disk_that_fills_up(capsys: pytest.CaptureFixture[str]) -> None:
    code = "print('ERROR: Could not install: [Errno 28] No space left on device'); raise SystemExit(1)"
    line = stopped(capsys, lambda: bootstrap.step("gateway environment: installing", python(code)))
    assert "the disk is full" in line
    assert "8000 MB" in line


def environment(folder: Path) -> Path:
    """An environment whose interpreter is this one."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def test_a_package_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real pip, told to look nowhere."""
    folder = environment(tmp_path / "env")
    requirements = ["--no-index", "--disable-pip-version-check", "kefu-no-such-package==1"]
    line = stopped(
        capsys,
        lambda: bootstrap.make_environment(folder, "gateway environment", requirements, "s", free_bytes=ENOUGH),
    )
    assert "gateway environment" in line
    assert "a package is missing" in line
    assert "kefu-no-such-package" in line
    assert not (folder / bootstrap.STAMP).exists(), "the next run tries again"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('building'); print('ERROR: it broke'); print('hint'); raise SystemExit(2)", "ERROR: it broke"),
        ("print('no error line'); raise SystemExit(1)", "no error line"),
        ("raise SystemExit(1)", "no output"),
        ("import os; os.kill(os.getpid(), 9)", "no output"),
        ("print('ERROR: Connection refused'); raise SystemExit(1)", "cannot be reached"),
    ],
)
def test_a_step_that_fails(code: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = stopped(capsys, lambda: bootstrap.step("model server environment: installing", python(code)))
    assert line.startswith("kefu: model server environment: installing: ")
    assert words in line


def test_an_environment_is_completed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = environment(tmp_path / "env")
    touched = tmp_path / "touched"
    finish = python(f"open({str(touched)!r}, 'a').write('x')")
    for _ in range(3):
        # "pip install" of what is there already: needs no registry.
        bootstrap.make_environment(
            folder, "gateway environment", ["--no-index", "pip"], "stamp", after=[finish], free_bytes=ENOUGH
        )
    assert touched.read_text() == "x"
    assert (folder / bootstrap.STAMP).read_text() == "stamp"
    bootstrap.make_environment(folder, "gateway environment", [], "less", also_good=("stamp",), free_bytes=lambda: 0)
    assert "ok gateway environment: installing" in capsys.readouterr().out


def test_a_broken_interpreter_is_seen(tmp_path: Path) -> None:
    assert bootstrap.runs(Path(sys.executable))
    assert not bootstrap.runs(tmp_path / "none")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert not bootstrap.runs(broken)


def test_the_stamp_changes_with_the_files_and_the_purpose(tmp_path: Path) -> None:
    file = tmp_path / "requirements.lock"
    file.write_text("a==1")
    first = bootstrap.stamp_of([file], "run")
    assert bootstrap.stamp_of([file], "run") == first
    assert bootstrap.stamp_of([file], "test") != first
    file.write_text("a==2")
    assert bootstrap.stamp_of([file], "run") != first


def test_it_needs_nothing_but_the_standard_library() -> None:
    imported = {
        line.split()[1].split(".")[0]
        for line in (ROOT / "deploy" / "bootstrap.py").read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - {"__future__"} <= sys.stdlib_module_names


def test_environments_are_made_beside_each_other() -> None:
    met = threading.Barrier(2, timeout=10)
    bootstrap.at_once(met.wait, met.wait)


def test_a_failure_beside_another_job_ends_the_script_when_that_is_done() -> None:
    done: list[str] = []
    with pytest.raises(SystemExit) as ended:
        bootstrap.at_once(lambda: bootstrap.stop("no disk"), lambda: done.append("other"))
    assert (ended.value.code, done) == (1, ["other"])
