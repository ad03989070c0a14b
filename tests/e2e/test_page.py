"""The real page on the real gateway in Debian's chromium; the microphone plays the spoken question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from dialogue.shop.demo import sample_order_number
from tests.bench.gateway_process import GatewayProcess
from tests.e2e.customer import digits
from tests.e2e.page import CHROMIUM, ask_aloud, open_page, with_microphone, write
from tests.e2e.recordings import Recordings
from tests.e2e.shop_database import ShopDatabase
from tests.fakes_gateway import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
ORDER = sample_order_number()
SIZES = {"desktop": (1200, 800), "phone": (390, 844)}


@pytest.fixture(params=SIZES)
def page(
    request: pytest.FixtureRequest, gateway: GatewayProcess, recordings: Recordings, tmp_path: Path
) -> Iterator[Page]:
    """A browser of its own: the fake microphone plays its file once. Fails when the page logged an error."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = with_microphone(playwright, recordings.samples["order"], tmp_path)
        width, height = SIZES[request.param]
        wrong: list[str] = []
        opened = open_page(browser, gateway.url, width, height, wrong)
        yield opened
        browser.close()
        assert not wrong


def test_a_spoken_then_a_typed_question_are_answered(
    page: Page, request: pytest.FixtureRequest, shop: ShopDatabase
) -> None:
    name = request.node.callspec.params["page"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    expect(page.locator("#intro-demo")).to_contain_text(ORDER)
    page.screenshot(path=PICTURES / f"{name}-1-intro.png")

    ask_aloud(page)
    # Whisper may write 定单 for 订单.
    expect(page.locator(".row-you .bubble:not(.live)")).to_contain_text("单什么时候", timeout=30_000)
    expect(page.locator(".card-order")).to_be_visible(timeout=15_000)
    expect(page.locator(".card-shipment")).to_contain_text(shop.carrier(ORDER))
    assert ORDER in digits(page.locator(".row-kefu .bubble").last.text_content() or "")

    # It is heard: the loudspeaker reports loud audio of this answer, and where the time went is shown.
    wait_until(lambda: page.evaluate("window.playout.some(e => e.type === 'position' && e.level > 0.01)"), 30)
    assert page.evaluate("window.playout.some(e => e.type === 'started')")
    expect(page.locator("body")).to_have_attribute("data-phase", "speaking")
    expect(page.locator("#latency-total")).to_contain_text("毫秒")
    page.screenshot(path=PICTURES / f"{name}-2-spoken-question.png")

    # Typing ends the speech and is answered with choices.
    write(page, "我想退货")
    expect(page.locator(".row-you .bubble").last).to_have_text("我想退货")
    expect(page.locator("#suggestions .chip").first).to_be_visible(timeout=15_000)
    wait_until(lambda: page.evaluate("window.playout.some(e => e.type === 'cleared')"), 15)
    expect(page.locator("body")).to_have_attribute("data-phase", "speaking", timeout=15_000)
    page.screenshot(path=PICTURES / f"{name}-3-typed-question.png")
