"""Words that tell which service is wanted, whatever the intent: undo it, fetch it, it never came. Pure.

An intent says what a message is about; these say which of a skill's answers fits, or that a skill claims the words.
"""

from __future__ import annotations

import re
from typing import Literal

_RESTORE = re.compile(
    r"(恢复|撤销|撤回|撤掉).{0,8}(取消|退货|换货|退换|售后)"
    r"|取消(一下|掉|我的|刚才的?|那个|这个|之前的?|申请的)*(退货|换货|退换货?|退款申请|售后申请)"
    r"|恢复.{0,6}(订单|那单|这单)|(订单|那单|这单).{0,6}恢复|(退货|换货|退款)(申请|单)?.{0,3}(撤销|撤回|取消掉|取消了吧)|不想?(退|换)货?了.{0,4}(撤|取消)"
    r"|\b(restore|reinstate|un-?cancel)\b|\b(withdraw|cancel|undo) (my |the |that )?(return|exchange|cancellation)\b",
    re.IGNORECASE,
)
_REGRETS = re.compile(
    r"还是(要|留)|留着|后悔|反悔|撤销|撤回|恢复|当我没说|\bundo\b|changed my mind|\bkeep (it|them|the order)\b"
    r"|i (do )?want it after all|take (it|that) back",
    re.IGNORECASE,
)
_TAKES_BACK = {
    "cancel_order": re.compile(r"不(要|想|用)?取消了?|别取消|(don'?t|do not) cancel", re.IGNORECASE),
    "return": re.compile(r"不(要|想|用)?退货?了|别退|还是不退|(don'?t|do not) return", re.IGNORECASE),
    "exchange": re.compile(r"不(要|想|用)?换货?了|别换|还是不换|(don'?t|do not) exchange", re.IGNORECASE),
}
_INSTEAD = {
    "return": re.compile(r"换|exchange|replace", re.IGNORECASE),
    "exchange": re.compile(r"退|return|refund", re.IGNORECASE),
}
"""「不退了，换一个」 is another request, not an undoing."""
_PICKUP = re.compile(
    r"上门.{0,3}(取|来|揽|收)|(预约|约|安排).{0,5}(取件|取货|揽收|快递|上门)|取件|来(家里|我家)?(取|拿)(一下|件|货|走)?"
    r"|\bpick(ed)?[ -]?((it|them|this|that) )?up\b|\bcollect (it|them|the parcel)\b|come (and )?(get|fetch|collect)",
    re.IGNORECASE,
)
_OWN_WAY = re.compile(r"自提|自取|自己|门店|店里|仓库|取件码|\b(store|shop|myself|local)\b", re.IGNORECASE)
"""The customer fetches something."""
_REFUND = re.compile(
    r"(想|要|想要|申请|给我|帮我|直接)退款(?![到呢怎没了的进多什金失成])"
    r"|\b(want|need|like|get|have|give me) (a |my )?(full )?(refund|money back)\b(?! (status|arriv|come))",
    re.IGNORECASE,
)
_REFUND_ON_ITS_WAY = re.compile(
    r"什么时候|多久|几天|到账|进度|查|状态|\b(when|how long|status|check|where)\b", re.IGNORECASE
)
_NOT_RECEIVED = re.compile(
    r"(显示|写着?|说是?|标|系统|物流|状态|明明|已经?).{0,10}(签收|送到|送达|妥投|收货|已收).{0,14}(没|未)(有)?(收|拿|见|看|到)"
    r"|(没|未)(有)?(收|拿)到.{0,14}(显示|写|说|已经?|怎么|却).{0,6}(签收|送到|送达|妥投|收货)"
    r"|(不是|没有?|谁)(我|本人)?签收|被别人(签|拿|取)|(包裹|快递|东西|货)(是不是)?(丢|没)了"
    r"|\b(says?|shows?|marked|status)\b.{0,24}\bdelivered\b.{0,40}(not|n't|never|no (parcel|package))"
    r"|(not|n't|never) (received?|arrived?|got(ten)?|get).{0,40}\bdelivered\b"
    r"|\b(parcel|package|order) (is |got |was )?(lost|stolen)\b",
    re.IGNORECASE,
)
_TRACKING_NUMBER = re.compile(
    r"(?<!订)单号.{0,6}(是?多少|是?什么|呢|吗|给我|发我|告诉|发一下|报|几|查)|(要|给|发|查|报|告诉|看).{0,8}(快递|物流|运)单号"
    r"|\btracking (number|code|id)\b",
    re.IGNORECASE,
)
_HURRY = re.compile(
    r"催(?!了.{0,4}次|过|了(多|很久|半天))|加急|\bhurry|\bchase (it|up|the|my)\b|\bexpedite\b"
    r"|\bspeed (it|things|this) up\b",
    re.IGNORECASE,
)
_OTHER_NUMBER = re.compile(r"发票|where do i (put|enter)", re.IGNORECASE)
_REMAINING = re.compile(
    r"(还有|另外|剩下?|其余|其他|别的).{0,8}(没|未)(发|到|收|寄|送|来)|(只|就)(收到|到了|来了|发了|寄了)"
    r"|(少|缺)(了|发)|(哪个|哪些|每个|几个).{0,4}包裹"
    r"|(分|拆)(成|开|了).{0,6}(发|包裹|寄)"
    r"|\b(rest|remaining|other (parcel|package|item)s?|only (got|received)|missing)\b"
    r"|which (parcel|package)",
    re.IGNORECASE,
)
_OWN_COUPONS = re.compile(
    r"(我|账号|账户|账上|还有|有没有|有几|领了?).{0,8}(券|红包)|券.{0,10}(用不|不能用|没法用|过期|失效|没了|不见|到期|不可用|为什么|怎么用不)"
    r"|(用不|不能用|没法用).{0,8}券|(查|看).{0,6}(券|红包)|\b(my|any|have|which) .{0,16}(coupons?|vouchers?)\b"
    r"|(coupon|voucher).{0,24}(not work|n't work|n't apply|expired?|rejected|can'?t|invalid)"
    r"|can'?t use.{0,16}(coupon|voucher)",
    re.IGNORECASE,
)
_OWN_MEMBERSHIP = re.compile(
    r"(我|账号|账户|查|看看?|现在|目前|还有|剩).{0,8}(积分|等级|级别|会员)|积分.{0,4}(多少|剩|余|还有|够)|(是什么|什么|哪个|几级)会员"
    r"|\bmy (points|level|membership|tier|status)\b|how many points|points (do i|have i)|what (level|tier) am i",
    re.IGNORECASE,
)
_CALL_BACK = re.compile(
    r"回(访|个?电话|我?电话|电)|(明|后|大后)(天|早|晚).{0,8}(给我|打|联系|来).{0,3}电话?"
    r"|(周|星期|礼拜)[一二三四五六日天].{0,8}(给我打|联系我|打电话)|(处理|解决|弄|修)(完|好)了?.{0,10}(告诉|通知|联系|给我打|回复)我?"
    r"|跟进(一?下)?(再|给我|联系)|\b(call|ring|phone|contact) me (back|tomorrow|later|on|when|next|after)"
    r"|\bcall.?back\b|\bfollow up with me\b",
    re.IGNORECASE,
)
_MORNING = re.compile(r"上午|早上|早晨|一早|早点|中午(之?前|以前)|\bmorning\b|before noon|\ba\.?m\b", re.IGNORECASE)
_AFTERNOON = re.compile(r"下午|午后|中午(之?后|以后)|傍晚|\bafternoon\b|after (noon|lunch)|\bp\.?m\b", re.IGNORECASE)


