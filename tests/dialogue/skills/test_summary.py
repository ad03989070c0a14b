"""What the person reads who takes over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialogue.skills.summary import known_slots, summarise
from dialogue.state import DialogueState, Line, Report, Task
from dialogue.types import Action, ActionResult
from dialogue.wording import wording
from nlu.types import Language
from tests.dialogue.words import parse

ZH, EN = wording("zh"), wording("en")


def state(**changes: object) -> DialogueState:
    new = DialogueState.new("c1", "C0001")
    return replace(new, **changes)  # type: ignore[arg-type]


def report(name: str, *, rule: str | None = None, **arguments: object) -> Report:
    return Report(Action(name, arguments, f"c1:{name}"), ActionResult(ok=rule is None, rule=rule), 1)


def test_who_it_is_and_how_that_is_known() -> None:
    assert "客户：C0001（已登录）" in summarise(state(), ZH, "asked")
    verified = state(proof="order_and_phone")
    assert "C0001 (by order number and phone)" in summarise(verified, EN, "asked")
    assert "未验证" in summarise(DialogueState.new("c1"), ZH, "asked")


def test_what_is_wanted_and_known_in_words() -> None:
    task = Task(
        "returns",
        "t",
        {"order": "12345674", "kind": "exchange", "reason": "quality", "skus": ["A1"], "choices": ["x"], "tries": 2},
    )
    told = summarise(state(task=task), ZH, "asked")
    assert "客户想要：退换货" in told
    assert "订单=12345674, 类型=换货, 原因=质量问题, 商品=A1" in told
    assert "choices" not in told
    assert "tries" not in told


def test_what_was_done_tried_and_refused() -> None:
    task = Task("troubleshoot", "t", {"tree": "power", "node": "cord", "steps": ["换过插座", "看过指示灯"]})
    actions = (report("open_ticket", kind="repair"), report("cancel_order", rule="already_shipped"))
    told = summarise(state(task=task, actions=actions), ZH, "troubleshoot")
    assert "已做操作：登记维修成功；已排查：换过插座、看过指示灯" in told
    assert "没有办成：取消订单未成功（订单已经发货）" in told
    assert "power" not in told


def test_what_is_still_to_be_done() -> None:
    suspended = (Task("invoice", "i"), Task("handoff", "h"))
    told = summarise(
        state(task=Task("returns", "t"), suspended=suspended, noted=(parse("再查下积分", "membership"),)), ZH, "asked"
    )
    assert "还有待办：发票；再查下积分" in told
    assert "还有待办" not in summarise(state(), ZH, "asked")


def test_what_the_customer_said_last() -> None:
    history = tuple(Line("customer", f"第{place}句", place) for place in range(1, 7))
    told = summarise(state(history=history), ZH, "asked")
    assert "第3句；第4句；第5句；第6句" in told
    assert "第2句" not in told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_line_each_and_no_key_instead_of_words(language: Language) -> None:
    told = summarise(state(task=Task("complaint", "t", {"complaint": "太慢"})), wording(language), "complaint")
    assert len(told.split("\n")) == 7
    assert "summary." not in told


def test_a_task_of_another_domain_is_named_as_it_is() -> None:
    assert "card_limit" in summarise(state(task=Task("card_limit", "t", {"limit": "5000"})), ZH, "asked")


def test_slots_for_the_record_are_plain() -> None:
    task = Task("returns", "t", {"order": "1", "phone_tail": "2720", "products": ["A"], "reason": None})
    assert known_slots(state(task=task)) == {"task": "returns", "order": "1"}
