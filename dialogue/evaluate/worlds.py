"""Worlds of other benchmarks: they are no part of Kefu and lie with its tests, so they are looked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from dialogue.evaluate.retrieval import DataError

WORLDS = {"tau2": "tests.worlds.tau2:RetailWorlds", "ecombench": "tests.worlds.ecom:EcomWorlds"}
"""Benchmark to ``module:Class``; the class is called with the folder of the world's files."""


def load_worlds(benchmark: str, folder: Path, worlds: Mapping[str, str] = WORLDS) -> Any:
    """The worlds of ``folder``. Raises ``DataError``, outside a checkout too."""
    module, _, name = worlds[benchmark].partition(":")
    try:
        made = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "tests":
            raise DataError(f"{module} is not here: run this in a checkout of Kefu, which has tests/worlds") from error
        raise
    return made(folder)
