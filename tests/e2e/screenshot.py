"""The README's picture: ``python -m tests.e2e.screenshot`` asks the product aloud and takes deploy/screenshot.png."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.bench.gateway_process import gateway
from tests.e2e import recordings as sound
from tests.e2e.page import ask_aloud, open_page, with_microphone
from tests.fakes_gateway import wait_until

PICTURE = Path(__file__).parents[2] / "deploy" / "screenshot.png"
SIZE = (1200, 860)
MOST_BYTES = 300_000
SAYING = "window.playout.some(e => e.type === 'position' && e.ms > 2500)"


def main() -> None:
    """A spoken question, its answer being said, on a gateway of its own."""
    with tempfile.TemporaryDirectory() as name, gateway(Path(name) / "gateway") as process:
        folder = Path(name)
        spoken = sound.make(folder, {"order": ("zh", sound.ORDER_QUESTION)})
        with sync_playwright() as playwright:
            browser = with_microphone(playwright, spoken.samples["order"], folder)
            wrong: list[str] = []
            page = open_page(browser, process.url, *SIZE, wrong)
            ask_aloud(page)
            expect(page.locator(".card-shipment")).to_be_visible(timeout=30_000)
            wait_until(lambda: page.evaluate(SAYING), 30)
            page.screenshot(path=PICTURE)
            browser.close()
    assert not wrong, wrong
    assert PICTURE.stat().st_size < MOST_BYTES, f"{PICTURE.stat().st_size} bytes are too many for a README"
    sys.stdout.write(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
