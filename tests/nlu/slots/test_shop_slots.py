"""Slots of a shop by table: carriers, phones, counts, colours, sizes, reasons, addresses; and what only looks so."""

from __future__ import annotations

from datetime import date

import pytest

from nlu.normalize import normalize
from nlu.slots import find_slots
from nlu.slots.carriers import carrier_of, dhl_valid, fedex_valid, s10_valid, ups_valid
from nlu.slots.reasons import REASONS
from nlu.types import Expectation, Slot, SlotValue

TODAY = date(2026, 11, 19)
FREE = Expectation()
ADDRESS = Expectation("address")


def slots_of(text: str, expectation: Expectation = FREE) -> tuple[Slot, ...]:
    language = "zh" if any("一" <= char <= "鿿" for char in text) else "en"
    return find_slots(normalize(text, language), expectation, language, TODAY)


def only(text: str, *names: str, expectation: Expectation = FREE) -> list[tuple[str, SlotValue]]:
    return [(slot.name, slot.value) for slot in slots_of(text, expectation) if slot.name in names]


@pytest.mark.parametrize(
    ("text", "number", "carrier", "fails"),
    [
        ("快递单号SF1390123456789", "SF1390123456789", "sf", False),
        ("S F 幺三九零幺二三四五六七八九", "SF1390123456789", "sf", False),
        ("YT1234567890123到哪了", "YT1234567890123", "yto", False),
        ("JD0123456789012", "JD0123456789012", "jd", False),
        ("JT1234567890123", "JT1234567890123", "jt", False),
        ("中通 78123456789012", "78123456789012", "zto", False),
        ("申通的772123456789012", "772123456789012", "sto", False),
        ("韵达快递4321123456789", "4321123456789", "yunda", False),
        ("EMS单号EE876543212CN", "EE876543212CN", "ems", True),
        ("RR123456785CN", "RR123456785CN", "ems", False),
        ("my ups number is 1Z999AA10123456784", "1Z999AA10123456784", "ups", False),
        ("1Z 999 AA1 01 2345 6785", "1Z999AA10123456785", "ups", True),
        ("fedex 986578788855", "986578788855", "fedex", False),
        ("dhl tracking number 3318810025", "3318810025", "dhl", False),
    ],
)
def test_tracking_numbers_have_their_carrier(text: str, number: str, carrier: str, fails: bool) -> None:
    (slot,) = [slot for slot in slots_of(text) if slot.name == "tracking_number"]
    assert (slot.value, slot.kind, slot.fails_check) == (number, carrier, fails)


def test_check_digits_by_published_examples() -> None:
    assert s10_valid("RR123456785CN")
    assert not s10_valid("RR123456784CN")
    assert ups_valid("1Z999AA10123456784")
    assert fedex_valid("986578788855")
    assert dhl_valid("3318810025")
    assert carrier_of("12345") is None


@pytest.mark.parametrize("text", ["iPhone15", "我买了AB123456789XY", "usb 3.0", "JD618活动"])
def test_no_tracking_number(text: str) -> None:
    assert only(text, "tracking_number") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("电话改成13900139000", "13900139000"),
        ("座机是010-85201234", "01085201234"),
        ("联系方式021 6888 1234", "02168881234"),
        ("call me at +1 415 555 2671", "+14155552671"),
        ("+86 138 0013 8000", "13800138000"),
    ],
)
def test_phones(text: str, value: str) -> None:
    assert only(text, "phone") == [("phone", value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("我要两件", 2), ("买三双", 3), ("拍了五个", 5), ("再加十瓶", 10), ("来俩个", 2), ("改成一件", 1),
        ("只收到一个", 1),
        ("我要12包", 12), ("一打，要两打", 24), ("i want two of them", 2), ("a pair of shoes", 1), ("three pairs of "
            "socks", 3),
        ("i ordered two shirts", 2), ("5 pieces", 5), ("just one pair", 1),
    ],
)  # fmt: skip
def test_quantities(text: str, value: int) -> None:
    assert only(text, "quantity") == [("quantity", value)]


@pytest.mark.parametrize(
    "text",
    ["我要一个", "这个多少钱", "第二个", "等了三个月", "两个小时", "三个问题", "推荐一款耳机", "那两年",
    "two days ago", "a shirt",
     "one question", "i have two questions", "size 10 shoes", "iphone 15 cases", "每个"],
)  # fmt: skip
def test_no_quantity(text: str) -> None:
    assert only(text, "quantity") == []


def test_a_bare_number_answers_how_many() -> None:
    asked = Expectation("free", "quantity")
    assert only("三", "quantity", expectation=asked) == [("quantity", 3)]
    assert only("就一个吧", "quantity", expectation=asked) == [("quantity", 1)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("要白色的", ["白色"]), ("换成浅蓝色", ["浅蓝色"]), ("黑的有吗", ["黑色"]), ("藏青色的", ["藏青色"]),
        ("深灰色", ["深灰色"]),
        ("把红色换成黑色", ["红色", "黑色"]), ("樱花粉还有吗", ["樱花粉"]), ("in navy blue", ["蓝色"]), ("a light "
            "green one", ["浅绿色"]),
        ("do you have it in black", ["黑色"]),
    ],
)  # fmt: skip
def test_colours(text: str, value: list[str]) -> None:
    assert [found for _, found in only(text, "colour")] == value


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("我要M码", "M", "clothes"), ("换XL的", "XL", "clothes"), ("换大码", "L", "clothes"), ("加大号有吗", "XL",
        "clothes"),
        ("均码吗", "均码", "clothes"), ("2XL", "XXL", "clothes"), ("42码", "42", "eu"), ("鞋子42码半", "42.5", "eu"),
        ("四十二码的", "42", "eu"), ("260码", "260", "cn"), ("EU 43", "43", "eu"), ("美码9.5", "9.5", "us"), ("US 9",
        "9", "us"),
        ("175/96A", "175", "cn"), ("尺码是38", "38", "eu"), ("size 10", "10", "us"), ("i wear a "
            "medium", "M", "clothes"),
        ("size extra large", "XL", "clothes"), ("do you have it in xl", "XL", "clothes"),
    ],
)  # fmt: skip
def test_sizes(text: str, value: str, kind: str) -> None:
    assert [(slot.value, slot.kind) for slot in slots_of(text) if slot.name == "size"] == [(value, kind)]


