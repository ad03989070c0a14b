"""What is exported gives what was trained, through the tensors of the model it stands in for."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="fine-tuning needs the extra 'finetune'")
pytest.importorskip("transformers", reason="fine-tuning needs the extra 'finetune'")

from inference_server.contracts import MODELS
from nlu.train.finetune.export import export
from nlu.train.finetune.loop import Settings, fine_tune
from nlu.train.finetune.model import Mode, checkpoint, pieces, scores, vectors
from nlu.train.finetune.served import classifier as served_code
from nlu.train.head import softmax
from tests.nlu.train.finetune.tiny import LABELS, TEXTS, classifier

TEMPERATURE = 0.7


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_the_exported_model_says_what_the_trained_one_said(tmp_path: Path, mode: Mode) -> None:
    model, base, rows = classifier(tmp_path, mode)
    fine_tune(model, rows, rows, Settings(mode=mode, epochs=3, batch=3, rate=1e-2), tmp_path / "run", lambda *_: None)
    expected = softmax(scores(model, rows.pieces) / TEMPERATURE)
    folder = export(model, base, tmp_path / "repository", "intent", LABELS, TEMPERATURE, 32)
    served = served_code.Classifier(folder / "1")
    np.testing.assert_allclose(served.probabilities(TEXTS), expected, atol=1e-5)
    labels, best = served.top(TEXTS, 5)
    assert labels.shape == best.shape == (len(TEXTS), 5)
    assert [str(row[0]) for row in labels] == [LABELS[at] for at in expected.argmax(axis=1)]
    assert (labels[:, 3:] == "").all()


def test_an_encoder_on_disk_is_a_base(tmp_path: Path) -> None:
    model, base, rows = classifier(tmp_path, "full")
    expected = vectors(model.encoder, rows.pieces, model.padding)
    base.encoder.save_pretrained(tmp_path)
    again = checkpoint(tmp_path, base.prefix)
    assert pieces(again, TEXTS, 32) == rows.pieces
    np.testing.assert_allclose(vectors(again.encoder, rows.pieces, model.padding), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["intent", "sentiment"])
def test_the_configuration_is_the_contract(tmp_path: Path, name: str) -> None:
    model, base, _ = classifier(tmp_path, "full")
    text = (export(model, base, tmp_path / "repository", name, LABELS, 1.0, 32) / "config.pbtxt").read_text()
    shipped = (Path(__file__).parents[4] / "inference_server/model_repository" / name / "config.pbtxt").read_text()
    assert _declared(text) == _declared(shipped)
    assert f"max_batch_size: {MODELS[name].max_batch_size}" in text


def _declared(text: str) -> list[tuple[str, ...]]:
    return re.findall(r'name: "(\w+)" data_type: TYPE_(\w+) dims: \[ (\d+) \]', text)


def test_the_served_model_answers_every_request_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, base, rows = classifier(tmp_path, "full")
    expected = softmax(scores(model, rows.pieces)).max(axis=1)
    folder = export(model, base, tmp_path / "repository", "intent", LABELS, 1.0, 32)
    triton = ModuleType("triton_python_backend_utils")
    triton.Tensor = lambda name, array: (name, array)  # type: ignore[attr-defined]
    triton.InferenceResponse = dict  # type: ignore[attr-defined]
    triton.get_input_tensor_by_name = lambda request, name: SimpleNamespace(as_numpy=lambda: request[name])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", triton)
    monkeypatch.setitem(sys.modules, "classifier", served_code)
    code: dict[str, object] = {"__name__": "model"}
    # pytest's own streams stand in for the stub's.
    exec(compile((folder / "1" / "model.py").read_text("utf-8"), "model.py", "exec"), code)
    served = code["TritonPythonModel"]()  # type: ignore[operator]
    outputs = [{"name": one.name, "dims": list(one.dims)} for one in MODELS["intent"].outputs]
    served.initialize(
        {"model_repository": str(folder), "model_version": "1", "model_config": json.dumps({"output": outputs})}
    )
    texts = [np.array([[text.encode()] for text in part], dtype=np.object_) for part in (TEXTS[:2], TEXTS[2:])]
    answers = served.execute([{"TEXT": part} for part in texts])
    assert [len(answer["LABEL"]) for answer in answers] == [2, len(TEXTS) - 2]
    np.testing.assert_allclose(np.concatenate([answer["SCORE"][:, 0] for answer in answers]), expected, atol=1e-5)
    for one in MODELS["intent"].outputs:
        assert answers[1][one.name].shape == (len(TEXTS) - 2, *one.dims)
    assert set(answers[1]["NEAREST"].ravel()) == {""}
    assert not answers[1]["NEAREST_SCORE"].any()
