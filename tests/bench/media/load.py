"""The load generator, a process of its own on its own core: N calls of 20 ms frames on absolute deadlines.

``python -m tests.bench.media.load SYSTEM PORT CALLS SECONDS PID FILE`` writes what it saw as npz. Frames are made
before the clock starts; one loop sends what is due and reads what has come (epoll). It notes how late it sent each
frame itself: that says whether the server or the generator was the limit.
"""

from __future__ import annotations

import select
import sys
import time
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

import numpy as np

from tests.bench.media.files import allow_many_files
from tests.bench.media.script import ANSWER_MS, FRAME_MS, microphone_frames
from tests.bench.media.wire import System, messages, microphone_message, opened, played_message

_FRAME_S = FRAME_MS / 1000
_LEAD_S = 0.5
"""Between the last call opened and the first frame."""
_REPORT_FRAMES = 12
"""Kefu's clients report playout about every 250 ms."""
_CPU_FRAMES = 50
"""The server's processor time is read every second."""
_EARLY_S = 0.0002
_READ_BYTES = 1 << 18


@dataclass(slots=True, eq=False)
class _Call:
    line: socket
    offset: int
    """Where in the cycle it begins, frames."""
    phase_s: float
    """When within 20 ms it sends."""
    waiting: bytearray = field(default_factory=bytearray)
    """What the server has not taken yet."""
    received: bytearray = field(default_factory=bytearray)
    turn_id: int = -1
    began_s: float = 0.0
    """When this turn's first audio came."""
    got_ms: float = 0.0
    answers: int = 0


class _Load:
    def __init__(self, system: System, calls: list[_Call], pid: int) -> None:
        self._system = system
        self._pid = pid
        self._calls = calls
        self._frames = [microphone_message(system, pcm) for pcm in microphone_frames()]
        self._poll = select.epoll()
        self._of = {call.line.fileno(): call for call in calls}
        for number in self._of:
            self._poll.register(number, select.EPOLLIN)
        self.sent_late_s = array("d")
        self.cpu = array("d")
        """Two a second: time, the server's processor time."""
        self.audio = array("d")
        """Four a message: arrival, the turn's first arrival, ms of the turn before it, its ms."""

    def run(self, start_s: float, seconds: float) -> None:
        """Send until ``seconds`` have passed."""
        now_s = time.monotonic
        for tick in range(int(seconds / _FRAME_S)):
            for call in self._calls:
                due_s = start_s + tick * _FRAME_S + call.phase_s
                while (wait_s := due_s - now_s()) > _EARLY_S:
                    self._read(wait_s)
                self._send(call, self._frames[(tick + call.offset) % len(self._frames)])
                self.sent_late_s.append(now_s() - due_s)
                if self._system == "kefu" and (tick + call.offset) % _REPORT_FRAMES == 0:
                    self._report(call)
            self._read(0)
            if tick % _CPU_FRAMES == 0:
                self.cpu.extend((now_s(), _cpu_s(self._pid)))

    def _send(self, call: _Call, data: bytes) -> None:
        if call.waiting:
            call.waiting += data
            data = bytes(call.waiting)
            call.waiting.clear()
        try:
            sent = call.line.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            call.waiting += data[sent:]

    def _report(self, call: _Call) -> None:
        played_ms = min(call.got_ms, (time.monotonic() - call.began_s) * 1000)
        if call.turn_id >= 0:
            self._send(call, played_message(call.turn_id, played_ms))
            if played_ms >= ANSWER_MS:
                call.turn_id = -1

    def _read(self, wait_s: float) -> None:
        # epoll counts whole milliseconds, rounded up: the last one is waited for by looking again.
        for number, _ in self._poll.poll(max(0.0, wait_s - 0.001)):
            call = self._of[number]
            try:
                chunk = call.line.recv(_READ_BYTES)
            except ConnectionError:
                chunk = b""
            if not chunk:
                raise SystemExit("the server closed a call")
            call.received += chunk
            self._take(call, time.monotonic())

    def _take(self, call: _Call, now_s: float) -> None:
        for audio in messages(self._system, call.received):
            if not audio.ms:
                continue
            if (audio.turn_id and audio.turn_id != call.turn_id) or call.got_ms >= ANSWER_MS or not call.began_s:
                call.turn_id, call.began_s, call.got_ms = audio.turn_id, now_s, 0.0
                call.answers += 1
            self.audio.extend((now_s, call.began_s, call.got_ms, audio.ms))
            call.got_ms += audio.ms


def _rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def _cpu_s(pid: int) -> float:
    """Processor time of a process, all its threads, to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def main() -> None:
    """Open the calls one after another, run them, write what was seen."""
    allow_many_files()
    system: System = "kefu" if sys.argv[1] == "kefu" else "pipecat"
    port, count, seconds, pid = int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
    cycle = len(microphone_frames())
    first = opened(system, port)
    time.sleep(0.5)
    empty_mb = _rss_mb(pid)
    lines = [first] + [opened(system, port) for _ in range(count - 1)]
    time.sleep(1.0)
    idle_mb = _rss_mb(pid)
    calls = [_Call(line, i * cycle // count, i * _FRAME_S / count) for i, line in enumerate(lines)]
    load = _Load(system, calls, pid)
    start_s, own_s = time.monotonic() + _LEAD_S, time.process_time()
    load.run(start_s, seconds)
    np.savez(
        sys.argv[6],
        start_s=start_s,
        end_s=time.monotonic(),
        phase_s=[call.phase_s for call in calls],
        answers=[call.answers for call in calls],
        unsent_bytes=sum(len(call.waiting) for call in calls),
        sent_late_s=np.array(load.sent_late_s),
        audio=np.array(load.audio).reshape(-1, 4),
        cpu=np.array(load.cpu).reshape(-1, 2),
        own_cpu_s=time.process_time() - own_s,
        empty_mb=empty_mb,
        idle_mb=idle_mb,
        talking_mb=_rss_mb(pid),
    )


if __name__ == "__main__":
    main()
