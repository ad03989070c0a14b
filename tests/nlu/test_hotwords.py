"""Words for the recogniser."""

from __future__ import annotations

from nlu.hotwords import MOST, hotwords


def test_the_callers_own_products_come_first_and_nothing_twice() -> None:
    assert hotwords(["听涛骨传导运动耳机"], ["云朵加湿器", "听涛骨传导运动耳机"]) == (
        "听涛骨传导运动耳机",
        "云朵加湿器",
    )


def test_names_that_sound_alike_are_one() -> None:
    assert hotwords(["晨露水壶", "陈露水壶"]) == ("晨露水壶",)


def test_names_are_cut_to_what_is_said() -> None:
    assert hotwords(["山里红枣(500g装)", "花信补水面膜【十片】", "a", " ", ""]) == ("山里红枣", "花信补水面膜")
    assert all(len(word) <= 12 for word in hotwords(["一二三四五六七八九十一二三四五六"]))


def test_there_are_only_so_many() -> None:
    names = [f"{first}{second}壶" for first in "东南西北上下左右" for second in "山水火木金土日月"]
    assert len(hotwords((), names)) == MOST
    assert hotwords(names, most=0) == ()
