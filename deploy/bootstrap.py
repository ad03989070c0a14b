"""Makes the two environments that Kefu runs in. Standard library only; any Python 3.11 or 3.12 can run it.

    python3 deploy/bootstrap.py [--test] [--coqui]

``.venv`` is the gateway's (``--coqui`` adds Coqui's voices, ``--test`` those and the tools of ``make test``);
``.venv-server`` is the Triton server's own, because the bundled server needs numpy < 2. Each carries a stamp, so that
a second run takes no time. Every failure is one line that says what to do.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = "kefu-stamp"
NEEDED_MB = 8000
EXTRAS = {"run": "", "coqui": "[coqui]", "test": "[dev,train,coqui]"}
"""What an environment is for, each holding the one before."""
SUPPORTED = ((3, 11), (3, 12))


def main() -> None:
    """Make both environments, or say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--test", action="store_true", help="add what 'make test' needs")
    parser.add_argument("--coqui", action="store_true", help="add Coqui's voices")
    options = parser.parse_args()
    check_python()
    lock = ROOT / "inference_server" / "requirements.lock"
    at_once(
        lambda: make_gateway("test" if options.test else "coqui" if options.coqui else "run"),
        lambda: make_environment(
            ROOT / ".venv-server", "model server environment", ["--requirement", str(lock)], stamp_of([lock], "server")
        ),
    )


def at_once(*jobs: Callable[[], None]) -> None:
    """Beside each other: one unpacks while another waits for the network. Ends as the first one ended that failed."""
    with ThreadPoolExecutor(len(jobs)) as lanes:
        running = [lanes.submit(job) for job in jobs]
    for job in running:
        job.result()


def make_gateway(purpose: str) -> None:
    """The gateway's environment; one that was made for more serves for less."""
    files = [ROOT / "pyproject.toml", ROOT / "requirements.lock"]
    purposes = list(EXTRAS)
    python = str(ROOT / ".venv" / "bin" / "python")
    coqui = [
        # They ask for another torch than the one that is there, which works: coqui-tts needs little of them.
        [python, "-m", "pip", "install", "--no-deps", "torchaudio==2.11.0", "torchcodec==0.17.0"],
        [python, "-m", "speech.tts.coqui", "--fix-torchaudio"],
    ]
    make_environment(
        ROOT / ".venv",
        "gateway environment",
        ["--constraint", str(ROOT / "requirements.lock"), "--editable", f"{ROOT}{EXTRAS[purpose]}"],
        stamp_of(files, purpose),
        also_good=tuple(stamp_of(files, more) for more in purposes[purposes.index(purpose) + 1 :]),
        after=[] if purpose == "run" else coqui,
    )


def libpython() -> Path:
    """Where this Python's own library would be."""
    return Path(sysconfig.get_config_var("LIBDIR") or "/") / str(sysconfig.get_config_var("INSTSONAME"))


def check_python(
    version: tuple[int, int, int] = sys.version_info[:3], platform: str = sys.platform, library: Path | None = None
) -> None:
    """Stop on a Python that cannot carry Kefu; this one, unless told otherwise."""
    library = library or libpython()
    if version[:2] not in SUPPORTED:
        found = ".".join(map(str, version))
        stop(f"Python {found} is not supported: use Python 3.11 or 3.12, e.g. 'make run PYTHON=python3.11'")
    if platform != "linux":
        stop("the bundled model server runs on Linux only: use Linux, or WSL 2 on Windows")
    if not library.is_file() or library.suffix == ".a":
        name = ".".join(map(str, version[:2]))
        stop(
            f"the model server needs libpython{name}.so, which this Python lacks: on Debian 'apt-get install "
            f"libpython{name}', otherwise a Python built with --enable-shared"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("this Python has no venv module: on Debian, 'apt-get install python3-venv'")


def stamp_of(files: list[Path], purpose: str) -> str:
    """Changes whenever the environment must be made again."""
    digest = hashlib.sha256(f"{purpose} {sys.version}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def make_environment(
    folder: Path,
    name: str,
    requirements: list[str],
    stamp: str,
    *,
    also_good: tuple[str, ...] = (),
    after: list[list[str]] | None = None,
    free_bytes: Callable[[], int] = lambda: shutil.disk_usage(ROOT).free,
) -> None:
    """Create or complete the environment unless its stamp says it is there. Exits with one line on failure."""
    marker = folder / STAMP
    if marker.is_file() and marker.read_text() in (stamp, *also_good):
        return
    if free_bytes() < NEEDED_MB * 1_000_000:
        stop(
            f"less than {NEEDED_MB} MB free on the disk of {ROOT.name}/: the {name} may not fit; free some space first"
        )
    python = folder / "bin" / "python"
    if not runs(python):
        shutil.rmtree(folder, ignore_errors=True)
        step(f"{name}: creating", [sys.executable, "-m", "venv", str(folder)])
    step(f"{name}: installing", [str(python), "-m", "pip", "install", "--progress-bar", "off", *requirements])
    for command in after or []:
        step(f"{name}: finishing", command)
    marker.write_text(stamp)


def runs(python: Path) -> bool:
    """Whether this interpreter is there and of our version."""
    try:
        check = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        return subprocess.run([str(python), "-c", check], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def step(name: str, command: list[str]) -> None:
    """Run a command with one line of progress; on failure, its reason in one line."""
    started = time.monotonic()
    output: list[str] = []
    show = threading.Event()
    ticker = threading.Thread(target=tick, args=(name, output, started, show), daemon=True)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        ticker.start()
        assert process.stdout is not None
        output.extend(line.rstrip() for line in process.stdout)
        code = process.wait()
    show.set()
    ticker.join()
    elapsed = time.monotonic() - started
    if code == 0:
        print(f"\r\033[K  ✓ {name} ({elapsed:.0f} s)" if sys.stdout.isatty() else f"  ok {name} ({elapsed:.0f} s)")
        return
    text = "\n".join(output)
    if "No space left" in text:
        stop(f"{name}: the disk is full; free about {NEEDED_MB} MB and run the command again")
    errors = [line for line in output if line.startswith("ERROR")] or output[-1:] or ["no output"]
    if any("No matching distribution" in line or "Connection" in line for line in output):
        stop(f"{name}: a package is missing from the package registry or it cannot be reached: {errors[-1]}")
    stop(f"{name}: {errors[-1]}")


_doing: dict[str, str] = {}
"""What each step is at, for the one line of a terminal."""


def tick(name: str, output: list[str], started: float, done: threading.Event) -> None:
    """Show what goes on: seconds, and the package at hand."""
    while not done.wait(0.5 if sys.stdout.isatty() else 15):
        packages = [
            line.split()[1] for line in list(output) if line.startswith("Collecting ") and len(line.split()) > 1
        ]
        doing = f" {packages[-1][:40]}" if packages else ""
        if output and output[-1].startswith("Installing"):
            doing = " unpacking"
        line = f"{name}: {time.monotonic() - started:.0f} s{doing}"
        if sys.stdout.isatty():
            _doing[name] = line
            print(
                f"\r\033[K  … {'; '.join(list(_doing.values()))}"[: shutil.get_terminal_size().columns],
                end="",
                flush=True,
            )
        else:
            print(f"  … {line}", flush=True)
    _doing.pop(name, None)


def stop(message: str) -> None:
    """One line to the user, and out."""
    print(f"\r\033[Kkefu: {message}" if sys.stderr.isatty() else f"kefu: {message}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("interrupted; run the command again to go on")
    except OSError as error:
        stop(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
