"""The customer's page in Debian's chromium, with a microphone that plays a recording once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright

from speech.audio import resample, write_wav
from speech.types import LISTEN_RATE_HZ, Samples
from tests.gateway.web.conftest import CHROMIUM, FLAGS, RECORDING_RATE_HZ, WATCH_PLAYOUT, is_ours

__all__ = ["CHROMIUM", "ask_aloud", "open_page", "with_microphone", "write"]

_LEAD_IN_S = 0.8
"""The browser's echo and noise suppression settle in this time."""


def with_microphone(playwright: Playwright, speech: Samples, folder: Path) -> Browser:
    """A browser whose microphone is allowed and plays ``speech`` (16 kHz) when it is opened, then silence."""
    path = folder / "microphone.wav"
    lead_in = np.zeros(int(_LEAD_IN_S * LISTEN_RATE_HZ), np.float32)
    write_wav(path, resample(np.concatenate([lead_in, speech]), LISTEN_RATE_HZ, RECORDING_RATE_HZ), RECORDING_RATE_HZ)
    microphone = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    )
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *microphone])


def open_page(browser: Browser, url: str, width: int, height: int, wrong: list[str], script: str = "") -> Page:
    """The page, loaded, in Chinese; ``wrong`` receives what it logs as an error. ``script`` runs before it."""
    page = browser.new_page(locale="zh-CN", viewport={"width": width, "height": height})

    def listen(message: ConsoleMessage) -> None:
        if is_ours(message.type, message.text):
            wrong.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.add_init_script(WATCH_PLAYOUT + script)
    page.goto(url)
    page.wait_for_selector("#intro-say .chip")
    return page


def ask_aloud(page: Page) -> None:
    """Tap the talk button: one question, closed by its end."""
    page.click("#talk")


def write(page: Page, text: str) -> None:
    """Type and send."""
    page.fill("#message", text)
    page.press("#message", "Enter")
