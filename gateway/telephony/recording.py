"""Call recording: both sides of a call as a WAV file of two channels (left caller, right Kefu), only with consent.

    caller  |20 ms|20 ms|20 ms|        the clock of the recording is the caller's sound
    Kefu    |  0  |#####|#####|  0     what was sent, played at that clock; what was cleared never sounded

Consent is what the dialogue state says at each moment; see ``dialogue.menu``. Files are readable by their owner only.
"""

from __future__ import annotations

import os
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from dialogue.state import DialogueState
from gateway import log

_WRITE_BYTES = 64_000
"""Written to the file at once: 2 s of a call at 8 kHz."""
_MOST_WAITING_BYTES = 20 * 48_000 * 2
"""Of Kefu's sound that has not been played; no voice is that far ahead."""
Consents = Callable[[DialogueState], bool]


class Recorder(Protocol):
    """Is told the sound of a call, s16le at one rate. A context: leaving it closes the file, come what may."""

    def caller(self, pcm: bytes, state: DialogueState) -> None:
        """Sound of the caller; ``state`` says whether it may be kept."""
        ...

    def agent(self, pcm: bytes) -> None:
        """Sound of ours, sent now, played after what was sent before."""
        ...

    def clear(self) -> None:
        """What has not been played never will be."""
        ...

    def __enter__(self) -> Self:
        """Nothing is opened before there is something to keep."""
        ...

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        ...


class NoRecorder:
    """Calls are not recorded."""

    def caller(self, pcm: bytes, state: DialogueState) -> None:
        """See ``Recorder``."""

    def agent(self, pcm: bytes) -> None:
        """See ``Recorder``."""

    def clear(self) -> None:
        """See ``Recorder``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


NO_RECORDER = NoRecorder()


class Interleaver:
    """Two sounds on one clock, as samples left, right, left, right. Pure; bounded."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def agent(self, pcm: bytes) -> None:
        """To be played after what waits."""
        room = _MOST_WAITING_BYTES - len(self._waiting)
        self._waiting += pcm[: max(0, room)]

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def caller(self, pcm: bytes) -> bytes:
        """Both channels of this stretch of time."""
        left = np.frombuffer(pcm[: len(pcm) & ~1], "<i2")
        right = np.zeros_like(left)
        ours = np.frombuffer(bytes(self._waiting[: left.nbytes & ~1]), "<i2")
        del self._waiting[: ours.nbytes]
        right[: ours.size] = ours
        return np.stack([left, right], axis=1).astype("<i2").tobytes()


class CallRecorder:
    """One call's file, made when the first sound may be kept. A disk that fails ends the recording, not the call."""

    def __init__(self, path: Path, rate_hz: int, consents: Consents) -> None:
        """``path`` must not exist yet."""
        self._path = path
        self._rate_hz = rate_hz
        self._consents = consents
        self._tape = Interleaver()
        self._waiting = bytearray()
        self._file: wave.Wave_write | None = None
        self._broken = False

    def caller(self, pcm: bytes, state: DialogueState) -> None:
        """See ``Recorder``."""
        both = self._tape.caller(pcm)
        if self._broken or not self._consents(state):
            return
        self._waiting += both
        if len(self._waiting) >= _WRITE_BYTES:
            self._write()

    def agent(self, pcm: bytes) -> None:
        """See ``Recorder``."""
        self._tape.agent(pcm)

    def clear(self) -> None:
        """See ``Recorder``."""
        self._tape.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _write(self) -> None:
        """64 kB into the page cache, every two seconds: shorter than a switch to a thread is worth."""
        data, self._waiting = bytes(self._waiting), bytearray()
        try:
            if self._file is None:
                self._file = self._open()
            self._file.writeframesraw(data)
        except OSError as error:
            self._broken = True
            log.logger().error("recording stopped", code="recording_failed", error=error.strerror or "")

    def _open(self) -> wave.Wave_write:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        raw = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        file = wave.open(raw, "wb")  # noqa: SIM115 - open as long as the call
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(self._rate_hz)
        return file

    def _end(self) -> None:
        if self._waiting and not self._broken:
            self._write()
        file, self._file = self._file, None
        if file is None:
            return
        raw = file._file  # type: ignore[attr-defined]
        try:
            file.close()  # patches the length into the header
        except OSError:
            self._broken = True
        finally:
            raw.close()
