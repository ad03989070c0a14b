"""A business of one's own, as the how-to in dialogue/README.md makes it: only files, and the real commands on them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.cli.domain import problems
from gateway.config import ConfigError, load

EXAMPLE = Path(__file__).parent / "example_domain"
CHECKOUT = Path(__file__).parents[3]
ZH = [
    "几点开门",
    "你们几点关门",
    "门店营业到几点",
    "今天开门吗",
    "营业时间是几点到几点",
    "晚上几点打烊",
    "周末开不开门",
    "早上几点营业",
]
EN = [
    "what are your opening hours",
    "when do you open",
    "when do you close",
    "are you open today",
    "how late are you open",
]


def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "300", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        input=said, capture_output=True, text=True, cwd=CHECKOUT, env=environment, timeout=100, check=False,
    )  # fmt: skip


def change(file: Path, **values: Any) -> None:
    document = yaml.safe_load(file.read_text("utf-8")) or {}
    file.write_text(yaml.safe_dump({**document, **values}, allow_unicode=True, sort_keys=False), "utf-8")


def florist(folder: Path) -> None:
    """What the how-to says, step by step."""
    # A skill, and its words.
    (folder / "opening_hours.py").write_text((EXAMPLE / "opening_hours.py").read_text("utf-8"), "utf-8")
    change(
        folder / "domain.yaml",
        title={"zh": "拾光花店", "en": "Shiguang Flowers"},
        also={"opening_hours": "opening_hours.py:OpeningHours"},
    )
    words = {
        "zh": {"told": "门店每天{opens}点到{closes}点营业。", "open": "现在正在营业。", "closed": "现在已经打烊了。"},
        "en": {"told": "We are open from {opens} to {closes} every day.", "open": "We are open now.",
               "closed": "We are closed now."},
    }  # fmt: skip
    for language, of in words.items():
        change(folder / "wording" / f"{language}.yaml", opening_hours=of)
    # An intent: a label, utterances, rules for when the model server is away.
    taxonomy = yaml.safe_load((folder / "taxonomy.yaml").read_text("utf-8"))
    group = next(iter(taxonomy))
    label = {"means": "when the shop is open", "zh": "几点开门", "en": "when do you open"}
    change(folder / "taxonomy.yaml", **{group: {**taxonomy[group], "opening_hours": label}})
    lines = [f"{text}{end}" for text in ZH for end in ("", "啊", "呢", "，谢谢")]
    english = [f"{text}{end}" for text in EN for end in ("", " please", " thanks")]
    content = "\n".join(["# opening_hours", "# zh", *lines, "# en", *english])
    (folder / "intents" / "opening_hours.txt").write_text(content + "\n", "utf-8")
    rules = {
        "zh": [[4, "几点.{0,4}(开门|关门|营业|打烊)|营业时间"]],
        "en": [[4, r"\bopening hours\b|\bwhen do you (open|close)\b"]],
    }
    change(folder / "keywords.yaml", intents={"opening_hours": rules})
    # An FAQ folder instead of the shop's.
    (folder / "knowledge").mkdir()
    entry = {
        "id": "vase-water",
        "questions": {"zh": ["鲜花多久换一次水"], "en": ["How often should I change the water"]},
        "answer": {"zh": "每两天换一次水，斜剪根部1厘米。", "en": "Change the water every 2 days."},
        "source": "养护说明 1",
    }  # fmt: skip
    (folder / "knowledge" / "flowers.yaml").write_text(yaml.safe_dump([entry], allow_unicode=True), "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("domains") / "florist"
    made = run("gateway", "domain", "new", str(folder))
    assert made.returncode == 0, made.stderr
    assert "is begun" in made.stdout
    return folder


def test_what_was_begun_is_whole_and_then_one_s_own(folder: Path) -> None:
    assert list(problems(folder)) == []
    again = run("gateway", "domain", "new", str(folder))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    florist(folder)
    checked = run("gateway", "domain", "check", str(folder))
    assert checked.returncode == 0, checked.stdout
    talk = run(
        "dialogue", "--domain", str(folder), "--anonymous",
        said="你们几点开门\n鲜花多久换一次水\n订单到哪里了\n",
    )  # fmt: skip
    assert talk.returncode == 0, talk.stderr
    assert "门店每天10点到22点营业。" in talk.stdout
    assert "每两天换一次水" in talk.stdout
    assert "订单号" in talk.stdout, "what the shop does, it still does"
    english = run("dialogue", "--domain", str(folder), "--language", "en", said="what are your opening hours\n")
    assert "We are open from 10 to 22 every day." in english.stdout
    settings = load(environ={"KEFU_DOMAIN_NAME": str(folder)})
    assert settings.domain.name == str(folder)


def test_a_policy_of_one_s_own_is_told_and_kept_to(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    text = (CHECKOUT / "dialogue" / "policies" / "shop.yaml").read_text("utf-8")
    mine.write_text(text.replace("no_reason:\n      days: 7", "no_reason:\n      days: 30"), "utf-8")
    talk = run("dialogue", "--policies", str(mine), "--anonymous", said="七天无理由退货是几天内\n")
    assert "签收后30天内可以无理由退货" in talk.stdout, talk.stderr
    mine.write_text(text.replace("days: 7", "day: 7"), "utf-8")
    wrong = run("dialogue", "--policies", str(mine), said="")
    assert wrong.returncode != 0
    assert "returns.reasons.no_reason" in wrong.stderr


@pytest.mark.parametrize(
    ("file", "values", "problem"),
    [
        ("domain.yaml", {"also": {"x": "nothing.py:X"}}, "nothing.py"),
        ("domain.yaml", {"skills": "dialogue.skills:NOTHING"}, "NOTHING"),
        ("domain.yaml", {"skils": {}}, "skils"),
        (
            "taxonomy.yaml",
            {"more": {"gift_wrap": {"means": "m", "zh": "z", "en": "e"}}},
            "intent 'gift_wrap': no skill",
        ),
        ("taxonomy.yaml", {"more": {"gift_wrap": {"means": "m", "zh": "z", "en": "e"}}}, "gift_wrap.txt: 0 utterances"),
        ("taxonomy.yaml", {"more": {"gift_wrap": {"zh": "z"}}}, "exactly means, zh and en"),
        ("keywords.yaml", {"intents": {"nonsense": {}}}, "nonsense"),
        ("wording/zh.yaml", {"only_here": "你好"}, "wording 'only_here': only in zh.yaml"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, file: str, values: dict[str, Any], problem: str) -> None:
    from gateway.cli.domain import new

    folder = tmp_path / "mine"
    new(folder)
    change(folder / file, **values)
    assert any(problem in found for found in problems(folder)), list(problems(folder))


def test_a_folder_that_is_not_there_is_no_domain() -> None:
    with pytest.raises(ConfigError, match="kefu domain new"):
        load(environ={"KEFU_DOMAIN_NAME": "/nowhere/mine"})
