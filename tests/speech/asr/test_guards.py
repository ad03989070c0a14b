from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.asr.guards import is_foreign, is_leak, is_loop, is_subtitle_credit, nobody_spoke, without_loops


@pytest.mark.parametrize(
    "text",
    [
        "字幕by索兰娅", "字幕由 Amara.org 社区提供", "由 Amara.org 社群提供的字幕", "中文字幕志愿者 李宗盛",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "点赞订阅", "谢谢观看", "谢谢大家的收看,我们下期再见!",
        "感谢您的观看。", "下期再见", "Thank you for watching!", "Thanks for watching.",
        "Thank you so much for watching the video.",
        "Please subscribe to my channel.", "Subtitles by the Amara.org community", "See you in the next video.", "you",
    ],
)  # fmt: skip
def test_subtitle_credits(text: str) -> None:
    assert is_subtitle_credit(text)


@pytest.mark.parametrize(
    "text",
    [
        "谢谢", "谢谢你", "Thank you.", "Thank you very much!", "我点赞订阅了怎么还没有优惠券", "视频的字幕不对",
        "Thank you for watching over my order", "Do you have a subscription?", "下次再买", "我想看一下订阅的订单",
        "关注", "收藏", "你好", "",
    ],
)  # fmt: skip
def test_what_customers_say_is_no_subtitle_credit(text: str) -> None:
    assert not is_subtitle_credit(text)


@pytest.mark.parametrize(
    "text", ["ご視聴ありがとうございました", "감사합니다", "Спасибо", "شكرا", "ขอบคุณ", "한국 order"]
)
def test_foreign_scripts(text: str) -> None:
    assert is_foreign(text)


@pytest.mark.parametrize("text", ["退款", "order 12345", "", "12345", "优の良品旗舰店", "café 咖啡", "T恤 XL"])
def test_own_scripts(text: str) -> None:
    assert not is_foreign(text)


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("我要退款我要退款我要退款我要退款我要退款我要退款", "我要退款"),
        ("I don't know. I don't know. I don't know. I don't know.", "I don't know. I don't know."),
        ("好的。" + "退款" * 9, "好的。退款"),
        ("嗯嗯嗯嗯嗯嗯嗯嗯嗯嗯", "嗯"),
        ("0" * 40, "0"),
    ],
)
def test_loops_are_said_once(text: str, once: str) -> None:
    assert is_loop(text)
    assert len(without_loops(text)) <= len(once)
    assert text.startswith(without_loops(text))


@pytest.mark.parametrize(
    "text",
    [
        "好的好的",
        "谢谢谢谢",
        "00000000",
        "8 8 8 8 8 8",
        "54545454",
        "对对对对",
        "no no no",
        "哈哈哈哈",
        "",
        "一二三四五六七八九十" * 2,
    ],
)
def test_repetition_that_people_do_say(text: str) -> None:
    assert not is_loop(text)
    assert without_loops(text) == text


@pytest.mark.parametrize(
    ("no_speech", "logprob", "tokens_per_s", "expected"),
    [
        (0.05, -0.2, 3, False),
        (0.59, -0.13, 1.3, False),
        (0.1, -0.8, 3, False),
        (0.72, -2.4, 1, True),
        (0.87, -1.1, 1, True),
        (0.3, -1.1, 1, False),
        (0.35, -1.47, 2, True),
        (0.1, -0.9, 0.3, True),
        (0.1, -0.3, 0.3, False),
    ],
)
def test_scores_that_say_nobody_spoke(no_speech: float, logprob: float, tokens_per_s: float, expected: bool) -> None:
    assert nobody_spoke(no_speech, logprob, tokens_per_s) is expected


@given(st.text(max_size=200))
def test_guards_take_any_text(text: str) -> None:
    is_subtitle_credit(text)
    is_foreign(text)
    is_loop(text)
    assert len(without_loops(text)) <= len(text)


@pytest.mark.parametrize(
    "text", ["电热水壶 加湿器", "电热水壶。", "电热水壶，加湿器，扫地机器人", "Hair Dryer!", "嗯电热水壶"]
)
def test_nothing_but_hotwords_may_be_a_leak(text: str) -> None:
    assert is_leak(text, ("电热水壶", "加湿器", "扫地机器人", "hair dryer"))


@pytest.mark.parametrize("text", ["", "电热水壶还有货吗", "我想退那个加湿器", "你好", "is the hair dryer on sale"])
def test_a_sentence_with_a_hotword_is_no_leak(text: str) -> None:
    assert not is_leak(text, ("电热水壶", "加湿器", "扫地机器人", "hair dryer"))


@pytest.mark.parametrize(
    ("text", "confidence"), [("退货", 0.9), ("我要退货退款", 0.3), ("退货退款发票都要怎么办理", 0.9)]
)
def test_what_was_surely_said_is_no_leak(text: str, confidence: float) -> None:
    assert not is_leak(text, ("换货", "发票", "退货", "退款"), confidence)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("退货", 0.3),
        ("退货退款", 0.95),
        ("换货 发票。", 0.9),
        ("发票。退货退款", 0.95),
        ("我的快递单号换货发票退货一二三四五六", 0.9),
    ],
)
def test_a_piece_of_the_list_is_a_leak(text: str, confidence: float) -> None:
    assert is_leak(text, ("换货", "发票", "退货", "退款"), confidence)
