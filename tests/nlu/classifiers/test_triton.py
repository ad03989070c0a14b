"""The served classifier against a client that speaks the tensor contract."""

from __future__ import annotations

import numpy as np
import pytest

from inference_server.errors import InferenceDeadline, InferenceError, InferenceUnavailable
from nlu.classifiers.triton import TritonClassifier
from nlu.errors import ClassifierUnavailable
from nlu.types import Evidence
from tests.fakes_nlu import FakeInferenceClient, answer


async def test_labels_best_first_and_the_request_that_was_sent() -> None:
    client = FakeInferenceClient({"intent": answer({"stock": 0.25, "logistics": 0.75})})
    labels = await TritonClassifier(client, deadline_s=0.5).classify("快递到哪了", "zh")
    assert [(label.label, label.score) for label in labels] == [("logistics", 0.75), ("stock", 0.25)]
    ((model, text, deadline_s),) = client.requests
    assert (model, text.tolist(), text.shape, deadline_s) == ("intent", [["快递到哪了"]], (1, 1), 0.5)


async def test_sentiment() -> None:
    client = FakeInferenceClient({"sentiment": answer({"negative": 0.5, "neutral": 0.25, "positive": 0.25})})
    mood = await TritonClassifier(client).sentiment("太差了", "zh")
    assert (mood.polarity, mood.score) == ("negative", 0.5)


@pytest.mark.parametrize("error", [InferenceUnavailable("gone"), InferenceDeadline("late")])
async def test_inference_errors_mean_unavailable(error: InferenceError) -> None:
    classifier = TritonClassifier(FakeInferenceClient({}, error))
    with pytest.raises(ClassifierUnavailable, match=error.code):
        await classifier.classify("你好", "zh")


@pytest.mark.parametrize("labels", [{}, {"fly_to_moon": 1.0}, {"greet": float("nan")}])
async def test_answers_outside_the_contract_mean_unavailable(labels: dict[str, float]) -> None:
    classifier = TritonClassifier(FakeInferenceClient({"intent": answer(labels), "sentiment": answer(labels)}))
    with pytest.raises(ClassifierUnavailable):
        await classifier.classify("你好", "zh")
    with pytest.raises(ClassifierUnavailable):
        await classifier.sentiment("你好", "zh")


async def test_long_text_is_cut_to_what_the_encoder_reads() -> None:
    client = FakeInferenceClient({"intent": answer({"greet": 1.0})})
    await TritonClassifier(client).classify("啊" * 2000, "zh")
    assert len(client.requests[0][1][0][0]) == 512


async def test_the_nearest_utterances_come_with_the_best_label() -> None:
    nearest = {
        "NEAREST": np.array([["快递到哪了呀".encode(), "有货吗".encode(), b""]], dtype=object),
        "NEAREST_LABEL": np.array([[b"logistics", b"stock", b""]], dtype=object),
        "NEAREST_SCORE": np.array([[0.91234, 0.5, 0.0]], dtype=np.float32),
    }
    client = FakeInferenceClient({"intent": {**answer({"stock": 0.25, "logistics": 0.75}), **nearest}})
    best, other = await TritonClassifier(client).classify("快递到哪了", "zh")
    assert best.evidence == (
        Evidence("nearest", "logistics", "快递到哪了呀", 0.9123),
        Evidence("nearest", "stock", "有货吗", 0.5),
    )
    assert other.evidence == ()