@pytest.mark.parametrize(
    "text",
    ["我的m", "3号楼", "12个小时", "38块钱", "about us", "i'm here", "small "
        "talk", "加大力度", "白跑一趟", "明白的", "红包",
     "it is clear to me", "黄牛"],
)  # fmt: skip
def test_neither_colour_nor_size(text: str) -> None:
    assert only(text, "colour", "size") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("你们发错货了", "wrong_item"), ("颜色发错了", "wrong_item"), ("you sent me the wrong item", "wrong_item"),
        ("少了一件", "missing"), ("漏发了配件", "missing"), ("盒子里是空的", "missing"), ("a part is "
            "missing", "missing"),
        ("盒子都压扁了", "damaged"), ("杯子碎了", "damaged"), ("屏幕有划痕", "damaged"), ("it arrived "
            "broken", "damaged"),
        ("和图片不一样", "not_as_described"), ("有色差", "not_as_described"), ("it's not as "
            "described", "not_as_described"),
        ("太大了", "too_big"), ("买大了一号", "too_big"), ("the shoes are too big", "too_big"), ("有点小", "too_small"),
        ("穿不下", "too_small"), ("it doesn't "
            "fit", "too_small"), ("质量太差了", "quality"), ("吹风机不转了", "quality"),
        ("用了两天就坏了", "quality"), ("it stopped "
            "working", "quality"), ("等太久了", "late"), ("都十天了还没到", "late"),
        ("it took too long", "late"), ("别家更便宜", "cheaper_elsewhere"), ("刚买就降价了", "cheaper_elsewhere"),
        ("i found it cheaper "
            "elsewhere", "cheaper_elsewhere"), ("我不想要了", "no_longer_wanted"), ("不喜欢", "no_longer_wanted"),
        ("拍错了", "no_longer_wanted"), ("i changed my mind", "no_longer_wanted"), ("i no longer want "
            "it", "no_longer_wanted"),
    ],
)  # fmt: skip
def test_reasons(text: str, reason: str) -> None:
    assert [value for _, value in only(text, "return_reason")] == [reason]


def test_every_reason_is_in_the_table() -> None:
    assert len(REASONS) == 10


@pytest.mark.parametrize(
    "text",
    ["没坏", "会掉色吗", "不是质量问题", "质量怎么样", "多大", "尺码怎么选", "会不会太大", "大不大", "我要退货",
    "快递到哪了",
     "大小合适", "is it too big?", "not damaged", "how big is it"],
)  # fmt: skip
def test_no_reason(text: str) -> None:
    assert only(text, "return_reason") == []


PARTS = ("province", "city", "district", "street", "address_detail", "receiver")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "浙江省杭州市西湖区文三路90号东部软件园2号楼",
            ["浙江省", "杭州市", "西湖区", "文三路", "90号东部软件园2号楼"],
        ),
        ("地址改成北京市朝阳区建国路88号", ["北京市", "朝阳区", "建国路", "88号"]),
        ("寄到上海浦东新区世纪大道100号5楼", ["上海市", "浦东新区", "世纪大道", "100号5楼"]),
        ("广东深圳南山科技园", ["广东省", "深圳市", "南山区", "科技园"]),
        ("江苏省苏州市工业园区", ["江苏省", "苏州市", "工业园区"]),
        ("新疆乌鲁木齐市天山区解放北路12号", ["新疆维吾尔自治区", "乌鲁木齐市", "天山区", "解放北路", "12号"]),
        ("收货人改成张小明", ["张小明"]),
        ("武汉市洪山区珞喻路10号 李雷收", ["武汉市", "洪山区", "珞喻路", "10号", "李雷"]),
        ("ship it to 221 Baker Street, London", ["221 Baker Street", "London"]),
        ("my new address is 15 Elm Road, apt 4B", ["15 Elm Road", "apt 4B"]),
    ],
)
def test_addresses(text: str, parts: list[str]) -> None:
    assert [value for _, value in only(text, *PARTS)] == parts


def test_an_address_that_was_asked_for_may_be_short() -> None:
    assert only("3号楼2单元", *PARTS, expectation=ADDRESS) == [("address_detail", "3号楼2单元")]
    assert only("文三路90号", *PARTS, expectation=ADDRESS) == [("street", "文三路"), ("address_detail", "90号")]


@pytest.mark.parametrize(
    "text",
    ["我要退货", "一路顺风", "北京烤鸭好吃吗", "改到3号楼", "上海什么时候能到", "海南的芒果", "没有道理", "我在家里",
    "公司发货吗",
     "在路上了吗", "明天能到吗"],
)  # fmt: skip
def test_no_address(text: str) -> None:
    assert [name for name, _ in only(text, "street", "address_detail", "receiver")] == []


def test_what_is_denied_is_no_slot() -> None:
    assert only("不是六号，是五号", "date") == [("date", date(2026, 11, 5))]
    assert only("不要黑色，要白色的", "colour") == [("colour", "白色")]
    assert only("我要两件不是三件", "quantity") == [("quantity", 2)]
    assert only("是不是六号发货", "date") == [("date", date(2026, 11, 6))]
