"""From the label set of a data set to ours: ``mappings/<data set>.yaml``.

    domain: shop
    classes:                    # a class of theirs: the labels of ours that count as right for it
      freight_fee: [freight]
    pass_over: [out_of_scope]   # labels no answer of theirs corresponds to: the next best label is taken

A label may be right for several classes where ours is the coarser set; as a wrong answer it stands for the first of
them. A class of the file that is not named here has no counterpart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from nlu.domains import DomainError, load_domain

FOLDER = Path(__file__).with_name("mappings")


@dataclass(frozen=True, slots=True)
class Classes:
    """A checked mapping."""

    name: str
    accepted: Mapping[str, tuple[str, ...]]
    """Class of theirs to our labels."""
    pass_over: frozenset[str]

    def answer(self, labels: Iterable[str], truth: str) -> str:
        """The class that ``labels``, best first, stand for; ``truth`` where the best is right for it, "" for none."""
        label = next((label for label in labels if label not in self.pass_over), None)
        if label is None:
            return ""
        if label in self.accepted.get(truth, ()):
            return truth
        return next((name for name, right in self.accepted.items() if label in right), "")


def load_classes(name: str, domain: str) -> Classes:
    """``mappings/<name>.yaml``. Raises ``DomainError`` when it is of another domain or names labels that are none."""
    path = FOLDER / f"{name}.yaml"
    document = yaml.safe_load(path.read_text("utf-8"))
    if document["domain"] != domain:
        raise DomainError(f"{path.name} maps to the domain {document['domain']}, not to {domain}")
    accepted = {theirs: tuple(ours) for theirs, ours in document["classes"].items()}
    pass_over = frozenset(document.get("pass_over", ()))
    named = pass_over.union(*accepted.values())
    if unknown := sorted(named - set(load_domain(domain).labels)):
        raise DomainError(f"{path.name}: {domain} has no label {', '.join(unknown)}")
    return Classes(name, accepted, pass_over)
