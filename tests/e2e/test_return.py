"""A return in writing, from the first word to the database, with the ``kefu chat`` command."""

from __future__ import annotations

import json

from tests.bench.gateway_process import GatewayProcess
from tests.e2e.customer import Message, digits, kefu
from tests.e2e.shop_database import ShopDatabase

CONVERSATION = "e2e-return"


def chat(gateway: GatewayProcess, text: str) -> Message:
    answer: Message = kefu("chat", text, "--conversation", CONVERSATION, url=gateway.url)
    assert answer["text"].strip()
    assert not answer["degraded"]
    return answer


def test_a_return_is_asked_read_back_confirmed_and_made_once(gateway: GatewayProcess, shop: ShopDatabase) -> None:
    before = shop.one("SELECT count(*) FROM shop_returns")
    lines = chat(gateway, "我想退货")
    assert lines["intent"] == "return_request"
    wanted = lines["suggestions"][0]
    reasons = chat(gateway, wanted)
    assert any("质量" in reason for reason in reasons["suggestions"])
    read_back = chat(gateway, reasons["suggestions"][0])
    (order,) = [card["data"] for card in read_back["cards"] if card["kind"] == "order"]
    assert order["order_number"] in digits(read_back["text"])
    assert wanted in read_back["text"]
    assert shop.returns(order["order_number"]) == []

    made = chat(gateway, "确认")
    ((return_number, kind, skus),) = shop.returns(order["order_number"])
    assert return_number in made["text"].replace(" ", "")
    assert kind == "return"
    assert json.loads(skus) == [line["sku"] for line in order["lines"] if line["name"] == wanted]

    again = chat(gateway, "确认")
    assert len(shop.returns(order["order_number"])) == 1
    assert shop.one("SELECT count(*) FROM shop_returns") == before + 1
    assert shop.one("SELECT count(*) FROM actions WHERE conversation_id = ?", again["conversation_id"]) == 1
