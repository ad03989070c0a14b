"""A voice for tests: a character is a fixed number of 20 ms frames; it records what it was asked and how far it got."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from speech.errors import TtsFailed
from speech.types import AudioFrame, Language, TtsCapabilities

RATE_HZ = 8_000
FRAME_MS = 20

_CAPABILITIES = TtsCapabilities(languages=frozenset({"zh", "en"}), rate_hz=RATE_HZ, commercial_use=True, licence="test")


@dataclass
class FakeTts:
    """``TtsEngine``. Frame ``n`` of a text holds the sample value ``n``, so that order and repeats can be seen."""

    frames_per_character: int = 2
    fail: dict[str, list[int]] = field(default_factory=dict)
    """Text to the frame counts after which its successive attempts break; no entry left: it succeeds."""
    events: list[tuple[str, str]] = field(default_factory=list)
    """("start" | "end" | "closed", text) in the order they happened."""
    produced: int = 0
    """Frames handed out over all texts."""
    closed: bool = False
    capabilities: TtsCapabilities = _CAPABILITIES

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """Frames of ``text``; breaks where ``fail`` says so."""
        self.events.append(("start", text))
        attempts = self.fail.get(text, [])
        breaks_after = attempts.pop(0) if attempts else None
        finished = False
        try:
            for number in range(len(text) * self.frames_per_character):
                if number == breaks_after:
                    raise TtsFailed("the fake voice broke")
                pcm = number.to_bytes(2, "little") * (RATE_HZ * FRAME_MS // 1000)
                self.produced += 1
                yield AudioFrame(pcm, RATE_HZ, number * FRAME_MS)
            finished = True
        finally:
            self.events.append(("end" if finished else "closed", text))

    async def close(self) -> None:
        """Nothing to release."""
        self.closed = True
