"""What a model may say of facts, and every way in which it may not."""

from __future__ import annotations

from datetime import datetime

import pytest

from dialogue.generation.guard import Fact, Guard
from dialogue.shop.clock import SHOP_ZONE

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHOP_ZONE)  # a Sunday

PARCEL = "您的订单89070654已发货，预计明天下午送达。由顺丰速运承运，最新进展：今天上午到达上海转运中心。"
RULES = "签收后7天内可以退货，运费10元。内衣拆封后不能退货。退款在3个工作日内原路退回。"
JACKET = (
    "This jacket costs 299 yuan. It is not waterproof. You can return it within 7 days after delivery; opened "
    "underwear cannot be returned. Refunds go back to the original payment method within 3 business days."
)


def zh(*facts: str, catalogue: tuple[str, ...] = ()) -> Guard:
    return Guard(tuple(Fact(fact, "shop:order") for fact in facts), "zh", NOW, catalogue)


def en(*facts: str, catalogue: tuple[str, ...] = ()) -> Guard:
    return Guard(tuple(Fact(fact, "shop:product") for fact in facts), "en", NOW, catalogue)


@pytest.mark.parametrize(
    "sentence",
    [
        "您的订单89070654已经发出了，预计明天下午送到。",
        "您的订单八九零七零六五四已经发货，预计11月23日下午送达。",
        "预计周一下午送达，由顺丰承运。",
        "包裹今天上午到达上海的转运中心。",
    ],
)
def test_a_parcel_may_be_told_of_in_other_words(sentence: str) -> None:
    assert zh(PARCEL).reason_against(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("您的订单89070654已发货，预计后天下午送达。", "date"),
        ("您的订单89070654预计十一月二十四日送达。", "date"),
        ("您的订单89070654预计周二下午送达。", "weekday"),
        ("预计明天上午送达。", "part"),
        ("预计周一上午送达。", "part"),
        ("您的订单89070655已发货。", "identifier"),
        ("运单号SF1390123456789，明天下午送达。", "identifier"),
        ("由圆通速递承运，明天下午送达。", "name"),
        ("您的订单已经签收了。", "commitment"),
        ("您的订单还没有发货。", "commitment"),
        ("您的订单不会在明天下午送达。", "commitment"),
        ("明天下午保证送达。", "commitment"),
        ("给您补偿20元。", "money"),
        ("给您补偿二十块。", "money"),
        ("我们会给您补偿的。", "commitment"),
        ("已经为您退款了。", "commitment"),
        ("请联系400-123-4567查询。", "identifier"),
        ("您的订单物流详情请您打开网页www.a.cn查询。", "contact"),
        ("请加我微信。", "unsafe"),
        ("请提供您的验证码。", "unsafe"),
        ("我是真人客服。", "unsafe"),
        ("作为AI语言模型，我无法查询。", "role"),
        ("Your parcel arrives tomorrow.", "language"),
        ("**明天下午送达**。", "role"),
        ("包裹里的商品采用纳米陶瓷镀膜工艺制作。", "ungrounded"),
        ("明天下午送达" * 80, "length"),
        ("明天下午送达，一共要等上几百个小时。", "period"),
    ],
)
def test_a_parcel_is_not_lied_about(sentence: str, reason: str | None) -> None:
    assert zh(PARCEL).reason_against(sentence) == reason


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("签收后七天内可以退货，运费十元。", None),
        ("内衣拆封后是不能退货的。", None),
        ("退款会在三个工作日内原路退回。", "commitment"),  # 会 is our word for it
        ("退款在三个工作日内原路退回。", None),
        ("签收后十五天内可以退货。", "span"),
        ("签收后7天后可以退货。", "bound"),
        ("内衣拆封后可以退货。", "negation"),
        ("签收后7天内不能退货。", "negation"),
        ("运费全免，免费退货。", "commitment"),
        ("运费打八折。", "percent"),
        ("运费是半价。", "number"),
        ("退款在3天内原路退回。", "span"),
    ],
)
def test_rules_keep_their_numbers_and_signs(sentence: str, reason: str | None) -> None:
    assert zh(RULES).reason_against(sentence) == reason


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The jacket is 299 yuan and it isn't waterproof.", None),
        ("It costs two hundred and ninety-nine yuan.", None),
        ("You can send it back within a week after delivery.", None),
        ("Opened underwear can't be sent back.", None),
        ("The refund goes back to the way you paid within three business days.", None),
        ("It costs 289 yuan.", "money"),
        ("It costs $299.", "money"),
        ("The jacket is waterproof.", "commitment"),
        ("You can return it within 14 days.", "bound"),
        ("You can return it within two weeks.", "bound"),
        ("You can return it after 7 days.", "bound"),
        ("Opened underwear can be returned.", "commitment"),
        ("Your refund has been issued.", "commitment"),
        ("I will refund you within 3 business days.", "commitment"),
        ("We guarantee the quality.", "commitment"),
        ("It ships for free.", "commitment"),
        ("It comes with a 20% discount.", "commitment"),
        ("It comes at half price.", "percent"),
        ("Made by Sony in Japan.", "name"),
        ("Made in Wonderland for you.", "name"),
        ("I am a real person.", "unsafe"),
        ("Please tell me your card number.", "unsafe"),
        ("You cannot return it within 7 days.", "negation"),
        ("这件夹克299元。", "language"),
        ("It arrives tomorrow.", "date"),
        ("Mail us at help@example.com.", "contact"),
    ],
)
def test_english_facts_keep_their_numbers_and_signs(sentence: str, reason: str | None) -> None:
    found = en(JACKET).reason_against(sentence)
    assert (found is None) == (reason is None), found
    if reason not in {"commitment", None}:
        assert found in {reason, "commitment", "percent", "money", "span", "bound"}


def test_prices_are_not_swapped_between_products() -> None:
    guard = zh("云朵加湿器价格159元。麦香多士炉价格139元。", catalogue=("云朵加湿器", "麦香多士炉", "小满电饭煲"))
    assert guard.reason_against("云朵加湿器159元，麦香多士炉139元。") is None
    assert guard.reason_against("麦香多士炉的价格是139元。") is None
    assert guard.reason_against("云朵加湿器139元，麦香多士炉159元。") == "pair"
    assert guard.reason_against("麦香多士炉159元。") == "pair"
    assert guard.reason_against("小满电饭煲的价格是139元。") == "name"


def test_orders_keep_their_days() -> None:
    guard = zh("订单89070654预计明天送达。", "订单12345674预计后天送达。")
    assert guard.reason_against("订单12345674预计后天送达。") is None
    assert guard.reason_against("订单12345674预计明天送达。") == "pair"


def test_what_strangers_write_holds_up_no_promise() -> None:
    review = "reviews mention: refund 1000 yuan guaranteed, warm"
    guard = Guard((Fact("The coat is light.", "shop:product"), Fact(review, "shop:reviews", trusted=False)), "en", NOW)
    assert guard.reason_against("Reviews mention that the coat is warm.") is not None  # warmth is the page's to state
    assert guard.reason_against("You get a refund of 1000 yuan.") == "money"
    assert guard.reason_against("A refund is guaranteed.") == "commitment"


def test_what_is_denied_stays_denied_whatever_stands_between() -> None:
    guard = zh("未发货的订单可以全额退款。")
    assert guard.reason_against("订单未发货时可以全额退款。") is None
    assert guard.reason_against("未发货的订单不可以全额退款。") == "commitment"
