from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speech.audio import read_audio, resample
from speech.types import Samples
from speech.vad import WINDOW_SAMPLES, SileroVad, VadState

DATA = Path(__file__).parents[1] / "data" / "audio"


def recording(name: str) -> Samples:
    samples, rate = read_audio(DATA / name)
    return resample(samples, rate, 16000)


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    return SileroVad()


@pytest.mark.parametrize("name", ["en_azure_weather.wav", "en_azure_weather_8k.wav", "zh_azure_season.wav"])
def test_speech_is_heard(vad: SileroVad, name: str) -> None:
    probabilities = vad.stream().push(recording(name))
    assert max(probabilities) > 0.75
    assert 0.25 < np.mean(np.array(probabilities) > 0.5) < 0.95


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
def test_no_speech_is_heard_in(vad: SileroVad, kind: str) -> None:
    count = 3 * 16000
    samples = {
        "silence": np.zeros(count),
        "noise": np.random.default_rng(1).standard_normal(count) * 0.1,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(count) / 16000),
    }[kind]
    assert max(vad.stream().push(samples.astype(np.float32))) < 0.5


def test_how_a_stream_is_cut_makes_no_difference(vad: SileroVad) -> None:
    samples = recording("zh_azure_season.wav")
    pieces = vad.stream()
    cut = [p for at in range(0, samples.size, 333) for p in pieces.push(samples[at : at + 333])]
    whole = vad.stream().push(samples)
    assert len(whole) == samples.size // WINDOW_SAMPLES
    np.testing.assert_allclose(cut, whole, atol=1e-5)


def test_sessions_share_the_network_but_no_state(vad: SileroVad) -> None:
    samples = recording("en_azure_weather.wav")
    one, other = vad.stream(), vad.stream()
    heard = []
    for at in range(0, samples.size, 320):
        heard += one.push(samples[at : at + 320])
        other.push(np.zeros(320, np.float32))
    np.testing.assert_allclose(heard, vad.stream().push(samples), atol=1e-5)


def test_state_goes_in_and_comes_out(vad: SileroVad) -> None:
    windows = recording("en_azure_weather.wav")[: 20 * WINDOW_SAMPLES].reshape(20, WINDOW_SAMPLES)
    first, state = vad.infer(windows[:10], VadState.initial())
    second, _ = vad.infer(windows[10:], state)
    whole, _ = vad.infer(windows, VadState.initial())
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-5)
