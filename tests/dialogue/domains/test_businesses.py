"""Domains as data: what ships is complete, and a wrong file is refused with the place named."""

from __future__ import annotations

from pathlib import Path

import pytest

import dialogue
import gateway
import inference_server
import nlu
import speech
from dialogue.domains import BusinessInvalid, businesses, load_business
from dialogue.knowledge.entries import entries
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.policy import Routes
from dialogue.skills import load
from dialogue.wording import LANGUAGES, fields_of, wording
from gateway.ground import intent_head
from inference_server.launch import REPOSITORY
from nlu.domains import domains, load_domain
from nlu.train.data import load as load_utterances
from nlu.train.head import Head
from tests.dialogue.domains.bank import BUSINESS

OF_BANKS = "bank"
"""Folder of the skills that may name banks; beside it there are only data files."""


def test_every_domain_is_known_to_both_sides() -> None:
    assert businesses() == domains()


@pytest.mark.parametrize("name", businesses())
def test_every_intent_has_a_skill_or_is_an_answer(name: str) -> None:
    routes = Routes.of(load(load_business(name).skills))
    assert set(load_domain(name).labels) - set(routes.intents) <= {"affirm", "deny"}
    assert {"smalltalk", "handoff", "fallback"} <= set(load_business(name).skills)


@pytest.mark.parametrize("name", businesses())
def test_the_served_head_knows_the_labels(name: str) -> None:
    head = Head.load(REPOSITORY / "intent" / "1" / intent_head(name))
    assert set(head.labels) == set(load_domain(name).labels)


def test_there_are_enough_utterances() -> None:
    domain = load_domain("bank_card")
    found = load_utterances(domain.intents, domain.labels, 100)
    for label in domain.labels:
        of = [example.language for example in found if example.label == label]
        assert of.count("zh") >= 70, label
        assert of.count("en") >= 30, label


def test_words_fit_over_the_common_ones() -> None:
    zh, en = (BUSINESS.wordings(language) for language in LANGUAGES)
    assert set(zh.templates) == set(en.templates)
    for key, variants in zh.templates.items():
        assert len({fields_of(text) for text in (*variants, *en.templates[key])}) == 1, key
    assert all(zh.menu(name) for name in wording("zh").menus)


@pytest.mark.parametrize("part", ["greeting", "smalltalk", "fallback", "handoff", "apology", "no_input.ask", "resume"])
def test_the_hotline_never_speaks_of_a_shop(part: str) -> None:
    words = BUSINESS.wordings("zh")
    used = {key: text for key, texts in words.templates.items() if key.startswith(part + ".") for text in texts}
    asked_only_in_shops = {"no_input.ask.order_number", "no_input.ask.address"}
    for key in used.keys() - asked_only_in_shops:
        assert not any(word in used[key] for word in ("订单", "退货", "快递", "商品", "店")), key


async def test_answers_are_many_and_quote_the_policies() -> None:
    assert BUSINESS.knowledge is not None
    found = entries(BUSINESS.knowledge, BUSINESS.facts)
    assert len(found) >= 25
    assert "{" not in "".join(entry.answer_zh + entry.answer_en for entry in found)
    index = await KnowledgeIndex.open(None, found)
    for entry in found:
        for language in LANGUAGES:
            hits = await index.search(entry.title(language), language, 1)
            assert hits
            assert hits[0].entry.entry_id == entry.entry_id


def test_nothing_else_knows_of_banks() -> None:
    for package in (dialogue, gateway, nlu, speech, inference_server):
        root = Path(str(package.__file__)).parent
        for path in root.rglob("*.py"):
            if OF_BANKS in path.parts:
                continue
            text = path.read_text("utf-8").casefold()
            held = [word for word in ("skills.bank", "bank_card") if word in text]
            assert not held, path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: {zh: 甲, en: A}", "skills"),
        ("title: {zh: 甲, en: A}\nskills: {}\ncolour: red", "colour"),
        ("title: [", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "kiosk.yaml").write_text(text, "utf-8")
    with pytest.raises(BusinessInvalid, match=told):
        load_business("kiosk", tmp_path)


def test_an_unknown_domain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BusinessInvalid, match=r"circus.*none"):
        load_business("circus", tmp_path)
