"""The bot's own words are taken off what was heard, and only they."""

from __future__ import annotations

import pytest

from speech.echo import own_words
from speech.overlap import Overlap, Verdict, is_stop, judge

SPOKEN = "您的包裹已经到了杭州。预计明天下午送到。"
SPOKEN_EN = "Your parcel arrived in Hangzhou this morning. It will be delivered tomorrow afternoon."


@pytest.mark.parametrize(
    ("text", "spoken", "own"),
    [
        ("您的包裹已经到了杭州", SPOKEN, ""),
        ("包裹已经到了航州预计", SPOKEN, ""),  # homophones and a seam between sentences
        ("您的包裹以经道了", SPOKEN, ""),
        ("您的", SPOKEN, ""),  # all that comes back before the bot is held
        ("包", SPOKEN, ""),
        ("您的包裹已经我要改地址", SPOKEN, "我要改地址"),
        ("包裹已经停一下", SPOKEN, "停一下"),
        ("我要改地址已经到了", SPOKEN, "我要改地址"),
        ("arrived in Hangzhou this morning", SPOKEN_EN, ""),
        ("parcel arrived", SPOKEN_EN, ""),
        ("your parcel arrived please change the address", SPOKEN_EN, "please change the address"),
        ("我的包裹怎么还没有到", SPOKEN, "我的包裹怎么还没有到"),
        ("换货", "请问您是", "换货"),
        ("可以改成后天上午吗", SPOKEN, "可以改成后天上午吗"),
        ("when will it be here", SPOKEN_EN, "when will it be here"),
        ("tomorrow is too late for me", SPOKEN_EN, "tomorrow is too late for me"),
        ("我要退货", "", "我要退货"),
        ("", SPOKEN, ""),
    ],
)
def test_the_bots_own_words_are_taken_off(text: str, spoken: str, own: str) -> None:
    assert own_words(text, spoken, keep=is_stop) == own
    judged = judge(text, Overlap(over_bot=True, spoken=spoken))
    assert judged.words == own
    if text and not own:
        assert judged.verdict is Verdict.ECHO
    assert judge(text, Overlap(over_bot=False, spoken=spoken)).words == text
