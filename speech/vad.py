"""Voice activity: 16 kHz samples in, one speech probability per 32 ms window out (Silero VAD v6, ONNX).

The network is recurrent; all of its state (LSTM ``h`` and ``c``, the last 64 samples) is passed in and returned, so
one ONNX session serves every conversation.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from speech.errors import ModelMissing
from speech.types import LISTEN_RATE_HZ, Samples

WINDOW_SAMPLES = 512
WINDOW_MS = WINDOW_SAMPLES * 1000 / LISTEN_RATE_HZ
_CONTEXT_SAMPLES = 64
_STATE_SIZE = 128


class VadStream(Protocol):
    """Per-session voice activity. Not safe to share between sessions."""

    def push(self, samples: Samples) -> list[float]:
        """Probabilities (0..1) of the 512-sample windows that ``samples`` (float32, 16 kHz) completes."""
        ...


@dataclass(frozen=True, slots=True)
class VadState:
    """What the network remembers between windows."""

    h: NDArray[np.float32]
    """[1, 1, 128]"""
    c: NDArray[np.float32]
    """[1, 1, 128]"""
    context: Samples
    """The last 64 samples."""

    @staticmethod
    def initial() -> VadState:
        """Nothing heard yet."""
        zeros = np.zeros((1, 1, _STATE_SIZE), np.float32)
        return VadState(zeros, zeros, np.zeros(_CONTEXT_SAMPLES, np.float32))


class SileroVad:
    """The shared network. Raises ``ModelMissing`` when the model file is not installed."""

    def __init__(self) -> None:
        self._session = _load()

    def stream(self) -> SileroStream:
        """A stream for one session."""
        return SileroStream(self)

    def infer(self, windows: Samples, state: VadState) -> tuple[Samples, VadState]:
        """Probabilities [n] of consecutive windows [n, 512] of one stream, and its next state. 0.1 ms a window."""
        before = np.vstack([state.context, windows[:-1, -_CONTEXT_SAMPLES:]])
        probabilities, h, c = self._session.run(
            None, {"input": np.hstack([before, windows]), "h": state.h, "c": state.c}
        )
        # a copy: a view would keep the whole batch of windows alive
        return probabilities.reshape(-1), VadState(h, c, windows[-1, -_CONTEXT_SAMPLES:].copy())


class SileroStream:
    """``VadStream`` over the shared network; samples that fill no window wait for the next push."""

    def __init__(self, vad: SileroVad) -> None:
        self._vad = vad
        self._state = VadState.initial()
        self._rest: Samples = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> list[float]:
        """Probabilities of the windows that are now complete."""
        pending = np.concatenate([self._rest, samples])
        count = pending.size // WINDOW_SAMPLES
        self._rest = pending[count * WINDOW_SAMPLES :].copy()
        if not count:
            return []
        windows = pending[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES)
        probabilities, self._state = self._vad.infer(windows, self._state)
        return [float(p) for p in probabilities]


@functools.lru_cache(maxsize=1)
def _load() -> Any:
    import onnxruntime
    from faster_whisper.utils import get_assets_path

    path = Path(get_assets_path()) / "silero_vad_v6.onnx"
    if not path.is_file():
        raise ModelMissing(
            "silero_vad_v6.onnx is not in the faster-whisper package; run 'make setup' (or 'kefu setup')"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
