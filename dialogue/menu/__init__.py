"""A telephone menu (IVR) as data: a YAML file in, a ``Menu`` out; ``walk`` takes callers through it. Pure.

The shop's owner writes the file; ``deploy/phone_menu.yaml`` is an example. Errors name the file, the place and the fix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dialogue.errors import DialogueError
from dialogue.menu.schema import Menu

__all__ = ["Menu", "MenuInvalid", "load_menu"]


class MenuInvalid(DialogueError):
    """The menu's file is wrong; the message names the file and each place."""

    code = "menu_invalid"


def load_menu(path: Path) -> Menu:
    """The menu in ``path``. Raises ``MenuInvalid``."""
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise MenuInvalid(f"cannot read the menu {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MenuInvalid(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return Menu.model_validate(data)
    except ValidationError as error:
        raise MenuInvalid("; ".join(_explain(item, path) for item in error.errors())) from error


def _explain(item: Any, path: Path) -> str:
    where = ".".join(str(part) for part in item["loc"])
    return f"{path}: {where + ': ' if where else ''}{item['msg']}"
