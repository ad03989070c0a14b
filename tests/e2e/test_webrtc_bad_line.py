"""WebRTC over a line that loses 5 % and delays by up to 100 ms: chromium in a namespace, the real gateway."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from pypinyin import lazy_pinyin

from speech.audio import resample, write_wav
from tests.bench.gateway_process import GatewayProcess
from tests.bench.gateway_process import gateway as running_gateway
from tests.e2e import recordings as sound
from tests.e2e.bad_line import HERE, bad_line
from tests.e2e.page import CHROMIUM, ask_aloud, open_page
from tests.e2e.recordings import Recordings
from tests.fakes_gateway import wait_until
from tests.gateway.web.conftest import FLAGS, RECORDING_RATE_HZ

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
KEEP_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.connections.push(this); }
};
"""
INBOUND = """async () => {
  for (const stat of (await window.connections[0].getStats()).values())
    if (stat.type === "inbound-rtp" && stat.kind === "audio") return { ...stat };
  return null;
}"""


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    try:
        with bad_line(loss=0.05, jitter_ms=100) as namespace:
            yield namespace
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace with TUN devices can be made here: {error}")


@pytest.fixture(scope="module")
def far_gateway(line: str, weights: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with running_gateway(tmp_path_factory.mktemp("bad-line"), GATEWAY_HOST="0.0.0.0") as process:
        yield process


@pytest.fixture
def page(line: str, far_gateway: GatewayProcess, recordings: Recordings, tmp_path: Path) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    chromium = tmp_path / "chromium"
    chromium.write_text(f'#!/bin/sh\nexec ip netns exec {line} {CHROMIUM} "$@"\n')
    chromium.chmod(0o755)
    question = np.concatenate([np.zeros(16_000, np.float32), recordings.samples["order"]])
    write_wav(tmp_path / "question.wav", resample(question, 16_000, RECORDING_RATE_HZ), RECORDING_RATE_HZ)
    url = far_gateway.url.replace("127.0.0.1", HERE)
    flags = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={tmp_path / 'question.wav'}%noloop",
        f"--unsafely-treat-insecure-origin-as-secure={url}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *flags])
        yield open_page(browser, url, 1200, 800, [], script=KEEP_CONNECTIONS)
        browser.close()


def test_a_question_arrives_and_its_answer_is_heard(page: Page, far_gateway: GatewayProcess) -> None:
    ask_aloud(page)
    bubble = page.locator(".row-you .bubble:not(.live)")
    expect(bubble).to_be_visible(timeout=60_000)
    # Words suffer with the packets, but most of the syllables are there, in their order.
    said, heard_as = lazy_pinyin(sound.ORDER_QUESTION), lazy_pinyin(bubble.text_content() or "")
    kept = sum(block.size for block in SequenceMatcher(None, said, heard_as).get_matching_blocks())
    assert kept >= len(said) / 2, heard_as
    wait_until(lambda: page.evaluate("window.playout.some(e => e.type === 'finished')"), 60)
    heard: dict[str, Any] = page.evaluate(INBOUND)
    assert heard["totalAudioEnergy"] > 0
    assert heard["packetsLost"] > 0, "the line is bad"
    # What chromium had to make up. 5 % are lost for certain, and what comes later than it waits for is lost too.
    assert heard["concealedSamples"] / heard["totalSamplesReceived"] < 0.35
    assert "webrtc" in far_gateway.log.read_text()
