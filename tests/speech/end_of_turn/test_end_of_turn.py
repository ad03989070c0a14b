from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from inference_server.weights import is_ready
from speech.end_of_turn import END_OF_TURN_ENGINES, EndOfTurn, load_end_of_turn, required_weights
from speech.end_of_turn.smart_turn import SMART_TURN, log_mel
from speech.errors import ModelMissing
from speech.types import Samples


def test_off_needs_nothing() -> None:
    assert load_end_of_turn("off") is None
    assert required_weights("off") == ()


def test_an_unknown_model_names_those_that_exist() -> None:
    for call in (load_end_of_turn, required_weights):
        with pytest.raises(ValueError, match="'nope' does not exist; choose one of off, smart_turn"):
            call("nope")


@pytest.mark.parametrize("name", sorted(END_OF_TURN_ENGINES))
def test_a_model_needs_weights_with_checksums(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [weights] = required_weights(name)
    assert all(len(checksum) == 64 for checksum in weights.checksums.values())
    assert weights.licence
    monkeypatch.setenv("KEFU_CACHE", str(tmp_path))
    with pytest.raises(ModelMissing, match="kefu setup"):
        load_end_of_turn(name)


def sweep(seconds: int) -> Samples:
    """A rising tone that swells and fades."""
    t = np.arange(seconds * 16000) / 16000
    return (0.3 * np.sin(2 * np.pi * (200 + 300 * t) * t) * np.abs(np.sin(2 * np.pi * 1.5 * t))).astype(np.float32)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3, {(13, 553): 1.851, (15, 561): 1.609, (32, 695): 0.874, (13, 513): 0.086, (22, 206): -0.149}),
        (10, {(36, 14): 1.712, (70, 688): 1.542, (61, 382): 1.239, (73, 728): 0.055, (25, 432): -0.288}),
    ],
)
def test_the_features_are_those_of_the_package(seconds: int, expected: dict[tuple[int, int], float]) -> None:
    """``compute_whisper_log_mel_features`` of pipecat-ai 1.14.0 gave these values."""
    features = log_mel(sweep(seconds))
    assert features.shape == (80, 800)
    assert features.dtype == np.float32
    assert {at: pytest.approx(features[at], abs=1e-3) for at in expected} == expected


@pytest.fixture
async def model() -> AsyncIterator[EndOfTurn]:
    if not is_ready(SMART_TURN):
        pytest.skip("smart-turn is fetched only where it is configured")
    loaded = await asyncio.to_thread(load_end_of_turn, "smart_turn")
    assert loaded is not None
    yield loaded
    await loaded.close()


async def test_any_length_of_audio_has_a_probability(model: EndOfTurn) -> None:
    for seconds in (0, 1, 10):
        probability = await model.probability(sweep(seconds))
        assert probability is not None
        assert 0 <= probability <= 1


async def test_too_many_pauses_at_once_go_without(model: EndOfTurn) -> None:
    answers = await asyncio.gather(*[model.probability(sweep(1)) for _ in range(12)])
    assert None in answers
    assert sum(answer is not None for answer in answers) >= 4
    assert await model.probability(sweep(1)) is not None
