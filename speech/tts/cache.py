"""Audio of fixed prompts on disk (greetings, apologies), so that they play at once. Bounded, atomic, shared.

Only what ``warm`` is given is ever written: replies to customers carry personal data and never reach the disk. One
WAV file a sentence, named by a hash of everything that shapes its sound; the least recently used go first.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import wave
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inference_server.weights import default_cache
from speech.speak import SpokenRequest
from speech.spoken_text import spoken_sentences
from speech.tts.streaming import Framer
from speech.types import AudioFrame, Language, TtsEngine

_VERSION = 1
"""Raised when engines or text normalisation change how a prompt sounds."""


@dataclass(frozen=True, slots=True)
class VoiceKey:
    """What tells one voice's audio from another's."""

    engine: str
    voice: str
    """Model name or path where the engine has several, otherwise empty."""
    speed: float


class PromptCache:
    """Keeps sentences of one voice. Safe to share between sessions and processes, safe to cancel."""

    def __init__(
        self, key: VoiceKey, folder: Path | None = None, *, max_bytes: int = 64 * 2**20, version: int = _VERSION
    ) -> None:
        self._key = key
        self._folder = folder or default_cache() / "prompts"
        self._max_bytes = max_bytes
        self._version = version

    async def find(self, spoken: str, language: Language) -> list[AudioFrame] | None:
        """20 ms frames of the spoken form ``spoken``, or None. A damaged file counts as absent."""
        return await asyncio.to_thread(self._read, self._path(spoken, language))

    async def warm(self, prompts: Iterable[SpokenRequest], tts: TtsEngine) -> int:
        """Synthesise and keep every sentence that is not there yet; returns how many were made.

        Raises ``TtsFailed``; a disk that cannot be written raises ``OSError``. Neither leaves half a file.
        """
        made = 0
        for prompt in prompts:
            for sentence in spoken_sentences(prompt.text, prompt.language):
                path = self._path(sentence.spoken, prompt.language)
                if await asyncio.to_thread(self._read, path) is not None:
                    continue
                frames = [frame async for frame in tts.synthesize(sentence.spoken, prompt.language)]
                if frames:
                    await asyncio.to_thread(self._write, path, frames)
                    made += 1
        return made

    def _path(self, spoken: str, language: Language) -> Path:
        key = self._key
        text = "\0".join([key.engine, key.voice, f"{key.speed:.3f}", str(self._version), language, spoken])
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.wav"

    def _read(self, path: Path) -> list[AudioFrame] | None:
        try:
            with wave.open(str(path), "rb") as file:
                if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                    return None
                rate_hz, pcm = file.getframerate(), file.readframes(file.getnframes())
                if not pcm or len(pcm) != file.getnframes() * 2:
                    return None
            os.utime(path)
        except (OSError, EOFError, wave.Error):
            return None
        framer = Framer(rate_hz)
        return [*framer.push_pcm(pcm), *framer.flush()]

    def _write(self, path: Path, frames: list[AudioFrame]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as raw, wave.open(raw, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(frames[0].rate_hz)
                file.writeframes(b"".join(frame.pcm for frame in frames))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        self._trim(keep=path)

    def _trim(self, keep: Path) -> None:
        """Delete the least recently used files until the folder is within its bound."""
        files = []
        for path in self._folder.glob("*.wav"):
            with suppress(OSError):  # another process may have deleted it
                entry = path.stat()
                files.append((entry.st_mtime_ns, entry.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files, key=lambda entry: entry[0]):
            if total <= self._max_bytes:
                return
            if path != keep:
                path.unlink(missing_ok=True)
                total -= size
