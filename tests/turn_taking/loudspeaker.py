"""The customer's loudspeaker: takes what a session sends, plays it in real time, keeps what was really audible.

::

    sent     AudioStart AudioOut AudioOut ...   Clear
    buffer   |--40 ms--|=========.........      dropped
    runs               |=====================|            one Run of contiguous sound

It behaves as the page does (gateway/web): a start delay, audio of another turn than the current one is dropped, a
``Clear`` stops at once. Pure: the caller gives the time, milliseconds on the microphone's clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from gateway import events as ev

START_DELAY_MS = 40.0
_SOUND_KEPT_RUNS = 8


@dataclass(slots=True)
class Run:
    """Sound of one turn without a gap."""

    turn_id: int
    start: int
    """Position on the speaker's sample clock."""
    pcm: bytearray = field(default_factory=bytearray)

    @property
    def end(self) -> int:
        """Position just after the last sample."""
        return self.start + len(self.pcm) // 2


class Loudspeaker:
    """Feed it events and the time; ``runs`` is what was heard."""

    def __init__(self, rate_hz: int) -> None:
        """``rate_hz`` of the audio it is sent."""
        self.rate_hz = rate_hz
        self.runs: list[Run] = []
        self._buffer: deque[tuple[int, bytes]] = deque()
        self._head = 0
        """Everything before this position has been played."""
        self._not_before = 0
        self._turn_id: int | None = None
        self._play_number = 0
        self._played_bytes = 0
        """Of the current turn since its last ``AudioStart``."""
        self._ended = False

    @property
    def turn_id(self) -> int | None:
        """Whose audio it takes now."""
        return self._turn_id

    @property
    def play(self) -> int:
        """``AudioStart.play`` of what it takes now."""
        return self._play_number

    @property
    def is_playing(self) -> bool:
        """Whether it holds audio that is not played yet."""
        return bool(self._buffer)

    @property
    def played_ms(self) -> float:
        """How much of the current turn has been played since its last ``AudioStart``."""
        return self._played_bytes / 2 * 1000 / self.rate_hz

    @property
    def is_finished(self) -> bool:
        """Whether the current turn was sent and played to its end."""
        return self._ended and not self._buffer

    def take(self, event: ev.Outbound, now_ms: float) -> None:
        """An event of the session arrives."""
        self.advance(now_ms)
        match event:
            case ev.AudioStart(turn_id, play=play):
                self._play_number = play
                self._turn_id, self._played_bytes, self._ended = turn_id, 0, False
                if not self._buffer:
                    self._not_before = self._position(now_ms + START_DELAY_MS)
            case ev.AudioOut(turn_id, _, pcm) if turn_id == self._turn_id and pcm:
                self._buffer.append((turn_id, pcm))
            case ev.AudioEnd(turn_id) if turn_id == self._turn_id:
                self._ended = True
            case ev.Clear(turn_id):
                self._ended = self._ended and not self._buffer
                self._buffer = deque(item for item in self._buffer if item[0] != turn_id)
                if turn_id == self._turn_id:
                    self._turn_id = None

    def advance(self, now_ms: float) -> None:
        """Play until now."""
        now = self._position(now_ms)
        while self._buffer and self._head < now:
            if self._head < self._not_before:
                self._head = min(self._not_before, now)
                continue
            turn_id, pcm = self._buffer.popleft()
            room = 2 * (now - self._head)
            if len(pcm) > room:
                self._buffer.appendleft((turn_id, pcm[room:]))
                pcm = pcm[:room]
            self._play(turn_id, pcm)
        self._head = max(self._head, now)

    def sound(self, from_ms: float, to_ms: float) -> bytes:
        """What was audible in this stretch of the past, zeros where nothing was."""
        first, last = self._position(from_ms), self._position(to_ms)
        heard = bytearray(2 * (last - first))
        for run in self.runs[-_SOUND_KEPT_RUNS:]:
            low, high = max(first, run.start), min(last, run.end)
            if low < high:
                heard[2 * (low - first) : 2 * (high - first)] = run.pcm[2 * (low - run.start) : 2 * (high - run.start)]
        return bytes(heard)

    def ms(self, position: int) -> float:
        """A sample position as milliseconds."""
        return position * 1000 / self.rate_hz

    def _position(self, ms: float) -> int:
        return round(ms * self.rate_hz / 1000)

    def _play(self, turn_id: int, pcm: bytes) -> None:
        last = self.runs[-1] if self.runs else None
        if last is None or last.turn_id != turn_id or last.end != self._head:
            last = Run(turn_id, self._head)
            self.runs.append(last)
        last.pcm += pcm
        self._head += len(pcm) // 2
        if turn_id == self._turn_id:
            self._played_bytes += len(pcm)
