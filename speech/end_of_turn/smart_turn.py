"""Smart Turn v3.2: does the melody of the last seconds say that the turn is over? (pipecat-ai, ONNX, BSD-2-Clause.)

The last 8 s of 16 kHz audio, silence before them where there is less, as Whisper's log-mel features [1, 80, 800]
of the samples with zero mean and unit variance. About 50 ms on one thread. On read speech it tells little
(AUC 0.63, whole sentences against cut ones), so it only ever lengthens a wait, and is off by default.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference_server.weights import Package, WeightSet, WeightsMissing, located
from speech.errors import ModelMissing
from speech.types import LISTEN_RATE_HZ, Samples

_LOG = logging.getLogger(__name__)

_FILE = "smart-turn-v3.2-cpu.onnx"
_WINDOW_S = 8
_WINDOW_SAMPLES = _WINDOW_S * LISTEN_RATE_HZ
_VARIANCE_FLOOR = 1e-7
_MOST_WAITING = 4

SMART_TURN = WeightSet(
    name="smart-turn",
    recipe=1,
    packages=(Package("pipecat-ai", "1.14.0", (f"*/{_FILE}",)),),
    checksums={_FILE: "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"},
    licence="BSD-2-Clause (Daily, Smart Turn v3.2; from the pipecat-ai package)",
    download_mb=12,
)


class SmartTurn:
    """``EndOfTurn``; shared by all sessions, one thread, at most four pauses waiting. Safe to cancel."""

    weights = SMART_TURN

    def __init__(self) -> None:
        """Load the model; blocks for about 0.2 s. Raises ``ModelMissing``."""
        self._session = _load()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="end-of-turn")
        self._pending = 0

    async def probability(self, samples: Samples) -> float | None:
        """See ``EndOfTurn``."""
        if self._pending > _MOST_WAITING:
            return None
        self._pending += 1
        future = self._pool.submit(self._judge, samples[-_WINDOW_SAMPLES:])
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def _judge(self, samples: Samples) -> float | None:
        try:
            outputs = self._session.run(None, {"input_features": log_mel(samples)[np.newaxis]})
        except Exception as error:  # noqa: BLE001 - whatever ONNX raises, silence and words still decide
            _LOG.warning("smart-turn failed (%s): it has no say in this pause", type(error).__name__)
            return None
        return float(outputs[0].reshape(-1)[0])

    async def close(self) -> None:
        """Wait for the run in progress, then release the model."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
        self._session = None

    def _done(self) -> None:
        self._pending -= 1


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Whisper's features [80, 800] of the last 8 s, as the model was trained on them."""
    window = samples[-_WINDOW_SAMPLES:]
    window = np.pad(window, (_WINDOW_SAMPLES - window.size, 0))
    window = (window - window.mean()) / np.sqrt(window.var() + _VARIANCE_FLOOR)
    features: NDArray[np.float32] = _feature_extractor()(window, padding=0)
    return features.astype(np.float32, copy=False)


@functools.lru_cache(maxsize=1)
def _feature_extractor() -> Any:
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor(feature_size=80, chunk_length=_WINDOW_S)


def _load() -> Any:
    import onnxruntime

    try:
        path = located(SMART_TURN) / _FILE
    except WeightsMissing as error:
        raise ModelMissing(str(error)) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
