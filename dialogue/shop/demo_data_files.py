"""Reads ``demo_data/*.yaml``, each once per process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "demo_data"


@cache
def data(name: str) -> Any:
    """The content of one file, not to be changed."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
