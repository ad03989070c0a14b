"""Debian's chromium on the page, with a microphone that plays a recording, and the gateway's double behind it."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

from tests.fakes_gateway import GatewayDouble

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
RECORDING_RATE_HZ = 48_000
# What the loudspeaker does, and when, as the page itself reports it.
WATCH_PLAYOUT = """
window.playout = [];
document.addEventListener("kefu:playout", ({ detail }) =>
  window.playout.push({ ...detail, seenAt: performance.timeOrigin + performance.now() }));
"""
INFO = {
    "name": "青禾生活馆",
    "version": "0.1.0",
    "demo": {
        "customer": "林小雨",
        "order_number": "20486138",
        "say": ["我的订单什么时候到", "我想退货", "有没有适合送礼的茶具"],
    },
    "voice_licence": None,
}


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Ends with this folder: while it lives its event loop counts as running, and no async test can start."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as started:
        yield started


def recording() -> np.ndarray:
    """2.4 s at 48 kHz that echo cancellation and noise suppression take for a voice: three gliding syllables."""
    t = np.arange(int(2.4 * RECORDING_RATE_HZ)) / RECORDING_RATE_HZ
    pitch_hz = 150 + 25 * np.sin(2 * np.pi * 1.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RECORDING_RATE_HZ
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.zeros_like(t)
    for start_s, end_s in ((0.5, 0.85), (1.0, 1.3), (1.45, 1.9)):
        inside = (t >= start_s) & (t < end_s)
        syllables[inside] = np.sin(np.pi * (t[inside] - start_s) / (end_s - start_s))
    return (0.35 * voice * syllables * 32767 / np.max(np.abs(voice))).astype("<i2")


@pytest.fixture(scope="package")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """With a microphone, allowed. Each double has its own port, so tests share no storage."""
    path = tmp_path_factory.mktemp("microphone") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RECORDING_RATE_HZ, 0, "NONE", ""))
        file.writeframes(recording().tobytes())
    microphone = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    )
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *microphone])
    yield launched.new_context(locale="zh-CN")
    launched.close()


@pytest.fixture
def gateway() -> Iterator[GatewayDouble]:
    with GatewayDouble(INFO).running() as double:
        yield double


@pytest.fixture
def page(browser: BrowserContext, gateway: GatewayDouble) -> Iterator[Page]:
    """The page, loaded, in Chinese. The test fails when the page has logged an error."""
    yield from open_page(browser, gateway)


@pytest.fixture
def phone(browser: BrowserContext, gateway: GatewayDouble) -> Iterator[Page]:
    """The page on a small phone."""
    yield from open_page(browser, gateway, width=360, height=740)


def open_page(browser: BrowserContext, gateway: GatewayDouble, width: int = 1280, height: int = 860) -> Iterator[Page]:
    opened = browser.new_page()
    opened.set_viewport_size({"width": width, "height": height})
    wrong: list[str] = []
    # A refused fetch is logged by the browser itself; tests that refuse on purpose look at what the page makes of it.
    opened.on("console", lambda message: wrong.append(message.text) if is_ours(message.type, message.text) else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.add_init_script(WATCH_PLAYOUT)
    opened.goto(gateway.url)
    opened.wait_for_selector("#intro-say .chip")
    yield opened
    opened.close()
    assert not wrong


def is_ours(kind: str, text: str) -> bool:
    by_browser = "Failed to load resource" in text or "WebSocket connection to" in text
    return kind in {"error", "warning"} and not by_browser
