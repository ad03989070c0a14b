"""What the lookups of an ECom-Bench task find, in pieces that an answer may hold. Pure.

One piece that was told counts as the lookup told: a sentence of the page, a price, a scan, a balance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.worlds.ecom_records import Record, Records

_CLAUSES = re.compile(r"[，。；;,：:\n]|\d\.")
_LEAST = 5
"""Characters of a clause that is no accident."""


def pieces(records: Records, name: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Pieces of what the lookup ``name`` finds; empty where it is not known."""
    page = records.products.get(str(arguments.get("product_id") or arguments.get("original_product_id")), {})
    match name.removesuffix("_tool"):
        case "get_installation_service_info":
            return _clauses(page.get("安装说明", ""))
        case "get_repair_info":
            return _clauses(page.get("维修说明", ""))
        case "get_gift_info":
            return tuple(str(gift["赠品名称"]) for gift in page.get("赠品信息", ()))
        case "get_auxiliary_materials_info":
            return tuple(str(one.get("辅材名称") or one.get("name")) for one in page.get("辅材材料", ()))
        case "get_fault_code_info":
            return _faults(page, str(arguments.get("fault_code")))
        case "get_product_info":
            return (*_money(page), *_clauses(page.get("商品描述", "")))
        case "compare_products_info":
            wanted = [records.products.get(str(sku), {}) for sku in arguments["product_ids"]]
            return tuple(price for one in wanted for price in _money(one))
        case "get_logistics_info":
            return _scans(records, str(arguments["order_id"]))
        case "manage_exchange":
            return tuple(str(one["商品ID"]) for one in page.get("可换货商品", ())) + tuple(
                clause for one in page.get("可换货商品", ()) for clause in _clauses(one["商品描述"])
            )
        case "manage_order":
            return (str(arguments.get("order_id")),)
        case "manage_ecard" if arguments.get("action") == "余额查询":
            return (f"{records.users[str(arguments['user_id'])]['电子卡余额']:g}",)
        case "manage_ecard":
            return ("36个月", "不可提现", "退回原卡")
        case "get_discount_info":
            return ("满6000减600", "每满299减50", "最高600元", "打9.5折")
        case "register_cashback_by_review":
            return ("返现", "晒单")
        case _:
            return ()


def _clauses(text: str) -> tuple[str, ...]:
    return tuple(clause.strip() for clause in _CLAUSES.split(text) if len(clause.strip()) >= _LEAST)


def _faults(page: Record, code: str) -> tuple[str, ...]:
    return tuple(str(fault["故障名称"]) for fault in page.get("常见故障", ()) if fault["故障代码"] == code)


def _money(page: Record) -> tuple[str, ...]:
    return (f"{page['商品价格']:g}元", f"{page['商品价格']:.2f}元") if page else ()


def _scans(records: Records, number: str) -> tuple[str, ...]:
    parcel = next((of_user[number] for of_user in records.parcels.values() if number in of_user), None)
    if parcel is None:
        return ()
    scans = parcel["物流轨迹"]
    return (
        parcel["物流单号"],
        *(str(scan["位置"]) for scan in scans[-1:] if scan.get("位置")),
        *_clauses(scans[-1]["描述"]),
    )
