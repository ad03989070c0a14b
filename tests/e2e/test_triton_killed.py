"""The model server dies under a conversation: every turn is answered all the same, and the server comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress

import pytest

from dialogue.shop.demo import sample_order_number
from speech.audio import first_audible_ms
from tests.bench.gateway_process import GatewayProcess
from tests.e2e.customer import OUTPUT_RATE_HZ, Line, Message, digits, is_ready, say
from tests.e2e.recordings import ORDER_INTENTS, ORDER_QUESTION, Recordings
from tests.triton_process import command_line, descendants

ORDER = sample_order_number()
BACK_WITHIN_S = 30.0
"""Generous: a machine that runs other tests too. What it took is printed."""


def the_process(gateway: GatewayProcess, *, runs: str) -> int:
    """The one below the gateway whose command line has these words."""
    (pid,) = [pid for pid in descendants(gateway.pid) if runs in command_line(pid)]
    return pid


def server(gateway: GatewayProcess) -> int:
    return the_process(gateway, runs="bin/tritonserver ")


def ask(gateway: GatewayProcess, conversation: str) -> Message:
    """The order question, in writing; right whoever understood it."""
    answer = say(gateway.url, ORDER_QUESTION, conversation)
    assert answer["intent"] in ORDER_INTENTS
    assert ORDER in digits(answer["text"])
    return answer


def until_served_by_triton(gateway: GatewayProcess, conversation: str) -> float:
    """Seconds until a turn was; all before it are answered."""
    started = time.monotonic()
    while (answer := ask(gateway, conversation))["degraded"]:
        assert answer["classifier"] == "keyword"
        assert time.monotonic() - started < BACK_WITHIN_S, "Triton did not come back"
        time.sleep(0.1)
    assert answer["classifier"] == "triton"
    return time.monotonic() - started


def test_a_conversation_goes_on_without_triton_and_with_it_again(gateway: GatewayProcess) -> None:
    assert not ask(gateway, "e2e-killed")["degraded"]
    killed = server(gateway)
    os.kill(killed, signal.SIGKILL)
    answer = ask(gateway, "e2e-killed")
    assert answer["degraded"]
    assert answer["classifier"] == "keyword"
    assert answer["turn_id"] == 2
    print(f"\nTriton served again {until_served_by_triton(gateway, 'e2e-killed'):.1f} s after it was killed")
    assert server(gateway) != killed
    assert is_ready(gateway.url)


@pytest.mark.timeout(180)
async def test_a_caller_is_answered_aloud_when_triton_dies_in_the_turn(
    gateway: GatewayProcess, recordings: Recordings
) -> None:
    async with Line.open(gateway.url) as line:
        line.speak(recordings.samples["order"])
        await line.until("speech_started")
        # The turn is understood before the speech has ended, so Triton falls silent while the customer speaks.
        dying = server(gateway)
        os.kill(dying, signal.SIGSTOP)
        understood = await line.until("understood")
        assert understood["degraded"]
        with suppress(ProcessLookupError):  # its supervisor may have been quicker
            os.kill(dying, signal.SIGKILL)
        reply = await line.until("reply")
        assert ORDER in digits(reply["text"])
        await line.until("audio", lambda message: message["turn_id"] == reply["turn_id"])
        await asyncio.sleep(1)
        assert first_audible_ms(line.heard(reply["turn_id"]), OUTPUT_RATE_HZ) is not None
        assert not [message for _, message in line.messages if message["type"] == "error"]
    await asyncio.to_thread(until_served_by_triton, gateway, "e2e-killed-aloud")


def test_a_model_process_that_dies_is_started_again(gateway: GatewayProcess) -> None:
    triton, killed = server(gateway), the_process(gateway, runs="/intent/1/model.py")
    os.kill(killed, signal.SIGKILL)
    ask(gateway, "e2e-stub")
    print(f"\nthe intent model answered again {until_served_by_triton(gateway, 'e2e-stub'):.1f} s after it was killed")
    assert the_process(gateway, runs="/intent/1/model.py") != killed
    assert server(gateway) == triton, "one model is healed without the others"