def wants_restored(text: str) -> bool:
    """恢复订单, 撤销退货, "withdraw my return": something done before is to be undone."""
    return bool(_RESTORE.search(text))


def takes_back(text: str, done: Literal["cancel_order", "return", "exchange"]) -> bool:
    """不取消了, 还是留着吧, "keep it": right after ``done``, a wish to undo it."""
    if done in _INSTEAD and _INSTEAD[done].search(text) and not wants_restored(text):
        return False
    return bool(_REGRETS.search(text) or _TAKES_BACK[done].search(text)) or wants_restored(text)


def wants_pickup(text: str) -> bool:
    """上门取件, "pick it up": a carrier is to fetch the goods from the customer."""
    return bool(_PICKUP.search(text)) and not _OWN_WAY.search(text)


def wants_refund(text: str) -> bool:
    """我想退款, "I want a refund"; not where the refund is."""
    return bool(_REFUND.search(text)) and not _REFUND_ON_ITS_WAY.search(text)


def not_received(text: str) -> bool:
    """显示签收了但没收到, "it says delivered but it is not here"."""
    return bool(_NOT_RECEIVED.search(text))


def asks_tracking_number(text: str) -> bool:
    """快递单号是多少; not that of an invoice, nor where one goes."""
    return bool(_TRACKING_NUMBER.search(text)) and not _OTHER_NUMBER.search(text)


def wants_hurried(text: str) -> bool:
    """催一下快递, "hurry it up": an order or a parcel is to come sooner."""
    return bool(_HURRY.search(text))


def asks_parcels(text: str) -> bool:
    """只收到一件, 剩下的什么时候发: which parcel holds what."""
    return bool(_REMAINING.search(text))


def about_own_coupons(text: str) -> bool:
    """我有什么券, 券为什么用不了: not about what is on offer."""
    return bool(_OWN_COUPONS.search(text))


def about_own_membership(text: str) -> bool:
    """我有多少积分, 我是什么等级: not about how membership works."""
    return bool(_OWN_MEMBERSHIP.search(text))


def wants_call_back(text: str) -> bool:
    """回个电话, 处理好了告诉我, "call me back": a person is to call later, not to answer now."""
    return bool(_CALL_BACK.search(text))


def part_of_day(text: str) -> Literal["morning", "afternoon"] | None:
    """上午, 下午, "in the morning"; None when neither or both are said."""
    morning, afternoon = bool(_MORNING.search(text)), bool(_AFTERNOON.search(text))
    if morning == afternoon:
        return None
    return "morning" if morning else "afternoon"
