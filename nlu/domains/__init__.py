"""A domain: what customers of one kind of business want, as data only. ``load_domain("shop")`` reads

    nlu/domains/<name>/taxonomy.yaml     group > label > {means, zh, en}; the order of the labels is that of the head
    nlu/domains/<name>/intents/<label>.txt   training utterances, see ``nlu.train.data``
    nlu/domains/<name>/keywords.yaml     rules of the keyword classifier

A domain of your own lies anywhere: its name is then the path of its folder.

Code names no label of a domain but those of ``ROLES``, which every taxonomy has, whatever else it holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

ROOT = Path(__file__).parent
DEFAULT = "shop"
OUT_OF_SCOPE = "out_of_scope"
ROLES = ("greet", "thanks", "goodbye", "affirm", "deny", OUT_OF_SCOPE)
"""Labels with a part in the dialogue itself: openers and closers, the answers to a yes-or-no question, and all that
this business can do nothing about."""

_NAME = re.compile("[a-z][a-z0-9_]*")


class DomainError(ValueError):
    """The folder holds no usable domain; the message names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Label:
    """One intent."""

    name: str
    group: str
    means: str
    """What it covers, and the border to its neighbours."""
    zh: str
    """A plain example."""
    en: str


@dataclass(frozen=True, slots=True)
class Domain:
    """A checked taxonomy and where its data lies."""

    name: str
    groups: Mapping[str, tuple[str, ...]]
    """Labels by group, the upper level of the taxonomy."""
    described: tuple[Label, ...]
    """In the order of the file."""
    folder: Path

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the intents, in the order of the file."""
        return tuple(label.name for label in self.described)

    @property
    def intents(self) -> Path:
        """Folder of the training utterances."""
        return self.folder / "intents"

    @property
    def keywords(self) -> Path:
        """Rules of the keyword classifier."""
        return self.folder / "keywords.yaml"


def domains(root: Path = ROOT) -> tuple[str, ...]:
    """Names of the domains there are."""
    return tuple(sorted(path.parent.name for path in root.glob("*/taxonomy.yaml")))


@lru_cache(maxsize=8)
def load_domain(name: str = DEFAULT, root: Path = ROOT) -> Domain:
    """The domain called ``name``, or in the folder that ``name`` is the path of. Raises ``DomainError``."""
    if "/" in name:
        root, name = Path(name).resolve().parent, Path(name).name
    path = root / name / "taxonomy.yaml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise DomainError(f"no domain is called '{name}'; there are {', '.join(domains(root)) or 'none'}")
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise DomainError(f"{path}: {error}") from error
    labels = _labels(path, document)
    groups = {group: tuple(label.name for label in labels if label.group == group) for group in document}
    return Domain(name, MappingProxyType(groups), labels, path.parent)


def _labels(path: Path, document: Any) -> tuple[Label, ...]:
    if not isinstance(document, dict) or not all(isinstance(labels, dict) for labels in document.values()):
        raise DomainError(f"{path}: expected groups of labels, 'group: {{label: {{means, zh, en}}}}'")
    labels = tuple(_label(path, group, name, of) for group, found in document.items() for name, of in found.items())
    names = [label.name for label in labels]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DomainError(f"{path}: {', '.join(twice)} in more than one group")
    if missing := [role for role in ROLES if role not in names]:
        raise DomainError(f"{path}: every domain needs {', '.join(missing)}")
    return labels


def _label(path: Path, group: str, name: Any, fields: Any) -> Label:
    # YAML 1.1 reads a bare yes or no as a truth value.
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DomainError(f"{path}: '{name}' in {group} is no name of a label (a-z, 0-9, _; quote yes and no)")
    if not isinstance(fields, dict) or set(fields) != {"means", "zh", "en"}:
        raise DomainError(f"{path}: {name} needs exactly means, zh and en")
    if not all(isinstance(value, str) and value.strip() for value in fields.values()):
        raise DomainError(f"{path}: means, zh and en of {name} are text (quote what YAML would read otherwise)")
    return Label(name, group, fields["means"], fields["zh"], fields["en"])
