"""WebRTC between Debian's chromium and the real gateway: the page, the SDK's example, a browser that cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.bench.gateway_process import GatewayProcess
from tests.e2e.page import CHROMIUM, ask_aloud, open_page, with_microphone
from tests.e2e.recordings import Recordings
from tests.fakes_gateway import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
NO_RTC = "window.RTCPeerConnection = class { constructor() { throw new Error('blocked'); } };"


@pytest.fixture
def browser(recordings: Recordings, tmp_path: Path) -> Iterator[Browser]:
    """Its microphone asks for the order once."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = with_microphone(playwright, recordings.samples["order"], tmp_path)
        yield launched
        launched.close()


def said_since(gateway: GatewayProcess) -> Callable[[], str]:
    """What the gateway has logged from now on."""
    start = gateway.log.stat().st_size
    return lambda: gateway.log.read_bytes()[start:].decode(errors="replace")


def hears_the_answer(page: Page) -> None:
    ask_aloud(page)
    expect(page.locator(".row-you .bubble:not(.live)")).to_contain_text("单什么时候", timeout=30_000)
    expect(page.locator(".card-order")).to_be_visible(timeout=15_000)
    wait_until(lambda: page.evaluate("window.playout.some(e => e.type === 'position' && e.level > 0.01)"), 30)


def test_the_page_talks_over_webrtc(browser: Browser, gateway: GatewayProcess) -> None:
    log, wrong = said_since(gateway), list[str]()
    page = open_page(browser, gateway.url, 1200, 800, wrong)
    hears_the_answer(page)
    assert "webrtc" in log()
    # The answer sounds out of the browser's own stream; an interruption ends it at once.
    page.keyboard.press("Escape")
    wait_until(lambda: page.evaluate("window.playout.some(e => e.type === 'cleared')"), 10)
    page.close()
    wait_until(lambda: "session over" in log(), 10)
    assert not wrong


def test_a_browser_that_cannot_takes_the_socket(browser: Browser, gateway: GatewayProcess) -> None:
    log, wrong = said_since(gateway), list[str]()
    page = open_page(browser, gateway.url, 1200, 800, wrong, script=NO_RTC)
    hears_the_answer(page)
    assert "webrtc" not in log()
    assert not wrong


def test_the_example_of_the_sdk(browser: Browser, gateway: GatewayProcess) -> None:
    page = browser.new_page(locale="zh-CN")
    page.goto(f"{gateway.url}/web/example.html")
    page.fill("#text", "你好")
    page.press("#text", "Enter")
    expect(page.locator("#log")).to_contain_text("客服: ", timeout=15_000)
    page.click("#talk")
    expect(page.locator("#log")).to_contain_text("单什么时候", timeout=30_000)
    expect(page.locator("#log li").last).to_contain_text("客服: ", timeout=15_000)
