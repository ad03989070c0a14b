"""Debian's baresip, a softphone of other people's, calls the real gateway: a spoken question over RTP, its answer."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from speech.audio import read_wav, resample, speech_bounds_ms, write_wav
from tests.bench.gateway_process import GatewayProcess
from tests.bench.gateway_process import gateway as running_gateway
from tests.e2e.recordings import Recordings
from tests.gateway.free_ports import free_udp_port

pytestmark = pytest.mark.timeout(180)
MODULES = Path("/usr/lib/baresip/modules")
CONFIG = """
module_path {modules}
module stdio.so
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
audio_source aufile,{question}
audio_player aufile,{folder}/unused.wav
snd_path {folder}
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
audio_channels 1-1
"""


@pytest.fixture(scope="module")
def sip_gateway(weights: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GatewayProcess, int]]:
    """Answers SIP on a port of its own, for this machine."""
    port, rtp = free_udp_port(), free_udp_port()
    settings = {
        "SIP_PORT": str(port),
        "SIP_HOST": "127.0.0.1",
        "SIP_ALLOW": "127.0.0.0/8",
        "SIP_RTP_PORT": str(rtp),
        "SIP_RTP_PORT_LAST": str(rtp + 10),
    }
    with running_gateway(tmp_path_factory.mktemp("sip"), **settings) as process:
        yield process, port


def test_a_softphone_asks_and_hears_the_answer(
    sip_gateway: tuple[GatewayProcess, int], recordings: Recordings, tmp_path: Path
) -> None:
    if shutil.which("baresip") is None:
        pytest.skip("Debian's baresip-core is not installed")
    process, port = sip_gateway
    # The call begins with a greeting; the question comes after it, and then there is time for the answer.
    question = np.concatenate([np.zeros(16_000 * 6), recordings.samples["order"], np.zeros(16_000 * 12)])
    write_wav(tmp_path / "question.wav", resample(question.astype(np.float32), 16_000, 8000), 8000)
    (tmp_path / "config").write_text(
        CONFIG.format(
            modules=MODULES, question=tmp_path / "question.wav", folder=tmp_path, port=free_udp_port()
        ).lstrip()
    )
    (tmp_path / "accounts").write_text("<sip:13900000000@127.0.0.1>;regint=0;audio_codecs=PCMA\n")
    command = ["baresip", "-4", "-f", str(tmp_path), "-e", f"d sip:kefu@127.0.0.1:{port}", "-t", "22"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    log = process.log.read_text()
    # Whisper may take 什么时候到 for either question about the order.
    assert re.search(r"channel=sip .*intent=(order_status|logistics)", log), log[-2000:]
    heard = next(path for path in tmp_path.glob("dump-*-dec.wav"))
    samples, rate_hz = read_wav(heard)
    # The question ends at eight seconds or so; what sounds later is the answer.
    bounds = speech_bounds_ms(samples[round(8.5 * rate_hz) :], rate_hz)
    assert bounds is not None, "the answer is heard"
    assert bounds[1] - bounds[0] > 1000
