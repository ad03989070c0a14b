"""Killed at every await of the turn that confirms a WRITE: nothing is lost, nothing is done twice, and it is told."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path
from typing import get_args

import pytest

from dialogue.types import ActionStarted, ShopAction
from tests.gateway import crashes
from tests.gateway.crashes import (
    CONVERSATION,
    Line,
    copied,
    deaths,
    gateway,
    prepare,
    shop_rows,
    sqlite_url,
    turn_and_die,
)

SCRIPTS: dict[ShopAction, tuple[Line, ...]] = {
    "cancel_order": (("cancel_order", "取消订单{paid}，拍错了"), ("affirm", "确认")),
    "restore_order": (
        ("cancel_order", "取消订单{paid}，拍错了"),
        ("affirm", "确认"),
        ("deny", "不取消了"),
        ("affirm", "对"),
    ),
    "modify_order": (("modify_order", "订单{paid}的台灯我想改成2台"), ("affirm", "确认")),
    "change_address": (("change_address", "订单{paid}地址改成上海市浦东新区世纪大道100号3楼"), ("affirm", "对")),
    "change_payment": (
        ("change_payment", "订单{paid}换个支付方式"),
        ("inform", "第一个"),
        ("affirm", "确认"),
    ),
    "change_account_address": (("account_address", "我的默认地址改成上海市浦东新区世纪大道100号3楼"), ("affirm", "对")),
    "request_invoice": (("invoice", "订单{delivered}开个人发票"), ("affirm", "确认")),
    "urge_order": (("urge_shipping", "订单{paid}能不能催一下，快点发货"), ("affirm", "好")),
    "protect_price": (("price_protection", "我买的卫衣降价了，能退差价吗"), ("affirm", "确认")),
    "create_return": (
        ("return_request", "订单{delivered}我要退货，不想要了"),
        ("inform", "第一个"),
        ("affirm", "确认"),
    ),
    "book_pickup": (
        ("inform", "帮我预约上门取件"),
        ("inform", "后天"),
        ("inform", "上午吧"),
        ("affirm", "好的"),
    ),
    "withdraw_return": (("cancel_order", "我想撤销退货申请"), ("affirm", "确认")),
    "notify_restock": (("stock", "{sold_out}到货了通知我"), ("affirm", "好的")),
    "place_order": (("place_order", "我要下单两个温言保温杯，用礼品卡支付"), ("affirm", "确认")),
    "book_visit": (("appointment", "订单{paid}后天上门安装"), ("affirm", "确认")),
    "register_cashback": (
        ("cashback", "订单{delivered}登记晒单返现 https://img.example.com/1.jpg"),
        ("affirm", "确认"),
    ),
    "open_ticket": (("logistics", "订单{delivered}显示签收了但是我没收到货"), ("affirm", "好的")),
}
"""Each WRITE as customers bring it about: intent and words of every turn; the last one confirms."""


def test_every_write_has_a_script() -> None:
    assert set(SCRIPTS) == set(get_args(ShopAction))


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """What the forked processes share."""
    crashes.warm()


@pytest.fixture
def prepared(tmp_path: Path, name: ShopAction) -> Path:
    """A database in which the customer has been asked to confirm."""
    file = copied(crashes.template(), tmp_path / "asked.db")
    prepare(sqlite_url(file), SCRIPTS[name])
    return file


@pytest.fixture
def gold(tmp_path: Path, name: ShopAction, prepared: Path) -> object:
    """The shop when nobody was killed."""
    url = sqlite_url(copied(prepared, tmp_path / "gold.db"))
    answer = asyncio.run(_say(url, SCRIPTS[name][-1]))
    rows = asyncio.run(shop_rows(url))
    assert rows != asyncio.run(shop_rows(sqlite_url(prepared))), f"this confirmed nothing: {answer}"
    return rows


@pytest.mark.parametrize("name", SCRIPTS)
def test_killed_at_every_await(tmp_path: Path, name: ShopAction, prepared: Path, gold: object) -> None:
    every = deaths(prepared, SCRIPTS[name][-1], tmp_path)
    assert every.awaits > 50
    assert len(every.left) > 4, "the turn has several transactions"
    # Over all WRITEs, both orders of coming back follow each of the turn's transactions.
    for number, (_, file) in enumerate(every.left, list(SCRIPTS).index(name)):
        asyncio.run(_come_back(sqlite_url(file), name, gold, customer_first=number % 2 == 0))


@pytest.mark.parametrize("name", ["modify_order"])
def test_killed_by_a_signal_where_the_database_changes(
    tmp_path: Path, name: ShopAction, prepared: Path, gold: object
) -> None:
    for at, _ in deaths(prepared, SCRIPTS[name][-1], tmp_path).left:
        for just in (at, at + 1):
            url = sqlite_url(copied(prepared, tmp_path / "killed.db"))
            turn_and_die(url, SCRIPTS[name][-1], just)
            asyncio.run(_come_back(url, name, gold, customer_first=just % 2 == 0))


@pytest.mark.parametrize("name", ["create_return"])
def test_killed_from_outside_at_any_time(tmp_path: Path, name: ShopAction, prepared: Path, gold: object) -> None:
    began = time.monotonic()
    asyncio.run(_say(sqlite_url(copied(prepared, tmp_path / "timed.db")), SCRIPTS[name][-1]))
    takes_s = time.monotonic() - began
    chance = random.Random(20261122)
    for number in range(8):
        url = sqlite_url(copied(prepared, tmp_path / "killed.db"))
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_say(url, SCRIPTS[name][-1]))
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0, 1.5) * takes_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        asyncio.run(_come_back(url, name, gold, customer_first=number % 2 == 0))


async def _come_back(url: str, name: ShopAction, gold: object, *, customer_first: bool) -> None:
    """A new gateway finishes what is owed, and the customer says the same again, in either order."""
    async with gateway(url) as served:
        owed = await served.store.pending_actions()
        began = [
            e for e in await served.store.load(CONVERSATION) if isinstance(e, ActionStarted) and e.action.name == name
        ]
        assert began or await shop_rows(url) != gold, "it was done before it was written down"
        if customer_first:
            assert await served.say(SCRIPTS[name][-1])
        await served.conversations.recover()
    async with gateway(url) as served:
        if not customer_first:
            assert not owed or await shop_rows(url) == gold, "what is owed is done without the customer"
            assert await served.say(SCRIPTS[name][-1])
        state = (await served.conversation()).state
        assert await served.store.pending_actions() == ()
        assert (state.acting, state.unreported) == (None, None)
        assert state.reported is not None
        assert (state.reported.action.name, state.reported.result.ok) == (name, True)
    assert await shop_rows(url) == gold


async def _say(url: str, line: Line) -> str:
    async with gateway(url) as served:
        return await served.say(line)
