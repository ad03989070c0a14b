"""The served models without a server: texts in; embeddings, intents and moods out, as Triton gives them.

``LocalModels`` answers for ``embed``, ``intent`` and ``sentiment`` where an ``InferenceClient`` would: the encoder runs
in a process of the server's environment, the heads are read with the very files that Triton reads them with.
"""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference_server.contracts import EMBEDDING_DIM
from inference_server.errors import InferenceFailed, InferenceRejected
from nlu.train.embeddings import CHECKOUT, EncoderError, server_python

REPOSITORY = CHECKOUT / "inference_server" / "model_repository"
_TOP = {"intent": 5, "sentiment": 3}
"""As many labels as each model's config.pbtxt has."""

Tensors = dict[str, NDArray[Any]]


class LocalModels:
    """An ``InferenceClient`` as far as classifier and knowledge need one. Ends its process with ``close``.

    One question at a time; cancelling a call waits for its answer, so that the next is not mistaken for it.
    """

    def __init__(self, repository: Path = REPOSITORY) -> None:
        """The heads are loaded now; the encoder with the first text. Raises ``EncoderError``."""
        self._python = server_python(CHECKOUT)
        self._heads = {name: _part(repository / name / "1", "head") for name in _TOP}
        self._loaded = {name: head.load(repository / name / "1" / "head.npz") for name, head in self._heads.items()}
        self._neighbours = _part(repository / "intent" / "1", "neighbours").load(
            repository / "intent" / "1" / "neighbours.npz"
        )
        self._process: subprocess.Popen[str] | None = None
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def infer(
        self, model: str, inputs: Mapping[str, NDArray[Any]], *, deadline_s: float | None = None
    ) -> Tensors:
        """The tensors of ``inference_server.contracts``. Raises ``InferenceError``."""
        texts = [_text(text) for text in np.ravel(inputs["TEXT"])]
        kinds = [_text(kind) for kind in np.ravel(inputs["KIND"])] if "KIND" in inputs else ["query"] * len(texts)
        if model not in {"embed", *_TOP}:
            raise InferenceRejected(f"there is no local model {model}")
        rows = await self._embeddings(list(zip(kinds, texts, strict=True)))
        if model == "embed":
            return {"EMBEDDING": rows}
        labels, scores = self._loaded[model].top(rows, texts, _TOP[model])
        found: Tensors = {"LABEL": labels, "SCORE": scores}
        if model == "intent":
            found |= dict(zip(_NEAREST, self._neighbours.nearest(rows, _NEAREST_COUNT), strict=True))
        return found

    async def close(self) -> None:
        """End the encoder's process."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.communicate)
            self._process = None

    async def _embeddings(self, asked: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        missing = list(dict.fromkeys(one for one in asked if one not in self._known))
        if missing:
            async with self._one_at_a_time:
                await asyncio.shield(asyncio.to_thread(self._learn, missing))
        rows = [self._known[one] for one in asked]
        return np.stack(rows) if rows else np.empty((0, EMBEDDING_DIM), np.float32)

    def _learn(self, missing: Sequence[tuple[str, str]]) -> None:
        for kind in ("query", "passage"):
            texts = [text for of, text in missing if of == kind]
            if texts:
                self._known |= {(kind, text): row for text, row in zip(texts, self._asked(kind, texts), strict=True)}

    def _asked(self, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise InferenceFailed("the encoder has no pipes")
        process.stdin.write(json.dumps({"kind": kind, "texts": list(texts)}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise EncoderError(f"the encoder in {self._python} has ended with {process.wait()}")
        return np.frombuffer(base64.b64decode(line), dtype=np.float32).reshape(-1, EMBEDDING_DIM)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            here = Path(__file__)
            command = [str(self._python), str(here.with_name("resident_encoder.py")), str(CHECKOUT / "nlu" / "train")]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        return self._process


_NEAREST = ("NEAREST", "NEAREST_LABEL", "NEAREST_SCORE")
_NEAREST_COUNT = 3


def _part(folder: Path, name: str) -> Any:
    """A file of a Triton model directory, which stands alone and is no package."""
    spec = importlib.util.spec_from_file_location(f"kefu_{folder.parent.name}_{name}", folder / f"{name}.py")
    if spec is None or spec.loader is None:
        raise EncoderError(f"{folder / name}.py cannot be read")
    module = importlib.util.module_from_spec(spec)
    # A frozen dataclass looks its own module up while it is made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
