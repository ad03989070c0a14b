"""Policies are data: read, checked with errors that say what to do, and obeyed by rules, shop and skills."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from dialogue.chat import Chat
from dialogue.errors import ActionRefused, PoliciesInvalid
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policies import SHIPPED, Policies, facts, load_policies, shipped_policies
from dialogue.respond import Responder
from dialogue.shop import demo
from dialogue.shop.sql import SqlShop
from dialogue.shop.types import OrderStatus
from dialogue.state import DialogueState
from nlu.classifiers.keyword import KeywordClassifier
from nlu.understand import Understanding
from tests.dialogue.demo_shop import clock, opened_demo_shop

Change = Callable[[Any], object]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Change], Policies]:
    """The shipped policies with one thing changed, read from a file."""

    def read(change: Change) -> Policies:
        data = yaml.safe_load(SHIPPED.read_text("utf-8"))
        change(data)
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
        return load_policies(file)

    return read


def put(value: Any, *path: str) -> Change:
    """A change of the field at ``path``; ``...`` takes it away."""

    def change(data: Any) -> None:
        for name in path[:-1]:
            data = data[name]
        data[path[-1]] = value
        if value is ...:
            del data[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("x", "returns", "reasons", "quality", "days"), ["returns.reasons.quality.days", "integer", "'x'"]),
        (put(-1, "price_protection", "days"), ["price_protection.days", "greater than or equal to 0"]),
        (put(1, "urge", "every"), ["urge.every does not exist", "allowed here: every_hours, on_the_way"]),
        (
            put(1, "returns", "reasons", "quality", "word"),
            ["returns.reasons.quality.word does not exist", "days, freight, words"],
        ),
        (put("nobody", "returns", "reasons", "no_reason", "freight"), ["no_reason.freight", "'shop' or 'customer'"]),
        (put(..., "membership", "points_months"), ["membership.points_months is missing"]),
        (put(..., "returns", "reasons", "quality"), ["returns: reasons.quality is missing"]),
        (put(["x"], "returns", "reasons", "no_reason", "words"), ["no_reason takes what no words fit"]),
        (put({"x": 3}, "returns", "categories", "食品", "days"), ["categories.食品.days.x is no reason", "quality"]),
        (put("19:00", "pickup", "parts", "morning", "start"), ["pickup.parts.morning", "start must be before end"]),
        (put(9, "pickup", "first_day"), ["pickup: first_day must not be after last_day"]),
        (put([], "pickup", "weekdays"), ["weekdays must name a day"]),
        (put(..., "tickets", "due_hours", "repair"), ["tickets.due_hours", "missing: repair"]),
        (put(..., "compensation", "limits", "complaint", "金卡"), ["limits.complaint", "普通, 银卡, 金卡"]),
        (put(["钻石"], "returns", "freight_free_levels"), ["钻石 is no level", "普通, 银卡, 金卡"]),
        (put("1.005", "returns", "freight_yuan"), ["returns.freight_yuan", "decimal"]),
    ],
)
def test_a_wrong_file_names_itself_the_field_and_what_is_allowed(
    changed: Callable[[Change], Policies], change: Change, said: list[str]
) -> None:
    with pytest.raises(PoliciesInvalid) as error:
        changed(change)
    assert "mine.yaml" in str(error.value)
    for words in said:
        assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PoliciesInvalid, match=r"cannot read .*nowhere\.yaml: No such file"):
        load_policies(tmp_path / "nowhere.yaml")
    file = tmp_path / "bad.yaml"
    file.write_text("a: [")
    with pytest.raises(PoliciesInvalid, match=r"bad\.yaml is not YAML"):
        load_policies(file)
    file.write_text("")
    with pytest.raises(PoliciesInvalid, match=r"bad\.yaml"):
        load_policies(file)


def test_texts_quote_the_policies(changed: Callable[[Change], Policies]) -> None:
    assert facts(shipped_policies())["return_days"] == 7
    assert facts(changed(put(10, "returns", "reasons", "no_reason", "days")))["return_days"] == 10
    assert facts(changed(put("12.50", "returns", "freight_yuan")))["return_freight"] == "12.5"
    assert facts(shipped_policies())["pickup_morning"] == "09:00-12:00"


async def test_a_changed_policy_changes_what_a_skill_does(changed: Callable[[Change], Policies]) -> None:
    """Delivered 40 days ago: refused under the shipped policies, asked for a reason when 60 days are allowed."""
    answers = []
    for policies in (shipped_policies(), changed(put(60, "returns", "reasons", "no_reason", "days"))):
        async with opened_demo_shop() as shop:
            mine = SqlShop(shop._engine, clock, policies)
            orders = {order.status: order for order in await mine.orders(demo.DEMO_CUSTOMER_ID)}
            number = orders[OrderStatus.COMPLETED].order_number
            chat = Chat(
                Understanding(KeywordClassifier()),
                Responder(mine, await KnowledgeIndex.open(None), clock=clock),
                mine,
                DialogueState.new("c", demo.DEMO_CUSTOMER_ID),
            )
            answers.append("".join([reply.text async for reply in chat.say(f"订单{number}我要退货，不喜欢")]))
            answers.append(chat.state.task.skill if chat.state.task else "")
    refused, _, asked, task = answers
    assert "已经过了退换期" in refused
    assert task == "returns", asked


async def test_a_changed_policy_changes_what_the_shop_does(changed: Callable[[Change], Policies]) -> None:
    async def rule(policies: Policies, call: Callable[[SqlShop, str], Any]) -> str:
        async with opened_demo_shop() as shop:
            mine = SqlShop(shop._engine, clock, policies)
            orders = {order.status: order for order in await mine.orders(demo.DEMO_CUSTOMER_ID)}
            try:
                await call(mine, orders[OrderStatus.DELIVERED].order_number)
            except ActionRefused as refused:
                return refused.rule
        return "done"

    def protect(shop: SqlShop, number: str) -> Any:
        return shop.protect_price(number, idempotency_key="a")

    def compensate(shop: SqlShop, number: str) -> Any:
        return shop.open_ticket(
            "complaint",
            customer_id=None,
            order_number=number,
            text="x",
            compensation=Decimal(50),
            idempotency_key="a",
        )

    assert await rule(shipped_policies(), protect) == "done"
    assert await rule(changed(put(2, "price_protection", "days")), protect) == "price_window_over"
    assert await rule(changed(put(500, "price_protection", "minimum_yuan")), protect) == "not_cheaper"
    assert await rule(shipped_policies(), compensate) == "done"
    assert await rule(changed(put(49, "compensation", "limits", "complaint", "金卡")), compensate) == (
        "compensation_over_limit"
    )
