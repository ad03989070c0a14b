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


PACKING = "您的订单89070654已付款，仓库正在备货，发货后会通知您。"
SHELF = "云朵加湿器价格159元，有货，噪音28分贝，容量3L。"


@pytest.mark.parametrize(
    "lie",
    [
        "您的订单已经出库了。",
        "您的订单马上就发货。",
        "您的订单被取消了。",
        "您的订单付款失败了。",
        "您的订单缺货。",
        "我们给您升级为加急配送。",
        "给您申请了优惠券。",
        "仓库没有在备货。",
        "发货后不会通知您。",
        "这个订单需要您重新付款。",
        "您的包裹丢了。",
        "快递员正在给您送货。",
        "建议您拒收。",
        "您的订单超过了时间。",
        "我帮您催了仓库。",
        "您被骗了。",
        "我已经通知仓库了。",
        "商品是正品。",
    ],
)
def test_what_happened_to_an_order_is_not_made_up(lie: str) -> None:
    assert zh(PACKING).reason_against(lie) is not None


def test_what_happened_may_be_told_in_other_words() -> None:
    assert zh(PACKING).reason_against("您的订单已付款，目前仓库正在备货。") is None
    packed = en("Order 89070654 is paid. The warehouse is packing it, and you will be told when it ships.")
    assert packed.reason_against("Your order is paid and the warehouse is packing it.") is None
    for lie in (
        "Your order is on hold.",
        "The warehouse is closed.",
        "The order is a scam.",
        "Your payment failed.",
        "You won't be told when it ships.",
        "I've asked the warehouse to hurry.",
        "It is delayed by a few days.",
        "You have been charged twice.",
        "We lost your parcel.",
        "Please pay again.",
        "I upgraded you to express.",
    ):
        assert packed.reason_against(lie) is not None, lie


@pytest.mark.parametrize(
    "lie",
    [
        "云朵加湿器是静音的。",
        "云朵加湿器噪音不到28分贝。",
        "噪音只有二十分贝。",
        "容量是三十升。",
        "云朵加湿器最便宜。",
        "云朵加湿器耗电很少。",
        "云朵加湿器可以治疗鼻炎。",
        "可以加湿整个房子。",
        "10元可以退货，运费我们出。",
        "退货不用出运费。",
        "运费由我们承担。",
        "您只能退货一次。",
        "保修一年。",
    ],
)
def test_goods_and_rules_are_not_embellished(lie: str) -> None:
    guard = zh("签收后7天内可以退货，运费10元。", SHELF, catalogue=("云朵加湿器",))
    assert guard.reason_against(lie) is not None
    for truth in ("云朵加湿器159块，有现货。", "容量有三升。", "退货的运费是十块钱。", "签收后一周内可以退货。"):
        assert guard.reason_against(truth) is None, truth
