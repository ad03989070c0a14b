"""The keypad beside the message box: there while the line is open, each key a message, its digits shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.fakes_gateway import GatewayDouble, wait_until
from tests.gateway.web.test_page import ask

pytestmark = pytest.mark.browser

UNDERSTOOD = {
    "type": "understood", "turn_id": 9, "intent": "inform", "confidence": 0.95, "slots": {}, "sentiment": "neutral",
    "classifier": "triton", "degraded": False,
}  # fmt: skip


def opened(page: Page, gateway: GatewayDouble) -> None:
    """A session that has answered once, and the keypad shown."""
    ask(page, "我的订单到哪了")
    expect(page.locator(".row-kefu .bubble")).to_have_count(1)
    page.get_by_role("button", name="数字键盘").click()
    expect(page.locator("#keypad")).to_be_visible()


def keys(gateway: GatewayDouble) -> str:
    return "".join(message["digit"] for message in gateway.sent("dtmf"))


def test_there_is_a_keypad_only_while_there_is_a_session(page: Page, gateway: GatewayDouble) -> None:
    expect(page.locator("#keypad-toggle")).to_be_hidden()
    opened(page, gateway)
    gateway.drop()
    expect(page.locator("#keypad")).to_be_hidden()


def test_each_key_is_a_message_and_the_digits_become_a_bubble(page: Page, gateway: GatewayDouble) -> None:
    opened(page, gateway)
    for key in "89":
        page.get_by_role("button", name=key, exact=True).click()
    page.keyboard.type("07")  # the focus is on the keypad
    expect(page.locator("#keypad-digits")).to_have_text("8907")
    wait_until(lambda: keys(gateway) == "8907")
    gateway.tell(UNDERSTOOD)
    expect(page.locator(".row-you .bubble").last).to_have_text("8907")
    expect(page.locator("#keypad-digits")).to_have_text("")


def test_star_clears_pound_sends_and_escape_closes(page: Page, gateway: GatewayDouble) -> None:
    opened(page, gateway)
    page.keyboard.type("12")
    page.get_by_role("button", name="星号，清除").click()
    expect(page.locator("#keypad-digits")).to_have_text("")
    page.keyboard.type("3")
    page.get_by_role("button", name="井号，发送").click()
    wait_until(lambda: keys(gateway) == "12*3#")
    page.keyboard.press("Escape")
    expect(page.locator("#keypad")).to_be_hidden()
    expect(page.locator("#keypad-toggle")).to_be_focused()
    assert page.locator("#keypad-toggle").get_attribute("aria-expanded") == "false"


def test_a_turn_without_keys_leaves_no_bubble(page: Page, gateway: GatewayDouble) -> None:
    opened(page, gateway)
    gateway.tell(UNDERSTOOD)
    gateway.tell({"type": "reply", "turn_id": 9, "text": "", "language": "zh", "is_last": True, "cards": []})
    page.get_by_role("button", name="5", exact=True).click()
    wait_until(lambda: keys(gateway) == "5")
    expect(page.locator(".row-you .bubble")).to_have_count(1)
    expect(page.locator(".row-kefu")).to_have_count(1)


def test_the_keypad_fits_a_small_phone_in_english_too(phone: Page, gateway: GatewayDouble) -> None:
    opened(phone, gateway)
    for key in phone.locator(".key").all():
        box = key.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    phone.locator("label:has([name=language][value=en])").click()
    expect(phone.locator("#keypad")).to_be_hidden()  # another session
    phone.get_by_role("button", name="Keypad").click()
    expect(phone.get_by_role("button", name="Pound, send")).to_be_visible()
