"""The paced line: frames of 20 ms, reports, and what a barge-in leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.events import AudioEnd, AudioOut, AudioStart, Clear, Played
from gateway.paced import PacedLine

RATE = 8000
MS = 16  # bytes


def line_with(*pieces: bytes, is_whole: bool = True) -> PacedLine:
    line = PacedLine(RATE, delay_ms=60)
    line.take(AudioStart(1, RATE, 7))
    for piece in pieces:
        line.take(AudioOut(1, 0, piece, 7))
    if is_whole:
        line.take(AudioEnd(1, 0, 7))
    return line


@given(st.lists(st.integers(0, 70).map(lambda samples: bytes([1, 2]) * samples * 8), max_size=12))
def test_every_byte_goes_out_once_in_frames(pieces: list[bytes]) -> None:
    line, whole = line_with(*pieces), b"".join(pieces)
    frames = [line.frame() for _ in range(len(whole) // 320 + 2)]
    assert {len(frame) for frame in frames} == {320}
    assert b"".join(frames)[: len(whole)] == whole
    assert not any(b"".join(frames)[len(whole) :])


def test_silence_while_nothing_waits() -> None:
    line = PacedLine(RATE)
    assert line.is_idle
    assert line.frame() == bytes(320)
    assert line.played() is None


def test_reports_come_behind_what_was_sent_and_whole_at_the_end() -> None:
    line = line_with(bytes(500 * MS))
    reports = [(report.turn_id, report.ms, report.play) for report in drained(line, 40)]
    assert reports == [(1, 0.0, 7), (1, 200.0, 7), (1, 400.0, 7), (1, 500.0, 7)]


def drained(line: PacedLine, frames: int) -> list[Played]:
    reports = []
    for _ in range(frames):
        line.frame()
        if (report := line.played()) is not None:
            reports.append(report)
    return reports


def test_an_answer_that_waits_for_its_voice_is_not_over() -> None:
    line = line_with(bytes(20 * MS), is_whole=False)
    assert drained(line, 20) == [Played(1, 0.0, 7)]
    line.take(AudioEnd(1, 20.4, 7))
    assert drained(line, 2) == []
    assert drained(line, 2) == [Played(1, 20.4, 7)]


def test_a_barge_in_drops_what_waits_and_the_next_play_counts_anew() -> None:
    line = line_with(bytes([9]) * 500 * MS, is_whole=False)
    line.frame()
    line.take(Clear(1))
    assert line.frame() == bytes(320)
    line.take(AudioOut(1, 0, bytes([9]) * 320, 7))
    assert line.is_idle, "audio of the play that was cleared comes too late"
    line.take(AudioStart(1, RATE, 8))
    line.take(AudioOut(1, 0, bytes([5]) * 320, 8))
    line.take(AudioEnd(1, 20, 8))
    assert line.frame() == bytes([5]) * 320
    assert drained(line, 5) == [Played(1, 20.0, 8)]


def test_the_end_of_one_play_is_reported_while_the_next_sounds() -> None:
    line = line_with(bytes([1]) * 320)
    line.take(AudioStart(2, RATE, 8))
    line.take(AudioOut(2, 0, bytes([2]) * 320 * 10, 8))
    reports = drained(line, 8)
    assert Played(1, 20.0, 7) in reports
    assert {report.turn_id for report in reports} == {1, 2}
