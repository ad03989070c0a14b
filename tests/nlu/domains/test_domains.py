"""The shipped taxonomy, and taxonomies that are refused with the place named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from nlu.domains import ROLES, DomainError, domains, load_domain

WORDS = {"means": "m", "zh": "中", "en": "e"}
TALK = dict.fromkeys(ROLES, WORDS)


def write(root: Path, document: object) -> Path:
    folder = root / "bank"
    folder.mkdir()
    (folder / "taxonomy.yaml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return root


@pytest.mark.parametrize("name", domains())
def test_shipped_domains_are_complete(name: str) -> None:
    domain = load_domain(name)
    assert {path.stem for path in domain.intents.glob("*.txt")} == set(domain.labels)
    assert domain.keywords.is_file()


def test_labels_keep_their_order_and_groups(tmp_path: Path) -> None:
    domain = load_domain("bank", write(tmp_path, {"talk": TALK, "card": {"lost_card": WORDS, "limit": WORDS}}))
    assert domain.labels == (*ROLES, "lost_card", "limit")
    assert domain.groups == {"talk": ROLES, "card": ("lost_card", "limit")}
    assert domain.described[-1].group == "card"
    assert domain.intents == tmp_path / "bank" / "intents"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "expected groups"),
        ({"talk": ["greet"]}, "expected groups"),
        ({"talk": {"greet": WORDS}}, "every domain needs thanks"),
        ({"talk": TALK, "more": {"greet": WORDS}}, "greet in more than one group"),
        ({"talk": TALK | {True: WORDS}}, "quote yes and no"),
        ({"talk": TALK | {"Lost Card": WORDS}}, "'Lost Card' in talk"),
        ({"talk": TALK | {"limit": {"means": "m"}}}, "limit needs exactly"),
        ({"talk": TALK | {"limit": WORDS | {"zh": True}}}, "of limit are text"),
    ],
)
def test_unusable_taxonomies_are_refused(tmp_path: Path, document: object, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        load_domain("bank", write(tmp_path, document))


@pytest.mark.parametrize("name", ["moon", "../shop", ""])
def test_an_unknown_domain_names_those_there_are(name: str) -> None:
    with pytest.raises(DomainError, match="shop"):
        load_domain(name)
