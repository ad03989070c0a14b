"""``kefu domain``: a business of your own as a folder of files. ``new`` begins one, ``check`` says what is wrong in it.

    FOLDER/domain.yaml  taxonomy.yaml  keywords.yaml  intents/LABEL.txt  wording/{zh,en,menus}.yaml  [knowledge/] [*.py]

``new`` takes what the shop has: its skills, labels (copied, to be changed), utterances (linked), rules and words.
Served by ``[domain] name = "FOLDER"``; nothing of Kefu's own is touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from dialogue.domains import BusinessInvalid, load_business
from dialogue.knowledge.entries import entries
from dialogue.policy import Routes
from dialogue.skills import load
from dialogue.wording import LANGUAGES, fields_of
from gateway.cli import fail
from nlu.classifiers.keyword import KeywordClassifier
from nlu.domains import Domain, DomainError, load_domain

app = typer.Typer(no_args_is_help=True, help="Begin a business of your own as a folder of files, and check it.")
_ANSWERS = frozenset({"affirm", "deny"})
"""Labels that need no skill."""
FEW = 40
"""Fewer utterances than this train no head."""
FolderArgument = Annotated[Path, typer.Argument(help="The domain's folder.")]


@app.command("new")
def new(folder: FolderArgument) -> None:
    """Begin a domain that does all that the shop does."""
    if folder.exists():
        fail(f"{folder} is there already")
    like = load_domain()
    (folder / "intents").mkdir(parents=True)
    (folder / "wording").mkdir()
    for file in sorted(like.intents.glob("*.txt")):
        (folder / "intents" / file.name).symlink_to(file.resolve())
    for name in ("taxonomy.yaml", "terms.yaml"):
        shutil.copy(like.folder / name, folder / name)
    for name in (*LANGUAGES, "menus"):
        (folder / "wording" / f"{name}.yaml").write_text("{}\n", "utf-8")
    rules = yaml.safe_load(like.keywords.read_text("utf-8"))
    inherited = {"file": str(like.keywords.resolve()), "intents": sorted(rules["intents"])}
    _write(folder / "keywords.yaml", {"inherits": inherited, "intents": {}})
    shop = load_business()
    title = {language: shop.lines.title[language] for language in LANGUAGES}
    page = {language: page.model_dump() for language, page in shop.lines.page.items()}
    _write(folder / "domain.yaml", {"title": title, "skills": "dialogue.skills:SKILLS", "also": {}, "page": page})
    Console().print(f"{folder} is begun; next: change it, then 'kefu domain check {folder}'", highlight=False)


@app.command("check")
def check(folder: FolderArgument) -> None:
    """Say everything that is wrong in a domain's folder."""
    found = list(problems(folder))
    console = Console(highlight=False)
    for problem in found:
        console.print(f"[red]✗[/] {problem}")
    if found:
        raise typer.Exit(1)
    domain = load_domain(_path(folder))
    console.print(
        f"[green]✓[/] {folder}: {len(domain.labels)} intents, {len(load_business(_path(folder)).skills)} skills"
    )


def problems(folder: Path) -> Iterator[str]:
    """What is wrong, a line each; nothing more is looked at where a file cannot be read."""
    try:
        business, domain = load_business(_path(folder)), load_domain(_path(folder))
        skills = load(business.skills)
        KeywordClassifier(domain=_path(folder))
    except (
        BusinessInvalid,
        DomainError,
        ImportError,
        AttributeError,
        OSError,
        ValueError,
        KeyError,
        yaml.YAMLError,
    ) as error:
        yield f"{type(error).__name__}: {error}"
        return
    routes = Routes.of(skills).intents
    for label in domain.labels:
        if label not in routes and label not in _ANSWERS:
            yield f"intent '{label}': no skill serves it"
    for label, name in routes.items():
        if label not in domain.labels:
            yield f"skill '{name}': its intent '{label}' is not in taxonomy.yaml"
    yield from _utterances(domain)
    zh, en = (business.wordings(language) for language in LANGUAGES)
    for key in sorted(set(zh.templates) ^ set(en.templates)):
        yield f"wording '{key}': only in {'zh' if key in zh.templates else 'en'}.yaml"
    for key in sorted(set(zh.templates) & set(en.templates)):
        if len({fields_of(text) for words in (zh, en) for text in words.templates[key]}) > 1 and key not in _common():
            yield f"wording '{key}': its variants do not have the same fields"
    if business.knowledge is not None:
        try:
            entries(business.knowledge, business.facts or {})
        except (ValueError, yaml.YAMLError) as error:
            yield f"knowledge: {error}"


def _utterances(domain: Domain) -> Iterator[str]:
    for label in domain.labels:
        file = domain.intents / f"{label}.txt"
        count = sum(bool(line.strip()) and not line.startswith("#") for line in _lines(file))
        if count < FEW:
            yield f"intents/{label}.txt: {count} utterances; {FEW} at least, in both languages"


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.is_file() else []


def _common() -> frozenset[str]:
    """Words that are Kefu's own and not this domain's to change."""
    return frozenset(load_business().wordings("zh").templates)


def _path(folder: Path) -> str:
    """The folder as the name of a domain."""
    return f"{folder.resolve()}"


def _write(file: Path, document: object) -> None:
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110), "utf-8")
