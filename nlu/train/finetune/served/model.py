"""Triton model: text to its best labels with calibrated probabilities, by a fine-tuned encoder and its head.

Stands in for the linear ``intent`` or ``sentiment`` with the same tensors (``inference_server/contracts.py``). It has
no index of training utterances, so that the NEAREST tensors are empty. Asks no other model.
"""

import locale
import sys

# The stub's Python starts isolated with ASCII text encodings, and no environment variable changes that.
locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
for _stream in (sys.stdout, sys.stderr):
    _stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]

import json  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import classifier  # type: ignore[import-not-found]  # noqa: E402
import numpy as np  # noqa: E402
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # noqa: E402


class TritonPythonModel:
    """One pass of the encoder for all requests of a batch."""

    def initialize(self, args: dict[str, str]) -> None:
        self._classifier = classifier.Classifier(Path(args["model_repository"]) / args["model_version"])
        self._sizes = {one["name"]: int(one["dims"][0]) for one in json.loads(args["model_config"])["output"]}

    def execute(self, requests: list[Any]) -> list[Any]:
        texts = [pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy().ravel() for request in requests]
        words = [text.decode("utf-8", errors="replace") for text in np.concatenate(texts)]
        labels, scores = self._classifier.top(words, self._sizes["LABEL"])
        ends = np.cumsum([len(text) for text in texts])
        spans = [slice(end - len(text), end) for text, end in zip(texts, ends, strict=True)]
        return [self._response(labels[span], scores[span]) for span in spans]

    def _response(self, labels: Any, scores: Any) -> Any:
        tensors = [pb_utils.Tensor("LABEL", labels), pb_utils.Tensor("SCORE", scores)]
        if count := self._sizes.get("NEAREST", 0):
            nothing = np.full((len(labels), count), "", dtype=np.object_)
            tensors += [pb_utils.Tensor(name, nothing) for name in ("NEAREST", "NEAREST_LABEL")]
            tensors.append(pb_utils.Tensor("NEAREST_SCORE", np.zeros((len(labels), count), np.float32)))
        return pb_utils.InferenceResponse(tensors)
