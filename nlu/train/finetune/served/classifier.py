"""A fine-tuned encoder with its head, from the folder that ``nlu.train.finetune.export`` writes. Runs inside Triton.

``encoder/`` config.json and model.safetensors (transformers), ``tokenizer.json``, ``head.safetensors``: weight
[labels, hidden] and bias [labels], ``classifier.json``: labels, temperature, prefix, max_length.

    p = softmax((unit(mean of the last hidden states) @ weight.T + bias) / temperature)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel

_POOLED = ("bert", "roberta", "xlm-roberta")
"""Architectures with a pooling layer that can be left out; mean pooling needs none."""


def load_encoder(folder: Path) -> Any:
    """The transformers model in ``folder``, float32, evaluation mode, from the disk alone."""
    kind = AutoConfig.from_pretrained(folder, local_files_only=True).model_type
    options = {"add_pooling_layer": False} if kind in _POOLED else {}
    return AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32, **options).eval()


def pad(rows: Sequence[Sequence[int]], padding: int) -> tuple[Any, Any]:
    """Piece ids and their mask, both [rows, longest row]."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), padding)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = 1
    return ids, mask


def pooled(encoder: Any, ids: Any, mask: Any) -> Any:
    """Unit vectors [rows, hidden]: the mean over the pieces of each row."""
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(mean, dim=-1)


class Classifier:
    """Texts in, calibrated probabilities out. Not safe for threads; a Triton instance has one."""

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "classifier.json").read_text("utf-8"))
        self.labels = np.array(about["labels"], dtype=np.object_)
        self._temperature = float(about["temperature"])
        self._prefix = str(about["prefix"])
        self._encoder = load_encoder(folder / "encoder")
        self._padding = int(self._encoder.config.pad_token_id or 0)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(int(about["max_length"]))
        self._head = load_file(folder / "head.safetensors")

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[texts, labels]; rows sum to one."""
        rows = [self._tokenizer.encode(self._prefix + text).ids for text in texts]
        with torch.inference_mode():
            vectors = pooled(self._encoder, *pad(rows, self._padding))
            logits = vectors @ self._head["weight"].T + self._head["bias"]
            return np.asarray(torch.softmax(logits / self._temperature, dim=-1).numpy(), dtype=np.float32)

    def top(self, texts: Sequence[str], k: int) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
        """Labels and scores [texts, k], best first; padded with "" and 0 where there are fewer than ``k`` labels."""
        scores = self.probabilities(texts)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        missing = ((0, 0), (0, k - order.shape[1]))
        best = np.pad(np.take_along_axis(scores, order, axis=1), missing)
        return np.pad(self.labels[order], missing, constant_values=""), best
