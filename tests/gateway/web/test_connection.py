"""When things break: the line, the server, the token, the microphone. The customer is told what to do, and it heals."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.fakes_gateway import Answer, GatewayDouble, wait_until
from tests.gateway.web import stories
from tests.gateway.web.conftest import CHROMIUM, FLAGS, open_page

pytestmark = pytest.mark.browser


def ask(page: Page, text: str) -> None:
    page.fill("#message", text)
    page.press("#message", "Enter")


def test_a_dropped_line_comes_back_to_the_same_conversation(page: Page, gateway: GatewayDouble) -> None:
    ask(page, "你好")
    expect(page.locator(".row-kefu .bubble")).to_have_count(1)
    gateway.drop()
    wait_until(lambda: gateway.sessions == 2)
    expect(page.locator("#link")).to_have_attribute("data-link", "open")
    expect(page.locator("#notice")).to_be_hidden()
    assert gateway.token_requests[1] == {"conversation_id": "c1", "resume_token": "r-c1"}
    ask(page, "还在吗")
    expect(page.locator(".row-kefu .bubble")).to_have_count(2)
    assert page.locator(".row-you").count() == 2


def test_a_network_that_changes_while_the_page_loads_hides_nothing(
    browser: BrowserContext, gateway: GatewayDouble
) -> None:
    browser.route("**/v1/info", lambda route: route.abort("internetdisconnected"), times=2)
    for page in open_page(browser, gateway):
        expect(page.locator("#intro-say .chip").first).to_be_visible()


def test_an_answer_cut_off_by_the_line_falls_silent(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([Answer("很长。", sentences=("很长。",), seconds_each=5.0)])
    ask(page, "说吧")
    expect(page.locator("body")).to_have_attribute("data-phase", "speaking")
    gateway.drop()
    wait_until(lambda: page.evaluate("window.playout.some(e => e.type === 'cleared')"))


def test_a_server_that_is_away_is_tried_again_and_nothing_typed_is_lost(page: Page, gateway: GatewayDouble) -> None:
    gateway.refuse_tokens = [(502, {}), (502, {})]
    gateway.answers = iter([stories.WHERE_IS_IT])
    ask(page, "到哪了")
    expect(page.locator("#notice-title")).to_have_text("连不上客服")
    expect(page.locator("#notice-countdown")).to_contain_text("秒后自动重试")
    expect(page.locator(".bubble-note")).to_have_text("等待连接后发送")
    expect(page.locator(".card-shipment")).to_be_visible()
    expect(page.locator(".row-you .bubble-note")).to_have_count(0)
    assert len(gateway.sent("text")) == 1


def test_busy_waits_as_long_as_the_server_says_unless_told_otherwise(page: Page, gateway: GatewayDouble) -> None:
    gateway.refuse_tokens = [(503, {"Retry-After": "20"})]
    ask(page, "你好")
    expect(page.locator("#notice-title")).to_have_text("现在咨询的人较多")
    expect(page.locator("#notice-countdown")).to_contain_text("20 秒")
    page.click("#notice-retry")
    expect(page.locator(".row-kefu .bubble")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()


def test_a_refused_token_stops_and_asks(page: Page, gateway: GatewayDouble) -> None:
    gateway.refuse_tokens = [(403, {})]
    ask(page, "你好")
    expect(page.locator("#notice-title")).to_have_text("服务器没有允许这次连接")
    assert page.locator("body").get_attribute("data-phase") == "error"
    page.locator("label:has([name=language][value=en])").click()
    expect(page.locator("#notice-title")).to_have_text("The server did not allow this connection")
    page.click("#notice-retry")
    expect(page.locator(".row-kefu .bubble")).to_be_visible()


def test_a_conversation_the_server_has_forgotten_starts_anew(page: Page, gateway: GatewayDouble) -> None:
    ask(page, "你好")
    expect(page.locator(".row-kefu .bubble")).to_have_count(1)
    gateway.refuse_tokens = [(401, {})]
    gateway.drop()
    wait_until(lambda: gateway.sessions == 2)
    assert gateway.token_requests[1]["conversation_id"] == "c1"
    assert gateway.token_requests[2] == {}


def test_after_goodbye_the_next_message_opens_the_line_again(page: Page, gateway: GatewayDouble) -> None:
    ask(page, "你好")
    expect(page.locator(".row-kefu .bubble")).to_have_count(1)
    gateway.tell({"type": "bye", "reason": "idle"})
    gateway.close(1000)
    expect(page.locator("#notice-title")).to_have_text("本次会话已结束")
    ask(page, "再问一句")
    expect(page.locator(".row-kefu .bubble")).to_have_count(2)
    expect(page.locator("#notice")).to_be_hidden()
    assert gateway.sessions == 2


def test_an_error_of_the_server_is_said_in_its_words(page: Page, gateway: GatewayDouble) -> None:
    ask(page, "你好")
    expect(page.locator(".row-kefu .bubble")).to_have_count(1)
    gateway.tell({"type": "error", "code": "asr_busy", "message": "<b>请再说一遍</b>", "fatal": False})
    expect(page.locator("#notice-text")).to_have_text("<b>请再说一遍</b>")
    page.click("#notice-close")
    expect(page.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize(
    ("flags", "address", "title"),
    [
        (("--deny-permission-prompts", "--use-fake-device-for-media-stream"), "127.0.0.1", "没有麦克风权限"),
        (("--use-fake-ui-for-media-stream",), "127.0.0.1", "没有找到麦克风"),
        (("--host-resolver-rules=MAP shop.test 127.0.0.1",), "shop.test", "当前网址不能使用麦克风"),
    ],
)
def test_without_a_microphone_the_customer_is_told_and_types(
    playwright: Playwright, gateway: GatewayDouble, flags: tuple[str, ...], address: str, title: str
) -> None:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
    page = browser.new_page(locale="zh-CN")
    page.goto(gateway.url.replace("127.0.0.1", address))
    page.click("#talk")
    expect(page.locator("#notice-title")).to_have_text(title)
    expect(page.locator("#notice-text")).to_contain_text("打字")
    assert page.locator("#talk").get_attribute("aria-pressed") == "false"
    ask(page, "那我打字")
    expect(page.locator(".row-kefu .bubble")).to_be_visible()
    browser.close()
