"""The bundled Triton inside the server environment: where it is, and how it must be started (reference: KServe v2,
Triton 2.51.0 from the nvidia-pytriton wheel). Nothing is started here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference_server.errors import LaunchError

_SETUP = "run 'make setup'"

# Run once in the server's Python. Located, not imported: importing pytriton takes seconds.
_ASK = """
import importlib.metadata as m, importlib.util as u, json, sys, sysconfig as s
pytriton = u.find_spec("pytriton")
numpy = u.find_spec("numpy")
print(json.dumps({
    "pytriton": pytriton and pytriton.submodule_search_locations[0],
    "libdir": s.get_config_var("LIBDIR"),
    "shared": bool(s.get_config_var("Py_ENABLE_SHARED")),
    "python": "%d.%d" % sys.version_info[:2],
    "numpy": numpy and m.version("numpy"),
}))
"""


def server_python() -> Path:
    """The server environment's Python: ``$KEFU_SERVER_PYTHON``, or ``.venv-server`` beside this package.

    Raises ``LaunchError`` when it is missing.
    """
    chosen = os.environ.get("KEFU_SERVER_PYTHON")
    python = Path(chosen) if chosen else Path(__file__).resolve().parent.parent / ".venv-server" / "bin" / "python"
    if not python.exists():
        raise LaunchError(f"the model server's Python environment is missing ({python}): {_SETUP}")
    return python


@dataclass(frozen=True, slots=True)
class Installation:
    """A Triton that can be started."""

    bin: Path
    """The server environment's ``bin``: model processes find their packages through it."""
    triton: Path
    """``tritonserver`` folder of the wheel: bin, backends, python_backend_stubs."""
    libraries: tuple[Path, ...]
    """For LD_LIBRARY_PATH: the wheel's own, and the one that holds the shared libpython."""
    python: str
    """Minor version, e.g. ``3.11``."""

    @property
    def executable(self) -> Path:
        """The server's binary."""
        return self.triton / "bin" / "tritonserver"

    def environment(self, base: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
        """Environment of the server process: ``base``, what Triton needs, then ``extra``."""
        libraries = [str(path) for path in self.libraries]
        if inherited := base.get("LD_LIBRARY_PATH"):
            libraries.append(inherited)
        cache = {"KEFU_CACHE": str(Path(base["KEFU_CACHE"]).absolute())} if base.get("KEFU_CACHE") else {}
        return {
            **{name: value for name, value in base.items() if name not in {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}},
            **cache,
            "LD_LIBRARY_PATH": ":".join(libraries),
            # The stub runs the first python3 of PATH; PYTHONPATH would be ignored.
            "PATH": f"{self.bin}:{base.get('PATH', '/usr/bin:/bin')}",
            # Idle OpenMP threads that spin make every other process five to ten times slower.
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_OFFLINE": "1",
            **extra,
        }

    def copy_backend(self, into: Path) -> None:
        """Put the python backend into ``into``/python, with the stub of this Python beside it (blocks)."""
        backend = self.triton / "backends" / "python"
        stub = self.triton / "python_backend_stubs" / self.python / "triton_python_backend_stub"
        for source in (*backend.glob("*.so"), *backend.glob("*.py"), stub):
            _copy(source, into / "python" / source.name)


def flags(
    *, repository: Path, backends: Path, socket: str, port: int, models: Sequence[str], shm_prefix: str
) -> list[str]:
    """Command line of ``tritonserver``: gRPC on a Unix socket alone, explicit models, nothing guessed."""
    return [
        f"--model-repository={repository}",
        f"--backend-directory={backends}",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in models),
        "--disable-auto-complete-config",
        "--model-load-thread-count=4",
        "--allow-http=false",
        "--allow-metrics=false",
        f"--grpc-address=unix:{socket}",
        f"--grpc-port={port}",
        "--exit-timeout-secs=5",
        f"--backend-config=python,shm-region-prefix-name={shm_prefix}",
    ]


async def locate(python: Path) -> Installation:
    """Ask the server's Python where its Triton is. Raises ``LaunchError`` with what to do."""
    try:
        process = await asyncio.create_subprocess_exec(
            python, "-I", "-c", _ASK, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise LaunchError(f"the model server's Python environment is missing ({python}): {_SETUP}") from error
    out, err = await process.communicate()
    if process.returncode != 0:
        raise LaunchError(f"{python} does not run: {err.decode(errors='replace').strip()[-300:]}")
    return _checked(python, json.loads(out))


def _checked(python: Path, found: Mapping[str, str]) -> Installation:
    if not found["pytriton"]:
        raise LaunchError(f"{python} has no nvidia-pytriton: {_SETUP}")
    if not found["numpy"] or int(found["numpy"].split(".")[0]) >= 2:
        raise LaunchError(f"{python} has numpy {found['numpy']}, Triton's models need numpy < 2: {_SETUP}")
    triton = Path(found["pytriton"]) / "tritonserver"
    if not (triton / "python_backend_stubs" / found["python"]).exists():
        raise LaunchError(f"the bundled Triton knows no Python {found['python']}: use Python 3.11 or 3.12")
    if not found["shared"]:
        raise LaunchError(
            f"{python} has no shared libpython{found['python']}.so, which Triton needs: use the system's python3 with "
            f"libpython{found['python']}, or a pyenv Python built with --enable-shared"
        )
    libraries = (Path(found["pytriton"]).parent / "nvidia_pytriton.libs", Path(found["libdir"]))
    return Installation(python.parent.absolute(), triton, libraries, found["python"])


def _copy(source: Path, target: Path) -> None:
    """A real copy (Triton refuses links that leave the folder), atomic (a running stub is 'Text file busy')."""
    wanted = source.stat()
    if target.exists() and (target.stat().st_size, target.stat().st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copy2(source, partial)
    partial.replace(target)
