"""The page as a customer sees it: text turns, cards, captions, languages, sizes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fakes_gateway import Answer, GatewayDouble, wait_until
from tests.gateway.web import stories

pytestmark = pytest.mark.browser
MARKUP = "<img src=x onerror=\"document.title='taken'\">"


def ask(page: Page, text: str) -> None:
    page.fill("#message", text)
    page.press("#message", "Enter")


def test_a_typed_question_gets_bubbles_a_card_and_suggestions(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([replace(stories.WHERE_IS_IT, sentences=())])
    ask(page, "我的订单什么时候到")
    expect(page.locator(".row-you .bubble")).to_have_text("我的订单什么时候到")
    expect(page.locator(".row-kefu .bubble")).to_contain_text("顺丰速运")
    expect(page.locator(".card-shipment .event").first).to_contain_text("正在安排派送")
    expect(page.locator("#suggestions .chip")).to_have_text(["改收货地址", "我想退货", "转人工"])
    assert gateway.sent("start")[0] | {"language": "zh", "speak": True} == gateway.sent("start")[0]
    page.locator("#suggestions .chip").nth(1).click()
    wait_until(lambda: len(gateway.sent("text")) == 2)
    assert gateway.sent("text")[1]["text"] == "我想退货"
    expect(page.locator("#latency-body .hop")).to_have_count(5)  # four hops (nothing to endpoint) and the total


def test_hints_of_the_demo_shop_are_questions(page: Page, gateway: GatewayDouble) -> None:
    expect(page.locator("#intro-demo")).to_contain_text("20486138")
    page.locator("#intro-say .chip").first.click()
    wait_until(lambda: gateway.sent("text"))
    assert gateway.sent("text")[0]["text"] == "我的订单什么时候到"


def test_cards_show_what_they_know_and_take_nothing_for_markup(page: Page, gateway: GatewayDouble) -> None:
    strange = {"kind": "coupon", "data": {"gift_text": MARKUP, "nested": {"valid_until": "2026-12-01"}, "none": None}}
    cards = (stories.ORDER, stories.PRODUCT, stories.RETURN, stories.SOURCE, stories.HANDOFF, strange)
    gateway.answers = iter([Answer(MARKUP, cards=cards, suggestions=(MARKUP,))])
    ask(page, MARKUP)
    order = page.locator(".card-order")
    expect(order).to_contain_text("¥367.80")
    expect(order.locator(".line")).to_have_count(2)
    expect(page.locator(".card-product .badge")).to_have_text("有货")
    expect(page.locator(".card-return .step[aria-current]")).to_have_text("已同意")
    expect(page.locator(".card-source a")).to_have_attribute("rel", "noopener noreferrer")
    expect(page.locator(".card-handoff")).to_contain_text("情绪平稳")
    expect(page.locator(".card-other")).to_contain_text(MARKUP)
    expect(page.locator(".row-kefu .bubble")).to_have_text(MARKUP)
    assert page.locator("main img").count() == 0
    assert page.title() == "在线客服"


def test_a_link_of_a_card_is_a_web_address_or_no_link(page: Page, gateway: GatewayDouble) -> None:
    source = {"kind": "source", "data": {"title": "t", "url": "javascript:alert(1)"}}
    gateway.answers = iter([Answer("好", cards=(source,))])
    ask(page, "你好")
    expect(page.locator(".card-source")).to_be_visible()
    assert page.locator(".card-source a").count() == 0


def test_sentences_are_captioned_when_they_are_heard(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([stories.WHERE_IS_IT])
    ask(page, "到哪了")
    first, second = stories.WHERE_IS_IT.sentences
    expect(page.locator("mark.saying")).to_have_text(first)
    assert page.locator("#caption").text_content() == first
    assert page.locator("body").get_attribute("data-phase") == "speaking"
    expect(page.locator("mark.saying")).to_have_text(second)
    shown = page.evaluate("window.playout.filter(e => e.type === 'position').at(-1).ms")
    assert shown >= 600 - 60
    expect(page.locator("mark.saying")).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-phase", "idle")


def test_the_language_switch_turns_page_and_conversation(page: Page, gateway: GatewayDouble) -> None:
    ask(page, "你好")
    wait_until(lambda: gateway.sent("text"))
    page.locator("label:has([name=language][value=en])").click()
    expect(page.locator("h2")).to_have_text("Hello, how can we help?")
    assert page.locator("html").get_attribute("lang") == "en"
    wait_until(lambda: len(gateway.sent("start")) == 2)
    assert gateway.sent("start")[1]["language"] == "en"
    assert gateway.token_requests[1] == {"conversation_id": "c1", "resume_token": "r-c1"}
    page.reload()
    expect(page.locator("h2")).to_have_text("Hello, how can we help?")
    expect(page.locator(".divider")).to_have_text("Continuing your conversation")


def test_both_languages_have_every_text(page: Page) -> None:
    missing = page.evaluate(
        """async () => {
          const { MESSAGES: { zh, en } } = await import("/web/messages.js");
          const places = (text) => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
          const used = [...document.querySelectorAll("*")].flatMap((e) => Object.entries(e.dataset)
            .filter(([name]) => name.startsWith("i18n")).map(([, key]) => key));
          return [...new Set([...Object.keys(zh), ...Object.keys(en), ...used])]
            .filter((key) => !zh[key] || !en[key] || places(zh[key]) !== places(en[key]));
        }"""
    )
    assert missing == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(phone: Page, gateway: GatewayDouble, scheme: str) -> None:
    phone.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    long_word = {"kind": "order", "data": stories.ORDER["data"] | {"note": "x" * 200}}
    cards = (long_word, stories.SHIPMENT, stories.PRODUCT, stories.RETURN)
    gateway.answers = iter([Answer("好的" + "长" * 80, cards=cards, suggestions=("一二三四五六七八九十",) * 5)])
    ask(phone, "W" * 120)
    expect(phone.locator(".card-return")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    assert phone.evaluate("document.getElementById('scroller').scrollWidth") <= 360
    for control in ("#talk", "#message", "#composer .send", "#speaker", "#latency summary"):
        box = phone.locator(control).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["y"] + box["height"] <= 740
    talk = phone.locator("#talk").bounding_box()
    assert talk is not None
    assert talk["width"] >= 72  # a thumb finds it


def test_text_and_controls_have_contrast(page: Page, gateway: GatewayDouble) -> None:
    gateway.answers = iter([Answer("好的", cards=(stories.ORDER, stories.SHIPMENT, stories.PRODUCT))])
    ask(page, "你好")
    expect(page.locator(".card-product")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert page.evaluate(Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")) == [], scheme


def test_everything_has_a_name_and_the_keyboard_reaches_it(page: Page) -> None:
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, textarea, input")]
          .filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim() || e.labels?.length))
          .map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"speaker", "language", "message", "mode", "talk"} <= set(reached)


def test_silent_answers_are_only_text(page: Page, gateway: GatewayDouble) -> None:
    page.click("#speaker")
    gateway.answers = iter([stories.WHERE_IS_IT])
    ask(page, "到哪了")
    expect(page.locator(".card-shipment")).to_be_visible()
    assert gateway.sent("start")[0]["speak"] is False
    assert json.loads(page.evaluate("localStorage['kefu.settings']"))["speaker"] is False
    assert page.evaluate("window.playout") == []
