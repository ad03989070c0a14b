"""ECom-Bench: what customers say, what they answer, and worlds that end as the gold actions leave them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dialogue.errors import ActionRefused
from dialogue.evaluate.ecom import plays
from dialogue.evaluate.ecom_conditions import holds
from dialogue.evaluate.ecom_customer import NO, NO_REASON, UNKNOWN, YES, EcomCustomer
from dialogue.evaluate.ecom_goals import first_person, goals_in, wishes
from dialogue.evaluate.play import differing
from dialogue.evaluate.retrieval import DataError
from dialogue.shop.types import LineChange
from nlu.types import Expectation
from tests.worlds.ecom import EcomWorlds
from tests.worlds.ecom_records import weekday_of

NAME, PHONE = "周小棠", "19900001111"
FAULT = {"故障代码": "E7", "故障名称": "风道堵塞", "故障解决方案": "清洗滤网"}
PLACE = {"省份": "浙江省", "城市": "杭州市", "区县": "西湖区", "详细地址": "听风路1号"}
A, B = "2000000001", "2000000002"
FREE, YES_NO = Expectation(), Expectation("yes_no")


def _page(sku: str, name: str, price: float, others: Iterable[tuple[str, str, str]] = ()) -> dict[str, Any]:
    stand_ins = [{"商品ID": one, "商品描述": text, "商品状态": status} for one, text, status in others]
    return {
        "商品ID": sku, "商品名称": name, "商品状态": "已上架", "商品价格": price, "商品描述": f"{name}，静音。",
        "可换货商品": stand_ins, "赠品信息": [{"赠品名称": "收纳袋", "赠品描述": "随单寄出"}],
        "辅材材料": [{"辅材名称": "挂钩", "辅材描述": "3元/个"}], "安装说明": "安装流程：先打孔。安装费用：30元。",
        "维修说明": "整机保修一年。", "常见故障": [FAULT],
    }  # fmt: skip


def _order(number: str, status: str, sku: str, price: float, paid_by: str) -> dict[str, Any]:
    place = {
        "收件人姓名": "周小棠",
        "电话号码": "19900001111",
        "省份": "浙江省",
        "城市": "杭州市",
        "区县": "西湖区",
        "详细地址": "听风路1号",
    }
    return {
        "用户ID": "u1", "订单ID": number, "订单状态": status, "订单总金额": price, "是否加急": False, "收货地址": place,
        "订单商品列表": [{"商品ID": sku, "单价": price, "数量": 1}], "支付方式": paid_by,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A world of one customer, two products and two orders."""
    fan = _page(
        "30000001",
        "落地风扇 12升",
        100,
        [("30000009", "落地风扇 20升", "已上架"), ("30000008", "落地风扇 8升", "缺货")],
    )
    tables: dict[str, Any] = {
        "products.json": {"30000001": fan, "30000002": _page("30000002", "小风扇", 40)},
        "orders.json": {"u1": {"2000000001": _order("2000000001", "已付款", "30000001", 120, "京东E卡"),
                               "2000000002": _order("2000000002", "已签收", "30000002", 40, "京东E卡")}},
        "logistics.json": {}, "service.json": {}, "register_cashback.json": {}, "discount.json": {},
    }  # fmt: skip
    for name, table in tables.items():
        (tmp_path / name).write_text(json.dumps({"jd": {"shop": table}}), "utf-8")
    profile = {
        "用户姓名": "周小棠",
        "电话号码": "19900001111",
        "电子卡余额": 150,
        "地址信息": PLACE,
    }
    (tmp_path / "users_info.json").write_text(json.dumps({"u1": profile}), "utf-8")
    (tmp_path / "invoices.json").write_text("{}", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("然后，你想咨询客服这款风扇的噪音", "我想问一下这款风扇的噪音"),
        ("最后，你希望客服帮你修改颜色", "麻烦帮我修改颜色"),
        ("你要求客服查询订单2000000001", "麻烦你查询订单2000000001"),
        ("你会向客服提出退货申请", "我要申请退货"),
        ("你收到的风扇太吵，对此你向客服进行抱怨", "我收到的风扇太吵"),
    ],
)
def test_the_third_person_becomes_the_first(told: str, said: str) -> None:
    assert first_person(told) == said


