"""Why a customer sends something back or cancels: read from free words, offered as choices. Pure."""

from __future__ import annotations

import re

from dialogue.wording import Wording

RETURN_REASONS = ("unwanted", "size", "quality", "wrong_item", "not_as_described")
FAULTS = ("quality", "wrong_item", "missing", "not_as_described")
"""What may be wrong with goods that came."""
CANCEL_REASONS = ("unwanted", "mistake", "address", "slow", "price")

_CLUES: dict[str, tuple[str, ...]] = {
    "missing": (
        r"漏发|少发|少了|少件|缺(了|件)|没(放|装|给|有)(进|里面|配件|赠品)|不(全|齐)",
        r"missing|not in the (box|parcel)|incomplete|left out",
    ),
    "wrong_item": (
        r"发错|错发|送错|不是我(买|要|订)的|sent (me )?the wrong",
        r"wrong (item|one|colou?r|size) (was )?(sent|delivered|arrived)",
    ),
    "quality": (
        r"质量|坏|破(了|损|的|洞|掉)|瑕疵|故障|不能用|用不了|开不了机|裂(了|开|纹|缝)|漏(水|电)|变质|过期|掉色",
        r"broken|damaged|defect|faulty|does ?n.t work|not working|stopped working|quality|cracked",
    ),
    "size": (
        r"尺寸|尺码|大小不|太大|太小|偏大|偏小|不合(身|适|脚)|大了|小了",
        r"too (big|small|large|tight|loose)|does ?n.t fit|wrong size",
    ),
    "not_as_described": (
        r"不符|色差|(跟|和|与)(图片|描述|详情)|不一样",
        r"not as described|different from|looks different",
    ),
    "mistake": (
        r"买错|拍错|拍多|买多|重复(买|下单|拍)|下错|选错",
        r"by mistake|wrong (item|one|size|colou?r)|ordered twice|duplicate|accident",
    ),
    "address": (r"地址(写|填|选)?(错|不对)|wrong address",),
    "slow": (r"太慢|等太久|一直不发|还不发货|来不及|too (slow|long)|takes too",),
    "price": (r"降价|便宜|太贵|优惠|cheaper|too expensive|price",),
    "unwanted": (
        r"不想要|不要了|不喜欢|不需要|用不(着|上)|后悔|改主意|没用|七天无理由|无理由",
        r"no longer|do ?n.t (want|need|like)|changed my mind",
    ),
}


def reason_in(text: str, among: tuple[str, ...]) -> str | None:
    """The one of ``among`` that the words give, else None."""
    for name, clues in _CLUES.items():
        if name in among and any(re.search(clue, text, re.IGNORECASE) for clue in clues):
            return name
    return None


def in_words(name: str, wording: Wording) -> str:
    """The reason as it is said, sent to the shop and offered."""
    return wording.say(f"reasons.{name}")
