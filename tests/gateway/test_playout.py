"""What the customer has heard: reports, our clock between them, and clients that stop reporting."""

from __future__ import annotations

import asyncio

import pytest

from gateway.playout import ReportedPlayout


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def playout(clock: Clock) -> ReportedPlayout:
    """Two sentences of a second each, sent at once."""
    made = ReportedPlayout(clock)
    made.begin()
    made.sent(0, "您的包裹到了杭州。", 0, 1000)
    made.sent(1, "预计明天送达。", 1000, 2000)
    return made


def test_of_a_client_that_reports_only_what_it_reported_is_heard(playout: ReportedPlayout, clock: Clock) -> None:
    playout.report(0)
    clock.now = 0.5
    assert playout.speaking
    assert playout.heard() == ("", False)


def test_a_client_that_never_reports_is_taken_to_play_in_real_time(playout: ReportedPlayout, clock: Clock) -> None:
    playout.finish()
    clock.now = 1.2
    assert playout.heard() == ("您的包裹到了杭州。", False)
    clock.now = 2.2
    assert playout.heard() == ("您的包裹到了杭州。 预计明天送达。", True)


def test_whole_sentences_and_the_share_of_the_cut_one(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 1.6
    playout.report(1500)
    assert playout.heard() == ("您的包裹到了杭州。 预计明", False)
    assert playout.sentence_start_ms(1500) == 1000


def test_all_is_heard_when_all_was_reported_after_the_end(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 2.2
    playout.report(2000)
    assert playout.speaking, "more may come until the turn is finished"
    playout.finish()
    assert not playout.speaking
    assert playout.heard() == ("您的包裹到了杭州。 预计明天送达。", True)


def test_a_report_cannot_run_ahead_of_time_or_of_what_was_sent(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 0.5
    playout.report(99_999)
    assert playout.played_ms <= 500


def test_a_client_that_never_reports_loses_the_floor(playout: ReportedPlayout, clock: Clock) -> None:
    playout.finish()
    clock.now = 2.0
    assert playout.speaking
    clock.now = 4.0
    assert not playout.speaking


def test_flush_ends_speaking(playout: ReportedPlayout) -> None:
    playout.flush()
    assert not playout.speaking


def test_what_was_heard_is_still_known_after_a_flush(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 1.6
    playout.report(1500)
    playout.flush()
    clock.now = 3.0
    assert playout.heard() == ("您的包裹到了杭州。 预计明", False)


def test_a_second_play_counts_from_where_it_begins(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 1.6
    playout.report(1500)
    assert playout.flush() == 1500
    playout.begin_play(2, 1000)
    clock.now = 5.0
    playout.sent(1, "预计明天送达。", 1000, 2000)
    playout.report(1500, play=1)
    assert playout.played_ms == 1000, "a report of the play before comes too late"
    assert playout.heard() == ("您的包裹到了杭州。 预计明", False), "what was heard before is not forgotten"
    clock.now = 5.8
    playout.report(800, play=2)
    assert playout.heard() == ("您的包裹到了杭州。 预计明天送", False)
    playout.finish()
    clock.now = 6.1
    playout.report(1000, play=2)
    assert playout.heard() == ("您的包裹到了杭州。 预计明天送达。", True)
    assert not playout.speaking


def test_what_just_sounded_is_known_to_a_few_characters(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 1.6
    playout.report(1500)
    assert playout.just_sounded(100) == "预计明天送达。"
    assert playout.words_between(0, 100) == "您的包裹"
    assert playout.words_between(900, 1000) == "了杭州。 预计明天"
    playout.flush()
    assert playout.just_sounded(100) == "预计明天送达。"
    playout.begin()
    assert playout.just_sounded(600) == ""


def test_a_report_rounded_to_milliseconds_ends_the_speech(playout: ReportedPlayout, clock: Clock) -> None:
    playout.sent(1, "预计明天送达。", 1000, 2000.4)
    playout.finish()
    clock.now = 2.2
    playout.report(2000)
    assert not playout.speaking


def test_lead_is_what_is_not_yet_played(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 1.08
    assert playout.lead_ms == pytest.approx(1000)
    playout.report(1200)
    assert playout.lead_ms == pytest.approx(800)


async def test_until_returns_when_the_report_comes() -> None:
    loop = asyncio.get_running_loop()
    playout = ReportedPlayout(loop.time)
    playout.begin()
    playout.sent(0, "好。", 0, 50)
    playout.finish()
    waiting = asyncio.create_task(playout.until(0))
    await asyncio.sleep(0.06)
    assert not waiting.done()
    playout.report(50)
    await asyncio.wait_for(waiting, 0.5)


def test_what_sounds_now_is_known_between_reports(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 0.5
    assert playout.sounding == (0, pytest.approx(420))
    playout.report(300)
    assert playout.sounding == (0, pytest.approx(300))
    clock.now = 0.6
    assert playout.sounding == (0, pytest.approx(400))
    assert playout.played_ms == 300


def test_the_next_play_is_as_late_as_the_last(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 0.5
    playout.report(300)
    playout.flush()
    assert playout.sounding is None
    playout.begin_play(2, 300)
    assert playout.sounding is None
    clock.now = 2.0
    playout.sent(0, "", 300, 1000)
    clock.now = 2.6
    assert playout.sounding == (300, pytest.approx(700))


def test_a_report_of_the_end_says_nothing_of_the_delay(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 5.0
    playout.report(2000)
    playout.begin_play(2, 0)
    playout.sent(0, "", 0, 1000)
    clock.now = 5.5
    assert playout.sounding == (0, pytest.approx(420))


def test_a_truncation_says_where_the_play_stopped(playout: ReportedPlayout, clock: Clock) -> None:
    clock.now = 1.78
    playout.flush()
    playout.truncated(1200, 0)
    assert playout.heard() == ("您的包裹到了杭州。 预", False)
    playout.truncated(5000, 0)
    assert playout.heard() == ("您的包裹到了杭州。 预", False), "never more than our clock allows"
    playout.truncated(0, 7)
    assert playout.heard() == ("您的包裹到了杭州。 预", False), "of another play"
