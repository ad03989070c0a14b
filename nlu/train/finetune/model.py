"""An encoder and a linear head as one thing to train; LoRA adapters through peft, merged again for export."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from tokenizers import Tokenizer

from nlu.train import head as linear
from nlu.train.finetune.served.classifier import load_encoder, pad, pooled

Mode = Literal["full", "lora"]
RANK = 16
_ATTENTION = ("query", "key", "value", "q_lin", "k_lin", "v_lin", "q_proj", "k_proj", "v_proj")
"""Names of the layers that get adapters: those of BERT and XLM-R, DistilBERT, and most others."""
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Base:
    """What is fine-tuned."""

    encoder: Any
    """A transformers model with ``last_hidden_state``."""
    tokenizer: Path
    """``tokenizer.json``."""
    prefix: str
    """Put before every text."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """Encoder, adapters and head. Moves with training; ``merged`` takes it apart."""

    encoder: Any
    head: Any
    """``torch.nn.Linear`` on unit vectors."""
    padding: int
    """Piece id."""

    def logits(self, rows: Sequence[Sequence[int]]) -> Any:
        """[rows, labels]."""
        return self.head(pooled(self.encoder, *pad(rows, self.padding)))

    def trainable(self) -> dict[str, Any]:
        """Parameters that training moves, by name."""
        named = [(f"encoder.{name}", parameter) for name, parameter in self.encoder.named_parameters()]
        named += [(f"head.{name}", parameter) for name, parameter in self.head.named_parameters()]
        return {name: parameter for name, parameter in named if parameter.requires_grad}

    def restore(self, weights: dict[str, Any]) -> None:
        """Copy ``weights``, as ``trainable`` names them, into the parameters."""
        with torch.no_grad():
            for name, parameter in self.trainable().items():
                parameter.copy_(weights[name])

    def merged(self) -> Any:
        """The encoder with its adapters folded in. The classifier is of no use afterwards."""
        return self.encoder.merge_and_unload() if hasattr(self.encoder, "merge_and_unload") else self.encoder


def checkpoint(folder: Path, prefix: str) -> Base:
    """Any transformers encoder on disk that has a ``tokenizer.json``."""
    return Base(load_encoder(folder), folder / "tokenizer.json", prefix)


def build(encoder: Any, labels: int, mode: Mode, seed: int) -> Classifier:
    """A new head on ``encoder``; with ``lora`` the encoder itself stays as it is and adapters move."""
    torch.manual_seed(seed)
    width, padding = int(encoder.config.hidden_size), int(encoder.config.pad_token_id or 0)
    if mode == "lora":
        from peft import LoraConfig, get_peft_model

        known = {name.rpartition(".")[2] for name, _ in encoder.named_modules()}
        targets = [name for name in _ATTENTION if name in known]
        with warnings.catch_warnings():
            # peft 0.21 asks for a property that transformers 5.23 has renamed.
            warnings.simplefilter("ignore", FutureWarning)
            encoder = get_peft_model(
                encoder, LoraConfig(r=RANK, lora_alpha=2 * RANK, lora_dropout=0.05, target_modules=targets)
            )
    return Classifier(encoder, torch.nn.Linear(width, labels), padding)


def start_linear(model: Classifier, vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Let the head begin as the linear head fitted on ``vectors`` [rows, hidden], so that the encoder is not first
    bent towards a random one."""
    count = model.head.out_features
    nothing = csr_matrix((len(labels), 1), dtype=np.float32)
    names = tuple(map(str, range(count)))
    data = linear.TrainingSet(vectors, nothing, np.arange(len(labels)), labels, names)
    fitted = linear.train(data, linear.STRENGTHS[0], 1.0)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(fitted.weight))
        model.head.bias.copy_(torch.from_numpy(fitted.bias - fitted.weight @ fitted.mean))


def pieces(base: Base, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Piece ids of each text with its prefix, at most ``max_length`` with the two marks around them."""
    tokenizer = Tokenizer.from_file(str(base.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return [found.ids for found in tokenizer.encode_batch([base.prefix + text for text in texts])]


def vectors(encoder: Any, rows: Sequence[Sequence[int]], padding: int) -> NDArray[np.float32]:
    """Unit vectors [rows, hidden] without training anything."""
    encoder.eval()
    found = np.zeros((len(rows), int(encoder.config.hidden_size)), dtype=np.float32)
    with torch.inference_mode():
        for part in _by_length(rows):
            found[part] = pooled(encoder, *pad([rows[at] for at in part], padding)).numpy()
    return found


def scores(model: Classifier, rows: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Logits [rows, labels] as served: no dropout."""
    model.encoder.eval()
    found = np.zeros((len(rows), model.head.out_features))
    with torch.inference_mode():
        for part in _by_length(rows):
            found[part] = model.logits([rows[at] for at in part]).numpy()
    return found


def _by_length(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Batches of rows of like length: padding costs as much as words."""
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    for start in range(0, len(order), _AT_ONCE):
        yield order[start : start + _AT_ONCE]
