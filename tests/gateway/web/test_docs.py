"""The page /docs, drawn from the gateway's own document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gateway.config import Settings
from gateway.openapi.document import document, operations
from gateway.openapi.door import PAGE
from tests.fakes_gateway import CSP, GatewayDouble

pytestmark = pytest.mark.browser
ALL = len(list(operations(document(Settings()))))


@pytest.fixture
def docs(browser: BrowserContext, gateway: GatewayDouble) -> Iterator[Page]:
    """The page, under the gateway's policy; its scripts come from the double's /web/."""
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    policy = {"Content-Security-Policy": CSP}
    page.route("**/docs", lambda route: route.fulfill(path=PAGE, content_type="text/html", headers=policy))
    page.route("**/openapi.json", lambda route: route.fulfill(json=document(Settings())))
    yield page
    page.close()
    assert problems == []


def test_every_operation_is_listed_and_opens(docs: Page, gateway: GatewayDouble) -> None:
    docs.goto(f"{gateway.url}docs")
    expect(docs.locator("details")).to_have_count(ALL)
    message = docs.locator("#message")
    expect(message.locator("table").first).not_to_be_visible()
    message.locator("summary").click()
    expect(message.locator(".inside")).to_contain_text("at most 2000 characters")
    expect(message.locator(".inside")).to_contain_text("429")
    expect(docs.locator("#voice .verb")).to_have_text("SOCKET")


def test_a_filter_leaves_what_was_sought(docs: Page, gateway: GatewayDouble) -> None:
    docs.goto(f"{gateway.url}docs")
    expect(docs.locator("details")).to_have_count(ALL)
    docs.fill("#filter", "/v1/twilio/voice")
    expect(docs.locator("details:visible .path").first).to_have_text("/v1/twilio/voice")
    expect(docs.locator("section:visible")).to_have_count(1)


def test_an_address_opens_its_operation(docs: Page, gateway: GatewayDouble) -> None:
    docs.goto(f"{gateway.url}docs#speech")
    expect(docs.locator("#speech .inside")).to_be_visible()


def test_a_document_that_is_away_is_said(docs: Page, gateway: GatewayDouble) -> None:
    docs.route("**/openapi.json", lambda route: route.fulfill(json={"openapi": "3.1.0"}))
    docs.goto(f"{gateway.url}docs")
    expect(docs.get_by_role("alert")).to_contain_text("cannot be read")
