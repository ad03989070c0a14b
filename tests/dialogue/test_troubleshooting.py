"""The decision trees: the shipped ones, what they are found by, and what is said of a broken one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dialogue.troubleshooting import ENDS, Tree, TreeError, find, load, trees
from dialogue.troubleshooting.danger import is_dangerous

NODE: dict[str, Any] = {
    "say": {"zh": "请换个插座。现在好了吗？", "en": "Try another socket. Does it work?"},
    "label": {"zh": "换过插座", "en": "another socket"},
    "if_yes": "solved",
    "if_no": "repair",
}
TREE: dict[str, Any] = {
    "title": {"zh": "不通电", "en": "no power"},
    "words": {"zh": "不通电", "en": "no power"},
    "start": "plug",
    "nodes": {"plug": NODE},
}


def test_there_are_trees_for_what_a_shop_sells() -> None:
    assert {"power", "charging", "bluetooth", "leak", "noise", "screen", "network", "smell"} <= set(trees())


@pytest.mark.parametrize("name", sorted(trees()))
def test_a_tree_can_be_read_aloud_and_ends(name: str) -> None:
    tree = trees()[name]
    for node in tree.nodes.values():
        assert re.search(r"[？?]$", node.say.zh), node.say.zh
        assert "?" in node.say.en, node.say.en
        assert "你" not in node.say.zh
        assert len(re.findall("[。！？]", node.say.zh)) <= 3
    assert {"solved", "repair"} <= _ends(tree) <= set(ENDS)


@pytest.mark.parametrize(
    ("text", "product", "name"),
    [
        ("吹风机开不了机了", "", "power"),
        ("充电宝充不进电", "", "charging"),
        ("连不上手机", "蓝牙耳机", "bluetooth"),
        ("加湿器漏水", "", "leak"),
        ("空气净化器有异响", "", "noise"),
        ("手环黑屏了", "", "screen"),
        ("扫地机器人连不上网", "", "network"),
        ("新床垫味道很大", "", "smell"),
        ("it does not turn on", "", "power"),
        ("the kettle leaks", "", "leak"),
        ("怎么退货", "", None),
        ("你好", "", None),
    ],
)
def test_words_find_a_tree(text: str, product: str, name: str | None) -> None:
    assert find(text, product) == name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "lamp"}, "start: there is no node lamp"),
        ({"nodes": {"plug": {**NODE, "if_no": "lamp"}}}, "nodes.plug.if_no: lamp is no node and no end; allowed:"),
        ({"nodes": {"plug": NODE, "lamp": NODE}}, "nodes.lamp: no step leads there"),
        ({"nodes": {"plug": {**NODE, "if_no": "plug"}}}, "a circle without end: plug > plug"),
        ({"nodes": {"plug": {**NODE, "if_maybe": "plug"}}}, "nodes.plug.if_maybe"),
        ({"words": {"zh": "(", "en": "x"}}, "words.zh: no regular expression"),
        ({"nodes": {"plug": {**NODE, "say": {"zh": "看**这里**吗？", "en": "Look?"}}}}, "nodes.plug.say.zh: no markup"),
        (
            {"nodes": {"plug": {**NODE, "asks": "fact", "tried": {"zh": "试过", "en": "tried"}}}},
            "nodes.plug: tried is for steps that ask whether it is fixed",
        ),
        ({"title": {"zh": "不通电"}}, "title.en"),
    ],
)
def test_a_broken_tree_says_file_node_and_fix(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**TREE, **change}, allow_unicode=True), "utf-8")
    with pytest.raises(TreeError) as raised:
        load(tmp_path)
    assert str(raised.value).startswith("mine.yaml: ")
    assert words in str(raised.value)


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("a: {b", "utf-8")
    with pytest.raises(TreeError, match=r"mine\.yaml: no YAML"):
        load(tmp_path)


def test_trees_for_certain_goods_stand_first(tmp_path: Path) -> None:
    own = {**TREE, "goods": {"zh": "电饭煲", "en": "rice cooker"}}
    for name, tree in (("a_any", TREE), ("b_cooker", own)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    among = load(tmp_path)
    assert find("电饭煲不通电", among=among) == "b_cooker"
    assert find("不通电", "小满电饭煲", among=among) == "b_cooker"
    assert find("台灯不通电", among=among) == "a_any"


@pytest.mark.parametrize(
    "text", ["有焦味", "充电宝鼓包了", "插上就冒火花", "摸着手麻", "there is a burning smell", "it sparks"]
)
def test_danger(text: str) -> None:
    assert is_dangerous(text)


@pytest.mark.parametrize("text", ["没有冒烟", "有漏电保护吗", "会不会漏电", "漏水了", "it is not burning"])
def test_no_danger(text: str) -> None:
    assert not is_dangerous(text)


def _ends(tree: Tree) -> set[str]:
    targets = {
        target
        for node in tree.nodes.values()
        for target in (node.if_yes, node.if_no, *(branch.to for branch in node.branches))
    }
    return targets - set(tree.nodes)
