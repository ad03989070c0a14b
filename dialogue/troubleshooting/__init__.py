"""Decision trees for goods that do not work, as data: one YAML file a tree, checked here.

    words -> tree -> a step, said and waited for -> yes | no | its own answer -> ... -> solved | later | repair | person

Add a tree: a file like the others. A broken one raises ``TreeError``: the file, the node, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dialogue.errors import DialogueError
from nlu.types import Language

FOLDER = Path(__file__).parent
End = Literal["solved", "later", "repair", "person"]
"""later: there is nothing to do but to wait and see."""
ENDS: tuple[End, ...] = ("solved", "later", "repair", "person")
_NOT_SPOKEN = re.compile(r"[*#`_\[\]<>]|https?:|\n")


class TreeError(DialogueError):
    """A tree cannot be used; the message names the file, the node and the fix."""

    code = "tree_error"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Part):
    """Words in both languages; they can be spoken."""

    zh: Annotated[str, Field(min_length=2)]
    en: Annotated[str, Field(min_length=2)]

    def of(self, language: Language) -> str:
        """The words of one language."""
        return self.zh if language == "zh" else self.en

    @field_validator("zh", "en")
    @classmethod
    def _spoken(cls, value: str) -> str:
        if _NOT_SPOKEN.search(value):
            raise ValueError("no markup, links or line breaks: it is read aloud")
        return value


class Words(_Part):
    """Regular expressions over the customer's words, either language."""

    zh: str
    en: str

    @field_validator("zh", "en")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    def found(self, text: str) -> bool:
        """Whether the words are in ``text``."""
        return bool(re.search(self.zh, text) or re.search(self.en, text, re.IGNORECASE))


class Branch(_Part):
    """An answer that is neither yes nor no."""

    words: Words
    to: str
    """A node, or an end."""


class Node(_Part):
    """One step: something to try or to look at, and a question that yes or no answers."""

    say: Text
    label: Text
    """What was tried, for the person who takes over: 换过插座."""
    if_yes: str
    """A node, or an end."""
    if_no: str
    asks: Literal["fixed", "fact"] = "fixed"
    """fixed: something to try, then whether it works now; fact: something to look at."""
    tried: Words | None = None
    """Words that say that this was done before: then the answer is no, and the step is not said."""
    branches: tuple[Branch, ...] = ()

    @model_validator(mode="after")
    def _only_what_is_tried(self) -> Self:
        if self.asks == "fact" and self.tried is not None:
            raise ValueError("tried is for steps that ask whether it is fixed; remove it, or asks: fact")
        return self


class Tree(_Part):
    """One kind of trouble."""

    title: Text
    words: Words
    """What a customer says of it."""
    goods: Words | None = None
    """Names of the goods it is for; None: any. A tree for these goods stands before one for any."""
    start: str
    nodes: Annotated[dict[str, Node], Field(min_length=1)]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.start not in self.nodes:
            raise ValueError(f"start: there is no node {self.start}; there are {', '.join(self.nodes)}")
        for name, node in self.nodes.items():
            for field, target in _targets(node):
                if target not in self.nodes and target not in ENDS:
                    known = ", ".join((*self.nodes, *ENDS))
                    raise ValueError(f"nodes.{name}.{field}: {target} is no node and no end; allowed: {known}")
        if unreached := set(self.nodes) - self._reached():
            raise ValueError(f"nodes.{', '.join(sorted(unreached))}: no step leads there; remove it or point to it")
        if circle := self._circle(self.start, ()):
            raise ValueError(f"nodes: a circle without end: {' > '.join(circle)}")
        return self

    def _reached(self) -> set[str]:
        found, left = {self.start}, [self.start]
        while left:
            for _, target in _targets(self.nodes[left.pop()]):
                if target in self.nodes and target not in found:
                    found.add(target)
                    left.append(target)
        return found

    def _circle(self, name: str, path: tuple[str, ...]) -> tuple[str, ...]:
        if name in path:
            return (*path[path.index(name) :], name)
        for _, target in _targets(self.nodes[name]):
            if target in self.nodes and (found := self._circle(target, (*path, name))):
                return found
        return ()


def load(folder: Path = FOLDER) -> dict[str, Tree]:
    """Every tree by its file's name. Raises ``TreeError``."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.yaml"))}


@cache
def trees() -> Mapping[str, Tree]:
    """The shipped trees, read once."""
    return load()


def find(text: str, product: str = "", among: Mapping[str, Tree] | None = None) -> str | None:
    """The name of the tree for what the customer says (of the product called ``product``); None when none fits."""
    known = trees() if among is None else among
    fitting = [
        (tree.goods is None, name)
        for name, tree in known.items()
        if tree.words.found(text) and (tree.goods is None or tree.goods.found(f"{text} {product}"))
    ]
    return min(fitting)[1] if fitting else None


def _targets(node: Node) -> Iterator[tuple[str, str]]:
    yield "if_yes", node.if_yes
    yield "if_no", node.if_no
    for place, branch in enumerate(node.branches):
        yield f"branches.{place}.to", branch.to


def _read(path: Path) -> Tree:
    try:
        return Tree.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except yaml.YAMLError as error:
        raise TreeError(f"{path.name}: no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        told = first["msg"].removeprefix("Value error, ")
        raise TreeError(f"{path.name}: {where + ': ' if where else ''}{told}") from error
