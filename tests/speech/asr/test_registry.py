from __future__ import annotations

from pathlib import Path

import pytest

from speech.asr import ASR_ENGINES, AsrOptions, load_asr, required_weights
from speech.asr.faster_whisper import WHISPER_BASE
from speech.errors import ModelMissing


def test_an_unknown_engine_names_those_that_exist() -> None:
    for call in (load_asr, required_weights):
        with pytest.raises(ValueError, match="'nope' does not exist; choose one of faster_whisper"):
            call(AsrOptions(engine="nope"))


@pytest.mark.parametrize("engine", sorted(ASR_ENGINES))
def test_the_bundled_model_needs_weights_with_checksums(engine: str) -> None:
    needed = required_weights(AsrOptions(engine=engine))
    assert needed
    for weights in needed:
        assert all(len(checksum) == 64 for checksum in weights.checksums.values())
        assert weights.licence


def test_a_directory_needs_no_download(tmp_path: Path) -> None:
    assert required_weights(AsrOptions(model=str(tmp_path))) == ()


def test_a_directory_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelMissing, match=r"missing: model\.bin, tokenizer\.json"):
        load_asr(AsrOptions(model=str(tmp_path)))


def test_weights_that_were_never_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_CACHE", str(tmp_path))
    with pytest.raises(ModelMissing, match="make setup"):
        load_asr(AsrOptions())


def test_every_file_of_the_bundled_model_is_checked() -> None:
    assert set(WHISPER_BASE.checksums) == {
        "model.bin.part1", "model.bin.part2", "config.json", "tokenizer.json", "vocabulary.txt",
    }  # fmt: skip
