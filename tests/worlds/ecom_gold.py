"""Gold actions of an ECom-Bench task done to a world's records, as the benchmark's tools do them: without any check.

manage_order 取消 | 修改 | 增加   manage_return   manage_exchange 换货   manage_ecard 余额使用 | 退款
manage_urgent   manage_invoice   schedule_service   register_cashback_by_review 返现
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dialogue.evaluate.retrieval import DataError
from tests.worlds.ecom_records import NEW_ORDER, Record, Records

Arguments = Mapping[str, Any]


def apply(records: Records, actions: Iterable[Mapping[str, Any]]) -> None:
    """Do ``actions`` in their order. Raises ``DataError`` for one that the tools do not know."""
    for action in actions:
        name, arguments = str(action["name"]).removesuffix("_tool"), action["arguments"]
        if name not in _TOOLS:
            raise DataError(f"no tool is called {name}")
        try:
            _TOOLS[name](records, arguments)
        except KeyError as error:
            raise DataError(f"{name}: {error} is missing") from error


def _order_of(records: Records, arguments: Arguments) -> Record:
    number = arguments["order_id"]
    return records.orders[arguments["user_id"]][number]


def _manage_order(records: Records, arguments: Arguments) -> None:
    match arguments.get("action"):
        case "取消":
            _order_of(records, arguments)["订单状态"] = "已取消"
        case "修改":
            address = _order_of(records, arguments)["收货地址"]
            address["详细地址"] = arguments.get("address") or address["详细地址"]
            address["电话号码"] = arguments.get("phone_number") or address["电话号码"]
        case "增加":
            _place(records, arguments)


def _place(records: Records, arguments: Arguments) -> None:
    user = arguments["user_id"]
    profile = records.users[user]
    lines = [
        {"商品ID": wanted["product_id"], "单价": product["商品价格"], "数量": wanted["quantity"]}
        for wanted in arguments["product_info_list"]
        if (product := records.products.get(wanted["product_id"])) is not None
    ]
    records.orders.setdefault(user, {})[NEW_ORDER] = new_order(
        user, NEW_ORDER, profile, lines, arguments.get("payment", "支付宝")
    )


def new_order(user: str, number: str, profile: Record, lines: list[Record], paid_by: str) -> Record:
    """The record of an order that has just been placed: paid, to the address of the profile."""
    return {
        "用户ID": user,
        "订单ID": number,
        "订单状态": "已付款",
        "订单总金额": sum(line["单价"] * line["数量"] for line in lines),
        "是否加急": False,
        "订单商品列表": lines,
        "收货地址": {"收件人姓名": profile["用户姓名"], "电话号码": profile["电话号码"], **profile["地址信息"]},
        "支付方式": paid_by,
    }


def _manage_return(records: Records, arguments: Arguments) -> None:
    _order_of(records, arguments)["订单状态"] = "已退货"


def _manage_exchange(records: Records, arguments: Arguments) -> None:
    if arguments.get("action", "换货") != "换货":
        return
    for line in _order_of(records, arguments)["订单商品列表"]:
        if line["商品ID"] == arguments["original_product_id"]:
            line["商品ID"] = arguments["exchange_product_id"]
            return


def _manage_ecard(records: Records, arguments: Arguments) -> None:
    profile = records.users[arguments["user_id"]]
    match arguments.get("action"):
        case "余额使用":
            price = records.products[arguments["product_id"]]["商品价格"]
            profile["电子卡余额"] -= price * arguments["quantity"]
        case "退款":
            profile["电子卡余额"] += float(arguments["amount"])


def _manage_urgent(records: Records, arguments: Arguments) -> None:
    _order_of(records, arguments)["是否加急"] = True


def _manage_invoice(records: Records, arguments: Arguments) -> None:
    records.invoices[arguments["order_id"]] = {
        "订单ID": arguments["order_id"],
        "发票类型": arguments["invoice_type"],
        "发票抬头": arguments["title"],
        "手机号码": arguments["phone_number"],
    }


def _schedule_service(records: Records, arguments: Arguments) -> None:
    records.visits[arguments["order_id"]] = {
        "服务类型": arguments["service_type"],
        "用户姓名": arguments["user_name"],
        "电话号码": arguments["phone_number"],
        "预约日期": arguments["service_time"],
    }


def _register_cashback(records: Records, arguments: Arguments) -> None:
    if arguments.get("action") == "返现":
        records.cashbacks[arguments["order_id"]] = True


_TOOLS: dict[str, Callable[[Records, Arguments], None]] = {
    "manage_order": _manage_order,
    "manage_return": _manage_return,
    "manage_exchange": _manage_exchange,
    "manage_ecard": _manage_ecard,
    "manage_urgent": _manage_urgent,
    "manage_invoice": _manage_invoice,
    "schedule_service": _schedule_service,
    "register_cashback_by_review": _register_cashback,
}
