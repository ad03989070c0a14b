"""What every call of the media benchmark says and hears, the same for both systems. Imports nothing of either.

microphone  |~~~~ speech 2.6 s ~~~~|.......... pause 5.4 s ............~~~~ speech ...
answer                                |====== 4.0 s =====|
call i begins at i/N of the cycle, so that the load is even
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

FRAME_MS = 20
MICROPHONE_HZ = 16_000
ANSWER_HZ = 24_000
SPEECH_MS = 2_600
CYCLE_MS = 8_000
ANSWER_MS = 4_000
TRANSCRIPT = "我的订单什么时候到"
REPLY = "您的包裹已经到了杭州"
ANSWER_FRAME = b"\x10\x00" * (ANSWER_HZ * FRAME_MS // 1000)
RECORDING = Path(__file__).parents[2] / "data" / "audio" / "zh_azure_season.wav"


def microphone_frames() -> list[bytes]:
    """One cycle of 20 ms frames, s16le: the beginning of a real recording, then a pause with a little noise."""
    with wave.open(str(RECORDING)) as file:
        assert (file.getframerate(), file.getnchannels()) == (MICROPHONE_HZ, 1)
        speech = np.frombuffer(file.readframes(MICROPHONE_HZ * SPEECH_MS // 1000), "<i2")
    cycle = np.random.default_rng(1).normal(0, 4, MICROPHONE_HZ * CYCLE_MS // 1000).astype("<i2")
    cycle[: speech.size] += speech
    size = MICROPHONE_HZ * FRAME_MS // 1000
    return [cycle[at : at + size].tobytes() for at in range(0, cycle.size, size)]
