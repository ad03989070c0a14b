"""Softphones of other people call the real gateway: a spoken question over RTP, its answer, keys, the answer to those.

Debian's baresip (G.711, as from a trunk) and Linphone (Opus, RFC 4733 keys on its clock).
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dialogue.shop.demo import sample_order_number
from speech.audio import speech_bounds_ms, write_wav
from speech.types import Samples
from tests.bench.gateway_process import GatewayProcess
from tests.bench.gateway_process import gateway as running_gateway
from tests.e2e.recordings import Recordings
from tests.gateway.channels.sip.softphones import baresip, linphone, needs_baresip, needs_linphone
from tests.gateway.free_ports import free_sip_port, free_udp_port

pytestmark = pytest.mark.timeout(180)
_GREETING_S = 6.0
"""The call begins with a greeting; the question comes after it, and then there is time for the answer."""
_ANSWER_S = 8.5
"""The question ends before; what sounds later is the answer."""
_KEYS_S = 16.0


@pytest.fixture(scope="module")
def sip_gateway(weights: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayProcess, int]]:
    """Answers SIP on a port of its own, for this machine."""
    port, rtp = free_sip_port(), free_udp_port()
    settings = {
        "SIP_PORT": str(port),
        "SIP_HOST": "127.0.0.1",
        "SIP_ALLOW": "127.0.0.0/8",
        "SIP_RTP_PORT": str(rtp),
        "SIP_RTP_PORT_LAST": str(rtp + 10),
    }
    with running_gateway(tmp_path_factory.mktemp("sip"), **settings) as process:
        yield process, port


def asked(recordings: Recordings, seconds: float) -> Samples:
    """A microphone that says the question once."""
    before, question = np.zeros(int(16_000 * _GREETING_S)), recordings.samples["order"]
    after = np.zeros(max(0, int(16_000 * seconds) - before.size - question.size))
    return np.concatenate([before, question, after]).astype(np.float32)


def understood(process: GatewayProcess) -> list[str]:
    """Intents of the calls so far."""
    return re.findall(r"channel=sip .*intent=(\w+)", process.log.read_text())


def heard_as(process: GatewayProcess, folder: Path, heard: Samples, rate_hz: int) -> str:
    """What a recording says, by the gateway's own ears."""
    write_wav(folder / "answer.wav", heard, rate_hz)
    boundary = "answer-of-the-call"
    body = b"".join(
        [
            f'--{boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'.encode(),
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'.encode(),
            (folder / "answer.wav").read_bytes(),
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
    request = urllib.request.Request(
        f"{process.url}/v1/audio/transcriptions",
        data=body,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return str(json.load(response)["text"])


def spoken_between(heard: Samples, rate_hz: int, from_s: float, to_s: float) -> Samples:
    """The part of a recording in which the answer is; it must be heard."""
    part = heard[round(from_s * rate_hz) : round(to_s * rate_hz)]
    bounds = speech_bounds_ms(part, rate_hz)
    assert bounds is not None, "the answer is heard"
    assert bounds[1] - bounds[0] > 1000
    return part


@needs_baresip
async def test_baresip_asks_and_hears_the_answer(
    sip_gateway: tuple[GatewayProcess, int], recordings: Recordings, tmp_path: Path
) -> None:
    process, port = sip_gateway
    before = len(understood(process))
    said = asked(recordings, 22)
    heard, rate_hz = await baresip(tmp_path, port, said, codec="PCMA/8000/1", seconds=22)
    # Whisper may take 什么时候到 for either question about the order.
    assert set(understood(process)[before:]) & {"order_status", "logistics"}
    spoken_between(heard, rate_hz, _ANSWER_S, 22)


@needs_linphone
async def test_linphone_asks_hears_the_answer_and_gives_the_order_number_by_keys(
    sip_gateway: tuple[GatewayProcess, int], recordings: Recordings, tmp_path: Path
) -> None:
    process, port = sip_gateway
    before = len(understood(process))
    keys = [(_KEYS_S + place * 0.35, key) for place, key in enumerate(f"{sample_order_number()}#")]
    said = asked(recordings, 40)
    heard, rate_hz = await linphone(tmp_path, port, said, keys=keys, seconds=34)
    assert set(understood(process)[before:]) & {"order_status", "logistics"}
    assert len(understood(process)) - before == 2, "the question, and the number once"
    first = heard_as(process, tmp_path, spoken_between(heard, rate_hz, _ANSWER_S, _KEYS_S), rate_hz)
    assert re.search("[订定]单", first), "the number is asked for; Whisper may write its homophone"
    second = heard_as(process, tmp_path, spoken_between(heard, rate_hz, keys[-1][0], 40), rate_hz)
    assert re.search("四位|4位|尾号|手机", second), "the next question is heard to its end"
