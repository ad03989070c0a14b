"""The line to a customer whose audio we pace ourselves: outbound events in, one frame after the other out. Pure.

For channels that send in real time and whose far end holds next to nothing (RTP, WebRTC, AudioSocket): what was sent
has been played a moment later, so the line itself says what was played.

    take    |AudioStart|####AudioOut####|AudioEnd|            Clear drops what waits
    frame      |20|20|20|20|..silence.. |20|
    played                ^every 200 ms      ^at the end
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from gateway.events import AudioEnd, AudioOut, AudioStart, Clear, Outbound, Played

FRAME_MS = 20
_REPORT_MS = 200.0


@dataclass(slots=True)
class _Play:
    """The audio of one play that still waits, and how much of it has gone out."""

    turn_id: int
    play: int
    waiting: deque[bytes] = field(default_factory=deque)
    sent_bytes: int = 0
    whole_ms: float | None = None
    """Length of the play, once it is known; the bytes may be a few samples fewer, which resampling kept."""
    reported_ms: float = -_REPORT_MS


class PacedLine:
    """Call ``frame`` every 20 ms and ``played`` after it. ``delay_ms``: what the network and the far end take."""

    def __init__(self, rate_hz: int, delay_ms: float = 60.0) -> None:
        """``rate_hz`` of the audio that is taken and given, s16le mono."""
        self._bytes_per_ms = rate_hz * 2 / 1000
        self.frame_bytes = rate_hz * FRAME_MS // 1000 * 2
        self._delay_ms = delay_ms
        self._delay_frames = round(delay_ms / FRAME_MS)
        self._frames = 0
        self._plays: deque[_Play] = deque()
        self._ending: deque[tuple[int, Played]] = deque()
        """Plays that are out, and the frame after which they have been heard to their end."""

    def take(self, event: Outbound) -> None:
        """Learn of audio to come; other events are of no interest here."""
        match event:
            case AudioStart(turn_id, _, play):
                self._plays.append(_Play(turn_id, play))
            case AudioOut(_, _, pcm, play):
                if (current := self._find(play)) is not None and pcm:
                    current.waiting.append(pcm)
            case AudioEnd(_, duration_ms, play):
                if (current := self._find(play)) is not None:
                    current.whole_ms = duration_ms
            case Clear():
                self._plays.clear()
                self._ending.clear()
            case _:
                pass

    def _find(self, play: int) -> _Play | None:
        return next((known for known in self._plays if known.play == play), None)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to send but silence."""
        return not any(play.waiting for play in self._plays)

    def frame(self) -> bytes:
        """The next 20 ms, filled up with silence where nothing waits."""
        self._frames += 1
        out = bytearray()
        while len(out) < self.frame_bytes and (current := self._current()) is not None and current.waiting:
            piece = current.waiting.popleft()
            room = self.frame_bytes - len(out)
            if len(piece) > room:
                current.waiting.appendleft(piece[room:])
                piece = piece[:room]
            out += piece
            current.sent_bytes += len(piece)
        return bytes(out.ljust(self.frame_bytes, b"\0"))

    def _current(self) -> _Play | None:
        """The play that sounds. One that is out gives way to the next, and has been played a moment later."""
        while self._plays and self._plays[0].whole_ms is not None and not self._plays[0].waiting:
            out = self._plays.popleft()
            whole_ms = max(out.sent_bytes / self._bytes_per_ms, out.whole_ms or 0.0)
            self._ending.append((self._frames + self._delay_frames, Played(out.turn_id, whole_ms, out.play)))
        return self._plays[0] if self._plays else None

    def played(self) -> Played | None:
        """What is to be reported now, if anything."""
        if self._ending and self._ending[0][0] <= self._frames:
            return self._ending.popleft()[1]
        current = self._current()
        if current is None:
            return None
        ms = max(0.0, current.sent_bytes / self._bytes_per_ms - self._delay_ms)
        if ms - current.reported_ms < _REPORT_MS:
            return None
        current.reported_ms = ms
        return Played(current.turn_id, ms, current.play)
