"""``kefu say`` and ``kefu transcribe`` with the bundled engines: what is said is recognised again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from speech.audio import read_wav
from tests.gateway.cli.commands import one_line

RECORDING = Path(__file__).parents[2] / "data" / "audio" / "zh_azure_season.wav"
run = CliRunner().invoke


@pytest.mark.models
def test_what_is_said_is_recognised(tmp_path: Path) -> None:
    out = tmp_path / "said.wav"
    result = run(app, ["say", "您的订单明天下午送到。请问还有什么可以帮您？", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert set(said) == {"out", "duration_s", "first_audio_ms", "voice", "sentences"}
    assert said["sentences"] == 2
    assert said["voice"] == "fast"
    assert 2 < said["duration_s"] < 10
    assert 0 < said["first_audio_ms"] < 10_000
    samples, rate_hz = read_wav(out)
    assert samples.size / rate_hz == pytest.approx(said["duration_s"], abs=0.01)

    result = run(app, ["transcribe", str(out), "--json"])
    assert result.exit_code == 0, result.output
    heard = json.loads(result.stdout)
    assert set(heard) == {"text", "language", "confidence", "duration_s", "decode_ms", "alternatives"}
    assert heard["language"] == "zh"
    assert "订单" in heard["text"]
    assert "明天" in heard["text"]
    assert heard["duration_s"] == said["duration_s"]


@pytest.mark.models
def test_a_recording_as_plain_text() -> None:
    result = run(app, ["transcribe", str(RECORDING)])
    assert result.exit_code == 0, result.output
    assert len(result.stdout.strip().splitlines()) == 1
    assert len(result.stdout.strip()) > 4


@pytest.mark.models
def test_nothing_to_say_is_an_empty_recording(tmp_path: Path) -> None:
    result = run(app, ["say", "   ", "--out", str(tmp_path / "none.wav"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["duration_s"] == 0


def test_no_recording_is_one_line(tmp_path: Path) -> None:
    assert "absent.wav" in one_line(run(app, ["transcribe", str(tmp_path / "absent.wav")]))


@pytest.mark.models
def test_nowhere_to_write_is_one_line(tmp_path: Path) -> None:
    assert "cannot write a.wav" in one_line(run(app, ["say", "好", "--out", str(tmp_path / "none" / "a.wav")]))


def test_a_voice_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    runner = CliRunner(env={"KEFU_TTS_VOICE": "opera"})
    assert "opera" in one_line(runner.invoke(app, ["say", "好", "--out", str(tmp_path / "a.wav")]))
