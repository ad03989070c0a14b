"""The playout regime of streams that buffer at the far end and acknowledge marks (Twilio and its kin). Pure.

    take    AudioOut|AudioOut|AudioEnd        Clear
    out     audio mark audio mark  mark       clear, and the names of all marks are forgotten
    echoed       ^Played     ^Played          (nothing: an echo after a clear says that it was thrown away)

A mark's name holds a generation, which each clear counts up, so an old echo is never taken for a new one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.events import AudioEnd, AudioOut, AudioStart, Clear, Outbound, Played

FRAME_MS = 20
MARK_MS = 200.0
"""Between two marks: as often as a browser reports."""
MOST_MARKS = 500
"""Outstanding; a far end that never echoes must not make us remember for ever."""


@dataclass(frozen=True, slots=True)
class SendAudio:
    """s16le at the stream's rate."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class SendMark:
    """To be echoed."""

    name: str


@dataclass(frozen=True, slots=True)
class SendClear:
    """The far end is to forget what it holds."""


Step = SendAudio | SendMark | SendClear


class FarEnd:
    """What was sent to one stream and how far it has been played."""

    def __init__(self, rate_hz: int, talk: int = 0) -> None:
        """``rate_hz`` of the stream; ``talk`` counts the sessions that it carried before this one."""
        self._bytes_per_ms = rate_hz * 2 / 1000
        self._generation = 1000 * talk
        self._count = 0
        self._marks: OrderedDict[str, Played] = OrderedDict()
        self._sent_bytes = 0
        """Of the play that runs."""
        self._frame_bytes = rate_hz * FRAME_MS // 1000 * 2
        self._rest = b""
        """Less than a frame, for the next message: some far ends drop what is no whole frame."""

    def take(self, event: Outbound) -> Sequence[Step]:
        """What to send for an event of the session; empty for what a telephone cannot show."""
        match event:
            case AudioStart():
                self._sent_bytes, self._rest = 0, b""
                return ()
            case AudioOut(turn_id, _, pcm, play) if pcm:
                return self._audio(turn_id, play, pcm)
            case AudioEnd(turn_id, duration_ms, play):
                rest, self._rest = self._rest, b""
                # The play is over with its last sample, of which resampling may have kept a few.
                end_ms = max(duration_ms, (self._sent_bytes + len(rest)) / self._bytes_per_ms)
                mark = self._mark(turn_id, play, end_ms)
                return (SendAudio(rest), mark) if rest else (mark,)
            case Clear():
                self._generation += 1
                self._marks.clear()
                return (SendClear(),)
            case _:
                return ()

    def _audio(self, turn_id: int, play: int, pcm: bytes) -> list[Step]:
        size = round(MARK_MS / FRAME_MS) * self._frame_bytes
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % self._frame_bytes
        self._rest = sound[whole:]
        steps: list[Step] = []
        for at in range(0, whole, size):
            piece = sound[at : min(at + size, whole)]
            self._sent_bytes += len(piece)
            steps += [SendAudio(piece), self._mark(turn_id, play, self._sent_bytes / self._bytes_per_ms)]
        return steps

    def _mark(self, turn_id: int, play: int, ms: float) -> SendMark:
        self._count += 1
        name = f"k{self._generation}.{self._count}"
        self._marks[name] = Played(turn_id, ms, play)
        if len(self._marks) > MOST_MARKS:
            self._marks.popitem(last=False)
        return SendMark(name)

    def echoed(self, name: str) -> Played | None:
        """What an echo tells; None for a mark that is not ours, or of before a clear. Marks before it were played."""
        played = self._marks.get(name)
        if played is None:
            return None
        while self._marks.popitem(last=False)[0] != name:
            pass
        return played