def test_a_goal_is_cut_at_its_conditions_and_notes_are_heeded() -> None:
    wanted = wishes(
        [
            "你想退掉风扇（商品ID：30000002），订单号你忘了（注意，你不知道订单ID和商品ID，如果客服询问，回答“不知道”）",
            "如果不能退，你想换货，如果能换，你希望换一个大的",
            "你想知道，如果超重，是否加钱",
        ]
    )
    assert [(step.condition, step.say) for step in wanted.steps] == [
        ("", "我想退掉风扇，订单号我忘了"),
        ("不能退", "我想换货"),
        ("能换", "我希望换一个大的"),
        ("", "我想问一下，如果超重，是否加钱"),
    ]
    assert "30000002" not in wanted.known
    assert wanted.kinds == ("exchange", "return")


def test_what_must_not_be_told_is_not_said() -> None:
    wanted = wishes(["如果还没有送到“听风路1号”，你会要求客服加急（禁止向客服透露“听风路1号”这一信息）"])
    assert [(step.condition, step.say) for step in wanted.steps] == [("还没有送到“听风路1号”", "麻烦你加急")]


def test_goals_are_read_from_an_instruction_too() -> None:
    assert goals_in("画像\n<意图一>\n你要退货\n<\\意图一>\n<意图二>\n你要发票\n<\\意图二>") == ["你要退货", "你要发票"]


@pytest.mark.parametrize(
    ("condition", "heard", "last", "true"),
    [
        ("还没有发货", "订单已经付款，仓库正在备货", "", True),
        ("还没有发货", "您的订单运输中", "", False),
        ("还没有送到“听风路”", "到达杭州", "", True),
        ("余额不够", "余额是5元，不够支付9元", "好的", True),
        ("余额不够", "好的", "好的", False),
        ("客服拒绝退货", "", "抱歉，不能退", True),
        ("客服拒绝退货", "", "已经提交退货", False),
        ("验证通过", "抱歉", "已经登记", True),
        ("可以换", "", "抱歉，没有了", False),
        ("在保修期内", "", "页面上说，人为损坏不能免费", True),
    ],
)
def test_conditions(condition: str, heard: str, last: str, *, true: bool) -> None:
    assert holds(condition, heard, last) is true


def _talk(goals: list[str], answers: list[tuple[str, Expectation]]) -> list[str | None]:
    customer = EcomCustomer(wishes(goals))
    said = [customer.next(("您好",), FREE)]
    return [*said, *(customer.next((text,), expectation) for text, expectation in answers)]


def test_a_customer_answers_from_the_goals_and_goes_on() -> None:
    goals = ["你要预约上门安装，时间是周五，订单2000000001", "然后你要开发票，抬头为“听风商行”"]
    assert _talk(
        goals,
        [
            ("请问哪一天上门？", Expectation("free", slot="date")),
            ("订单2000000002预约周五，确认吗？", YES_NO),
            ("订单2000000001预约周五，确认吗？", YES_NO),
            ("预约好了。", FREE),
            ("请问抬头是什么？", FREE),
            ("请说一下税号，没有的话请说没有。", FREE),
            ("请问原因是什么？", FREE),
            ("已经申请了。", FREE),
        ],
    ) == [
        "我要预约上门安装，时间是周五，订单2000000001", "周五", "不对，是订单2000000001", YES,
        "我要开发票，抬头为听风商行", "听风商行", "没有税号", NO_REASON, None,
    ]  # fmt: skip


def test_a_customer_makes_nothing_up() -> None:
    assert _talk(
        ["你想查询物流"],
        [
            ("请告诉我订单号。", Expectation("digits", slot="order_number", digits=10)),
            ("需要我为您转人工吗？", YES_NO),
            ("好的。", FREE),
        ],
    ) == ["我想查询物流", UNKNOWN, NO, None]


