"""What a domain is for the dialogue, as data: ``load_business(name)`` reads

    dialogue/domains/<name>.yaml, or dialogue/domains/<name>/domain.yaml:
      title      name of the business, by language
      skills     name to "module:Class", first come first; or "module:NAME" of such a mapping
      also       more skills, asked before those; "file.py:Class" names a file of the domain's folder
      backend    "module:Class", called with (engine, clock); without it the back end is the shop's of [shop]
      demo       "module:function", awaited with (engine, now) where demo data is wanted, at the start and hourly;
                 without it the demo shop
      numbers    what an order number looks like; without it the shop's
      page       by language: ``say``, what to try; ``body`` and ``demo``, words of the first screen
    dialogue/domains/<name>/wording/{zh,en,menus}.yaml   over those of dialogue/wording
    dialogue/domains/<name>/knowledge/*.yaml             instead of dialogue/knowledge/entries
    dialogue/domains/<name>/policies.yaml                what its answers quote in braces, and its skills may read
    nlu/domains/<name>/                                  intents, keywords, terms (``nlu.domains``)

Errors name the file, the field and what is allowed there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogue.backend import Backend
from dialogue.errors import DialogueError
from dialogue.shop.clock import Clock
from dialogue.wording import Words, wording
from nlu.types import Language

ROOT = Path(__file__).parent
DEFAULT = "shop"


class BusinessInvalid(DialogueError):
    """The files of a domain cannot be used; the message says which and why."""

    code = "business_invalid"


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(_Checked):
    """The first screen in one language."""

    say: tuple[str, ...] = ()
    """What one may say; {number} is one of the customer's own numbers."""
    body: str = ""
    """What the business can be asked; empty: the page's own words."""
    demo: str = ""
    """Who the visitor is; {customer} and {number} are filled in. Empty: the page's own words."""

    def filled(self, number: str, customer: str) -> dict[str, Any]:
        """As JSON for the page."""
        fields = {"number": number, "customer": customer}
        say = [text.format(**fields) for text in self.say]
        return {"say": say, "body": self.body, "demo": self.demo.format(**fields)}


class Lines(_Checked):
    """The file of a domain."""

    title: Mapping[Language, str]
    skills: Mapping[str, str] | str
    also: Mapping[str, str] = {}
    backend: str | None = None
    demo: str | None = None
    numbers: str | None = None
    page: Mapping[Language, Page] = {}


class Business:
    """One domain. Immutable; classes are imported when they are asked for."""

    def __init__(self, name: str, lines: Lines, folder: Path) -> None:
        """``folder`` need not exist: a domain without words and knowledge of its own has those of the shop."""
        self.name = name
        self.lines = lines
        self._folder = folder

    @property
    def skills(self) -> Mapping[str, str]:
        """Registry for ``dialogue.skills.load``; a file of skills is looked for in the domain's folder."""
        named = self.lines.skills
        common: Mapping[str, str] = _named(named) if isinstance(named, str) else named
        own = {**self.lines.also, **{name: line for name, line in common.items() if name not in self.lines.also}}
        return {name: str(self._folder / line) if ".py:" in line else line for name, line in own.items()}

    @property
    def wordings(self) -> Words:
        """What is said."""
        folder = self._folder / "wording"
        return partial(wording, domain=folder) if folder.is_dir() else wording

    @property
    def knowledge(self) -> Path | None:
        """Folder of the entries; None: the shop's."""
        folder = self._folder / "knowledge"
        return folder if folder.is_dir() else None

    @property
    def facts(self) -> Mapping[str, Any] | None:
        """What the braces of its answers name: the single values of ``policies.yaml``, those under ``facts`` too."""
        path = self._folder / "policies.yaml"
        if not path.is_file():
            return None
        document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        flat: dict[str, Any] = {name: value for name, value in document.items() if isinstance(value, str | int | float)}
        flat |= document.get("facts", {})
        return flat

    def open_backend(self, engine: AsyncEngine, clock: Clock) -> Backend | None:
        """Its back end; None where it is the shop's."""
        line = self.lines.backend
        opened: Backend | None = _named(line)(engine, clock) if line else None
        return opened

    @property
    def demo(self) -> Callable[[AsyncEngine, datetime], Awaitable[None]] | None:
        """Fills the back end with demo data, once, and keeps its days fresh; None where it is the shop's."""
        line = self.lines.demo
        seed: Callable[[AsyncEngine, datetime], Awaitable[None]] | None = _named(line) if line else None
        return seed


def businesses(root: Path = ROOT) -> tuple[str, ...]:
    """Names of the domains there are."""
    return tuple(
        sorted({path.stem for path in root.glob("*.yaml")} | {p.parent.name for p in root.glob("*/domain.yaml")})
    )


@lru_cache(maxsize=8)
def load_business(name: str = DEFAULT, root: Path = ROOT) -> Business:
    """The domain called ``name``, or in the folder that ``name`` is the path of. Raises ``BusinessInvalid``."""
    if "/" in name:
        root, name = Path(name).resolve().parent, Path(name).name
    if name not in businesses(root):
        raise BusinessInvalid(f"no domain is called '{name}'; there are {', '.join(businesses(root)) or 'none'}")
    path = next(path for path in (root / f"{name}.yaml", root / name / "domain.yaml") if path.is_file())
    try:
        lines = Lines.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BusinessInvalid(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BusinessInvalid(f"{path}: {wrong}") from error
    return Business(name, lines, root / name)


def _named(line: str) -> Any:
    """What a "module:name" line names. Raises ``ImportError`` or ``AttributeError``."""
    module, _, name = line.partition(":")
    return getattr(import_module(module), name)
