from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from speech.asr.features import HOP, LogMel
from speech.types import Samples


def sound(seconds: float) -> Samples:
    return (np.random.default_rng(3).standard_normal(round(seconds * 16000)) * 0.1).astype(np.float32)


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("seconds", [0.01, 0.333, 2.0, 5.995])
@pytest.mark.parametrize("frames", [600, 1500])
def test_they_equal_those_of_faster_whisper_over_padded_samples(mels: int, seconds: float, frames: int) -> None:
    reference = FeatureExtractor(feature_size=mels)
    samples = sound(seconds)
    padded = np.pad(samples, (0, frames * HOP - samples.size))
    found = LogMel(reference.mel_filters)(samples, frames)
    np.testing.assert_allclose(found, reference(padded)[:, :frames], atol=2e-6)
    assert found.dtype == np.float32
    assert found.shape == (mels, frames)


def test_silence_and_audio_beyond_the_input() -> None:
    features = LogMel(FeatureExtractor().mel_filters)
    assert np.all(features(np.zeros(16000, np.float32), 300) == np.float32(-1.5))
    assert features(sound(4), 300).shape == (80, 300)
