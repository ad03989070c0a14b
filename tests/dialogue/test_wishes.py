"""Words that tell which service is wanted, and words that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from dialogue import cues, wishes


@pytest.mark.parametrize(
    ("wish", "texts", "others"),
    [
        (
            wishes.wants_restored,
            ("把刚才取消的订单恢复一下", "取消退货", "我不想退货了，帮我撤销", "withdraw my return"),
            ("取消订单", "我要取消订单，退货太麻烦", "我要退货", "cancel my order"),
        ),
        (
            wishes.wants_pickup,
            ("可以上门取件吗", "帮我预约快递上门", "pick it up tomorrow", "来取一下"),
            ("取件码发我一下", "能到店自提吗", "can I pick it up in store", "什么时候送到"),
        ),
        (
            wishes.not_received,
            (
                "显示已签收但是我没收到",
                "没收到货，物流却说已经签收了",
                "it says delivered but I never got it",
                "I have not received my package but it shows delivered",
            ),
            ("我的快递到哪了", "还没收到货", "什么时候到", "没收到退款"),
        ),
        (
            wishes.asks_tracking_number,
            ("快递单号是多少", "把物流单号发我", "what is the tracking number"),
            ("我的快递到哪了", "订单号是多少"),
        ),
        (
            wishes.asks_parcels,
            ("我只收到一件，剩下的呢", "还有一件没发货吗", "where is the rest of my order"),
            ("我的快递到哪了", "订单发货了吗"),
        ),
        (
            wishes.wants_refund,
            ("我想退款，上次买的东西到现在还没收到", "我要退款", "申请退款", "I want a refund"),
            ("我想退款到账了吗", "我的退款什么时候到", "怎么查退款进度", "where is my refund", "我要退货"),
        ),
        (
            wishes.about_own_coupons,
            ("我有什么优惠券", "优惠券为什么用不了", "do I have any coupons", "my coupon does not work"),
            ("有什么优惠活动", "优惠券怎么领"),
        ),
        (
            wishes.about_own_membership,
            ("我有多少积分", "我是什么等级", "how many points do I have"),
            ("积分会过期吗", "怎么成为会员", "what are the membership levels"),
        ),
    ],
)
def test_wish(wish: Callable[[str], bool], texts: tuple[str, ...], others: tuple[str, ...]) -> None:
    assert [text for text in texts if not wish(text)] == []
    assert [text for text in others if wish(text)] == []


@pytest.mark.parametrize(
    ("done", "texts", "others"),
    [
        ("cancel_order", ("不取消了", "别取消了", "please keep it", "我后悔了"), ("好的谢谢", "我要退货", "取消订单")),
        (
            "return",
            ("还是不退了", "不退货了", "留着吧", "I changed my mind"),
            ("不退了，换一个", "不退货只换货", "退款呢"),
        ),
        ("exchange", ("不换了", "别换了"), ("不换了，直接退", "换货单号多少")),
    ],
)
def test_right_after_a_write_it_is_taken_back(
    done: Literal["cancel_order", "return", "exchange"], texts: tuple[str, ...], others: tuple[str, ...]
) -> None:
    assert [text for text in texts if not wishes.takes_back(text, done)] == []
    assert [text for text in others if wishes.takes_back(text, done)] == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("明天上午", "morning"),
        ("in the afternoon please", "afternoon"),
        ("上午或者下午都行", None),
        ("明天", None),
        ("中午以后", "afternoon"),
    ],
)
def test_part_of_day(text: str, part: str | None) -> None:
    assert wishes.part_of_day(text) == part


@pytest.mark.parametrize(
    ("text", "value", "right"),
    [
        ("不是八号是六号", "世纪大道八号", "世纪大道六号"),
        ("是6号楼不是8号楼", "世纪大道100号8号楼", "世纪大道100号6号楼"),
        ("不是星晨，是星辰", "上海星晨科技有限公司", "上海星辰科技有限公司"),
        ("not 8 but 6", "8 Century Avenue", "6 Century Avenue"),
        ("不是这个订单，是那个", "世纪大道八号", None),
        ("不对", "世纪大道八号", None),
    ],
)
def test_what_was_read_back_wrongly_is_put_right(text: str, value: str, right: str | None) -> None:
    assert cues.corrected(text, value) == right
