"""The packaged e5 as a torch model gives the vectors that the served ``embed`` gives."""

from __future__ import annotations

import pytest

from inference_server.weights import is_ready
from nlu.train import e5
from nlu.train.embeddings import CHECKOUT, server_python, subprocess_encoder

pytest.importorskip("torch", reason="fine-tuning needs the extra 'finetune'")
pytest.importorskip("transformers", reason="fine-tuning needs the extra 'finetune'")

from nlu.train.finetune.model import Base, pieces, vectors

TEXTS = ("我的订单什么时候到？", "where is my refund", "ＡＢＣ１２３ 全角，退货！", "ok")


@pytest.mark.models
@pytest.mark.skipif(not is_ready(e5.TOKENIZER), reason="the first 'python -m nlu.train.finetune' fetches the tokenizer")
def test_torch_and_the_served_engine_agree() -> None:
    python = server_python(CHECKOUT)
    base = Base(e5.encoder(e5.weights_file(python)), e5.tokenizer_file(), e5.PREFIX)
    found = vectors(base.encoder, pieces(base, TEXTS, 64), base.encoder.config.pad_token_id)
    expected = subprocess_encoder(python, 1)(TEXTS, lambda count: None)
    assert (found * expected).sum(axis=1).min() > 0.999
