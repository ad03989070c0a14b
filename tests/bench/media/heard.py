"""Server side of the measurement: when each microphone frame had been through voice activity detection.

Both servers use it in the same way, so it costs both the same. Times are CLOCK_MONOTONIC, which processes share.
"""

from __future__ import annotations

import os
import signal
import time
from array import array
from pathlib import Path

import numpy as np

now_s = time.monotonic


class Heard:
    """One list of times per call, in the order in which calls were opened."""

    def __init__(self, file: Path) -> None:
        """``file``: where SIGTERM writes them (npz, one array per call); the process then ends at once."""
        self._file = file
        self._calls: list[array[float]] = []
        signal.signal(signal.SIGTERM, self._write)

    def call(self) -> array[float]:
        """The list of a new call; append ``now_s()`` to it for each frame."""
        times = array("d")
        self._calls.append(times)
        return times

    def _write(self, *_: object) -> None:
        np.savez(self._file, *[np.array(times) for times in self._calls])
        os._exit(0)
