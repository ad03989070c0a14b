"""Words that steer the dialogue."""

from __future__ import annotations

import pytest

from dialogue import cues

CHOICES = ("蓝牙耳机，尾号4567", "真空保温杯，尾号2283", "羊毛围巾，尾号1469")


@pytest.mark.parametrize("text", ["算了", "那算了吧", "不用了，谢谢", "嗯不退了", "never mind", "forget it"])
def test_stop(text: str) -> None:
    assert cues.wants_to_stop(text)


@pytest.mark.parametrize("text", ["不想要了", "质量太差了", "我要退货", "这个东西算了一下要两百", "不需要了"])
def test_not_stop(text: str) -> None:
    assert not cues.wants_to_stop(text)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("第二个", 1),
        ("2", 1),
        ("the first one", 0),
        ("最后一个", 2),
        ("保温杯", 1),
        ("羊毛围巾", 2),
        ("尾号1469", 2),
        ("蓝牙耳机，尾号4567", 0),
        ("围脖", 2),
        ("随便", None),
        ("尾号", None),
        ("", None),
    ],
)
def test_chosen(text: str, index: int | None) -> None:
    assert cues.chosen(text, CHOICES) == index


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("你好", "zh"),
        ("hello there my friend", "en"),
        ("OK", None),
        ("12345678", None),
        ("我要退iPhone case", "zh"),
        ("91310115MA1K3XX12P", None),
    ],
)
def test_spoken_language(text: str, language: str | None) -> None:
    assert cues.spoken_language(text, 3) == language


def test_identity_is_not_a_wish_for_a_person() -> None:
    assert cues.asks_identity("你是机器人吗")
    assert not cues.asks_identity("你是机器人吧，给我转人工客服")
    assert cues.asks_identity("are you a robot")


@pytest.mark.parametrize("text", ["不是这个订单", "不对", "是换货不是退货", "that's wrong", "I meant the other"])
def test_correction(text: str) -> None:
    assert cues.is_correction(text)


def test_a_yes_is_no_correction() -> None:
    assert not any(cues.is_correction(text) for text in ("确认", "对的", "好", "yes please"))


def test_mentions() -> None:
    assert cues.mentions("羽绒服发货了吗", "山野轻薄羽绒服")
    assert cues.mentions("where is the sweatshirt", "Mianli Hooded Sweatshirt")
    assert not cues.mentions("我的订单到哪了", "山野轻薄羽绒服")


@pytest.mark.parametrize(
    "text", ["从头来", "不对，重新说", "我重说一遍", "再来一遍", "no, start over", "let me start again"]
)
def test_what_was_said_of_a_number_does_not_count(text: str) -> None:
    assert cues.starts_over(text)


@pytest.mark.parametrize("text", ["8907", "我要重新下单", "不对，是8907", "again", "从头到脚都不满意"])
def test_what_is_no_new_start(text: str) -> None:
    assert not cues.starts_over(text)


@pytest.mark.parametrize(
    "text",
    ["嗯", "嗯嗯", "哦，好的。", "好好好", "对对对", "是的", "知道了", "OK", "Okay.", "uh-huh", "I see, okay", "mm"],
)
def test_backchannels(text: str) -> None:
    assert cues.is_backchannel(text)


@pytest.mark.parametrize("text", ["呃", "那个，嗯", "等我看看", "稍等，我找一下", "um, let me see", "well"])
def test_hesitations(text: str) -> None:
    assert cues.is_hesitation(text)


@pytest.mark.parametrize(
    "text", ["", "确认", "不用了", "谢谢", "好的，我要退货", "嗯，是昨天买的", "ok cancel it", "那个蓝色的", "8907"]
)
def test_what_says_something_is_neither(text: str) -> None:
    assert not cues.is_backchannel(text)
    assert not cues.is_hesitation(text)


@pytest.mark.parametrize(
    "text", ["还有呢？", "嗯，还有呢", "详细说说", "说得具体一点", "tell me more, please", "where exactly?", "details"]
)
def test_asks_on(text: str) -> None:
    assert cues.asks_on(text)
    assert cues.wants_details(text)


@pytest.mark.parametrize("text", ["", "还有货吗", "具体怎么退货", "tell me more about the kettle", "我的订单到哪了"])
def test_a_question_of_its_own_does_not_ask_on(text: str) -> None:
    assert not cues.asks_on(text)


@pytest.mark.parametrize(
    "text",
    [
        "收到的东西是坏的",
        "收到的东西是坏的怎么办",
        "打开就是碎的",
        "收到就有破损",
        "你们发错货了",
        "寄来的颜色不对",
        "东西是坏的",
        "it arrived broken",
        "my item arrived damaged",
        "I received the wrong item",
        "you sent me a faulty one",
    ],
)
def test_bad_goods(text: str) -> None:
    assert cues.got_bad_goods(text)


@pytest.mark.parametrize(
    "text",
    [
        "收到货了",
        "吹风机坏了",
        "收到的东西是坏的，我要投诉",
        "东西坏了你们要赔",
        "密码错了",
        "something is wrong with my order",
        "快递还没送到",
    ],
)
def test_not_bad_goods(text: str) -> None:
    assert not cues.got_bad_goods(text)


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("加湿器不喷雾了", True),
        ("牙刷不震动了", True),
        ("吹风机没有热风", True),
        ("电饭煲坏了", True),
        ("my humidifier does not spray any more", True),
        ("the kettle stopped heating", True),
        ("加湿器会不会坏了", False),
        ("能用多久", False),
        ("不要了", False),
        ("is it waterproof", False),
    ],
)
def test_what_no_longer_works(text: str, failed: bool) -> None:
    assert cues.has_failed(text) is failed
