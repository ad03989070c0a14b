"""A random BERT of two layers with a vocabulary of characters: small enough to train within a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from nlu.train.finetune.loop import Encoded
from nlu.train.finetune.model import Base, Classifier, Mode, build, pieces

LABELS = ("cancel", "refund", "where")
TEXTS = (
    "cancel it now",
    "please cancel",
    "cancel 12",
    "a refund",
    "refund me",
    "my refund",
    "where is it",
    "where",
    "w",
)
TRUTH = np.repeat(np.arange(3), 3)


def base(folder: Path) -> Base:
    """The same weights every time."""
    vocabulary = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
    vocabulary |= {character: 4 + at for at, character in enumerate("abcdefghijklmnopqrstuvwxyz 0123456789:")}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    return Base(BertModel(shape, add_pooling_layer=False), folder / "tokenizer.json", "query: ")


def classifier(folder: Path, mode: Mode) -> tuple[Classifier, Base, Encoded]:
    """A model that was not trained yet, and rows for it."""
    if mode == "lora":
        pytest.importorskip("peft", reason="LoRA needs the extra 'finetune'")
    found = base(folder)
    rows = Encoded(pieces(found, TEXTS, 32), TRUTH)
    return build(found.encoder, len(LABELS), mode, seed=1), found, rows
