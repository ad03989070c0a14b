"""streamdouble's gates on our side of Twilio's stream: protocol, first audio, stalls, a bad line, a one-way stream.

The limits are ten times what a busy machine needs: they catch what is broken, not what is slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from streamdouble.api import EXIT_OK, EXIT_TIMEOUT, CallReport
from streamdouble.chaos import Impairments
from streamdouble.metrics import Threshold, compute, evaluate_thresholds
from streamdouble.scenario import Dtmf, Expect, Hangup, Step, Wait, WaitFor
from streamdouble.session import SessionResult

from tests.gateway.channels.test_twilio import SPEAK, house, simulated
from tests.gateway.doors import served

GATES = [
    Threshold("first audio", 5000, "time_to_first_audio_ms"),
    Threshold("stall within the greeting", 3000, "max_inbound_gap_ms"),
    # Sent far ahead of what is played, an interruption would clear seconds that nobody heard.
    Threshold("audio ahead of the caller", 5000, "playback_tail_ms"),
]


def judged(result: SessionResult, gates: Sequence[Threshold] = ()) -> CallReport:
    """As streamdouble's command line judges a call."""
    metrics = compute(result)
    return CallReport(result=result, metrics=metrics, thresholds=evaluate_thresholds(metrics, list(gates)))


async def placed(steps: Sequence[Step], gates: Sequence[Threshold] = (), **config: Any) -> CallReport:
    """One call to a house whose greeting lasts some seconds."""
    async with served(house(frames_per_character=12)) as door:
        return judged(await simulated(door, steps, **config), gates)


async def test_a_greeting_passes_all_gates() -> None:
    report = await placed([WaitFor("audio"), Wait(3.5), Expect("mark"), Expect("no_violations")], GATES)
    assert report.exit_code == EXIT_OK, report.to_dict()
    assert report.metrics.marks_echoed > 0
    assert report.metrics.unknown_events == []


async def test_a_gate_that_is_not_met_fails_the_call() -> None:
    """So that the gates above say something."""
    report = await placed([WaitFor("audio"), Wait(0.3)], [Threshold("first audio", 0.001, "time_to_first_audio_ms")])
    assert report.exit_code not in {EXIT_OK, EXIT_TIMEOUT}


@pytest.mark.parametrize(
    "line",
    [Impairments(loss=0.15), Impairments(loss=0.05, jitter_ms=10)],
    ids=lambda line: str(line.describe()),
)
async def test_a_bad_line_breaks_no_rule_and_interrupts_the_greeting_all_the_same(line: Impairments) -> None:
    steps = [WaitFor("audio"), Wait(0.5), SPEAK, WaitFor("clear"), Expect("clear"), Expect("no_violations"), Hangup()]
    report = await placed(steps, impairments=line)
    assert report.exit_code == EXIT_OK, report.to_dict()
    assert report.result.network is not None
    assert report.result.network.frames_considered > 0


async def test_a_line_that_stalls_before_each_frame_is_greeted_by_the_rules() -> None:
    """streamdouble waits a latency out frame by frame, so a second of the caller takes twenty."""
    report = await placed([WaitFor("audio"), Wait(0.1)], GATES, impairments=Impairments(latency_ms=400))
    assert report.exit_code == EXIT_OK, report.to_dict()
    assert report.metrics.pacing_late_frames > 0


async def test_a_key_stops_the_greeting() -> None:
    report = await placed([WaitFor("audio"), Wait(0.3), Dtmf("1"), WaitFor("clear"), Expect("clear"), Hangup()])
    assert report.exit_code == EXIT_OK, report.to_dict()


async def test_a_one_way_stream_is_sent_nothing() -> None:
    """A <Start><Stream> has no pass of ours, and audio on it would be against the protocol."""
    config = {"fork": True, "strict_fork": True, "tracks": ["inbound"], "given": {}, "response_timeout_s": 1}
    report = await placed([Wait(0.5)], **config)
    assert not report.violations
    assert not report.spoke
