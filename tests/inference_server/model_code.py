"""Imports the modules that lie beside a model.py, as Triton does: by bare name, from the model's own folder."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from inference_server.launch import REPOSITORY


def model_module(model: str, name: str) -> ModuleType:
    """``model_repository/<model>/1/<name>.py`` under a name of its own, so that models do not meet."""
    unique = f"_model_{model}_{name}"
    if unique not in sys.modules:
        spec = importlib.util.spec_from_file_location(unique, REPOSITORY / model / "1" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        spec.loader.exec_module(module)
    return sys.modules[unique]