async def test_a_world_ends_as_the_gold_actions_leave_it(folder: Path) -> None:
    worlds = EcomWorlds(folder)
    world = worlds.fresh()
    before, shop = await world.snapshot(), world.shop
    new = await shop.place_order("u1", (("30000002", 2),), "京东E卡", idempotency_key="a")
    assert await shop.place_order("u1", (("30000002", 2),), "京东E卡", idempotency_key="a") == new
    await shop.modify_order("2000000001", (LineChange("30000001", "30000009"),), idempotency_key="b")
    await shop.urge_order("2000000001", idempotency_key="c")
    await shop.change_address("2000000001", "杭州市余杭区云栖路8号，电话：19900002222", idempotency_key="d")
    await shop.create_return("2000000002", ("30000002",), "", idempotency_key="e")
    await shop.request_invoice("2000000001", "个人", idempotency_key="f")
    await shop.book_visit(new.order_number, "installation", date(2025, 6, 20), idempotency_key="g")
    await shop.register_cashback("2000000001", "https://img.example.com/1.jpg", idempotency_key="h")
    mine = {"user_id": "u1", "order_id": A}
    goods = [{"product_id": "30000002", "quantity": 2}]
    whom = {"user_name": NAME, "phone_number": PHONE}
    gold = worlds.after(
        [
            _gold("manage_order", user_id="u1", action="增加", payment="京东E卡", product_info_list=goods),
            _gold("manage_ecard", user_id="u1", action="余额使用", product_id="30000002", quantity=2),
            _gold("manage_exchange", **mine, original_product_id="30000001", exchange_product_id="30000009"),
            _gold("manage_urgent", **mine),
            _gold("manage_order", **mine, action="修改", address="余杭区云栖路8号", phone_number="19900002222"),
            _gold("manage_return", user_id="u1", order_id=B),
            _gold("manage_ecard", user_id="u1", action="退款", amount=40),
            _gold("manage_invoice", order_id=A, title=NAME, phone_number=PHONE, invoice_type="个人发票"),
            _gold(
                "schedule_service",
                user_id="u1",
                order_id="1234567890",
                **whom,
                service_type="安装",
                service_time="周五",
            ),
            _gold("register_cashback_by_review", **mine, action="返现"),
        ]
    )
    assert differing(before, await world.snapshot(), gold) == ([], [])


async def test_a_world_refuses_what_its_policy_does_not_allow(folder: Path) -> None:
    shop = EcomWorlds(folder).fresh().shop

    async def rule_of(awaitable: Any) -> str:
        with pytest.raises(ActionRefused) as refused:
            await awaitable
        return refused.value.rule

    assert (
        await rule_of(shop.place_order("u1", (("30000001", 2),), "京东E卡", idempotency_key="a")) == "balance_too_low"
    )
    assert await rule_of(shop.cancel_order("2000000002", "", idempotency_key="b")) == "already_shipped"
    change = (LineChange("30000001", "30000008"),)
    assert await rule_of(shop.modify_order("2000000001", change, idempotency_key="c")) == "out_of_stock"
    exchange = shop.create_return("2000000002", ("30000002",), "", kind="exchange", idempotency_key="d")
    assert await rule_of(exchange) == "no_exchange_after_delivery"
    assert (await shop.protect_price("2000000001", idempotency_key="e")).amount == 20
    assert await rule_of(shop.protect_price("2000000001", idempotency_key="f")) == "already_protected"


def test_tasks_have_the_facts_of_their_lookups(folder: Path, tmp_path: Path) -> None:
    lookups = [
        _gold("get_gift_info_tool", product_id="30000001"),
        _gold("get_fault_code_info_tool", product_id="30000001", fault_code="E7"),
    ]
    row = {
        "id": "x",
        "user_id": "u1",
        "instruction": "<意图一>你要退货<\\意图一>",
        "gold_actions": [],
        "gold_lookups": lookups,
    }
    file = tmp_path / "tasks.jsonl"
    file.write_text(json.dumps(row) + "\n", "utf-8")
    (task,) = plays(folder, file)
    assert (task.task_id, task.kinds, task.not_covered, task.customer_id) == ("x", ("return",), "", "u1")
    assert task.facts == (("get_gift_info_tool", ("收纳袋",)), ("get_fault_code_info_tool", ("风道堵塞",)))


def test_files_that_are_no_tasks_or_no_world_are_named(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text('{"id": "x"}\n', "utf-8")
    with pytest.raises(DataError, match="row 1: user_id, instruction, gold_actions missing"):
        plays(folder, file)
    with pytest.raises(DataError, match="no ECom-Bench world"):
        EcomWorlds(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no tool is called fly"):
        EcomWorlds(folder).after([_gold("fly")])


@pytest.mark.parametrize(
    ("said", "day"),
    [("星期天", "周日"), ("下周三", "周三"), ("明天", "周二"), ("2025-06-20", "周五"), ("尽快", "尽快")],
)
def test_days_are_compared_by_their_weekday(said: str, day: str) -> None:
    assert weekday_of(said) == day


def _gold(name: str, **arguments: Any) -> Mapping[str, Any]:
    return {"name": name, "arguments": arguments}
