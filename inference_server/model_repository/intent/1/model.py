"""Triton model: text to its best labels with calibrated probabilities, by a linear head on ``embed`` and n-grams.

The same file in ``intent`` and ``sentiment``; what differs is ``head.npz`` and config.pbtxt. ``KEFU_INTENT_HEAD`` names
another head beside it: that of another domain. Tensors: ``inference_server/contracts.py``.
"""

import locale
import sys

# The stub's Python starts isolated with ASCII text encodings, and no environment variable changes that.
locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
for _stream in (sys.stdout, sys.stderr):
    _stream.reconfigure(encoding="utf-8", errors="backslashreplace")

import json  # noqa: E402
import os  # noqa: E402
from pathlib import Path  # noqa: E402

import head  # noqa: E402
import numpy as np  # noqa: E402
import triton_python_backend_utils as pb_utils  # noqa: E402

_NEAREST = ("NEAREST", "NEAREST_LABEL", "NEAREST_SCORE")


class TritonPythonModel:
    """One call to ``embed`` for all requests of a batch, then the head."""

    def initialize(self, args):
        name = os.environ.get(f"KEFU_{args['model_name'].upper()}_HEAD") or "head.npz"
        path = Path(args["model_repository"]) / args["model_version"] / name
        if not path.exists():
            raise pb_utils.TritonModelException(f"{path} is missing: run 'python -m nlu.train'")
        self._head = head.load(path)
        outputs = json.loads(args["model_config"])["output"]
        self._top = next(int(output["dims"][0]) for output in outputs if output["name"] == "LABEL")
        self._nearest = _nearest(path, outputs)

    def execute(self, requests):
        texts = [pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy().reshape(-1, 1) for request in requests]
        batch = np.concatenate(texts)
        answer = pb_utils.InferenceRequest(
            model_name="embed",
            requested_output_names=["EMBEDDING"],
            inputs=[
                pb_utils.Tensor("TEXT", batch),
                pb_utils.Tensor("KIND", np.full(batch.shape, b"query", np.object_)),
            ],
            preferred_memory=pb_utils.PreferredMemory(pb_utils.TRITONSERVER_MEMORY_CPU, 0),
        ).exec()
        if answer.has_error():
            # One response object per request: Triton takes each of them over.
            return [_error(answer.error()) for _ in requests]
        embeddings = pb_utils.get_output_tensor_by_name(answer, "EMBEDDING").as_numpy()
        words = [text.decode("utf-8", errors="replace") for text in batch.ravel()]
        labels, scores = self._head.top(embeddings, words, self._top)
        ends = np.cumsum([len(text) for text in texts])
        spans = [slice(end - len(text), end) for text, end in zip(texts, ends, strict=True)]
        found = self._nearest(embeddings)
        return [_response(labels[span], scores[span], [part[span] for part in found]) for span in spans]


def _nearest(path, outputs):
    """A function that gives the NEAREST tensors to embeddings; no tensors where the configuration has none."""
    count = next((int(output["dims"][0]) for output in outputs if output["name"] == _NEAREST[0]), 0)
    if not count:
        return lambda embeddings: ()
    import neighbours  # beside the intent head alone

    index = path.with_name(path.name.replace("head", "neighbours"))
    if not index.exists():
        return lambda embeddings: neighbours.nothing(len(embeddings), count)
    loaded = neighbours.load(index)
    return lambda embeddings: loaded.nearest(embeddings, count)


def _response(labels, scores, found):
    nearest = [pb_utils.Tensor(name, part) for name, part in zip(_NEAREST, found, strict=False)]
    return pb_utils.InferenceResponse([pb_utils.Tensor("LABEL", labels), pb_utils.Tensor("SCORE", scores), *nearest])


def _error(cause):
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"embed: {cause.message()}", cause.code()))
