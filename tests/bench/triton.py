"""What our client adds to a bare tritonclient call, on the same server in the same run, calls in alternation."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient

from inference_server.client import InferenceClient
from inference_server.launch import REPOSITORY, Triton, server_python
from tests.bench.results import Result, Results, quantiles

_N = 300
# One text throughout: the model answers from its cache, so that the figures are the call and not the encoder.
_TEXT = "我的订单什么时候到"


async def measure(folder: Path) -> Results:
    """p50 of each, and their ratio."""
    async with Triton(
        REPOSITORY, models=("embed",), server_python=server_python(), runtime_dir=folder, on_event=lambda line: None
    ) as triton:
        ours, bare = InferenceClient(triton.url), InferenceServerClient(triton.url)
        text = np.array([[_TEXT]], dtype=object)
        kind = np.array([["query"]], dtype=object)
        inputs = [InferInput("TEXT", [1, 1], "BYTES"), InferInput("KIND", [1, 1], "BYTES")]
        inputs[0].set_data_from_numpy(np.array([[_TEXT.encode()]], dtype=object))
        inputs[1].set_data_from_numpy(np.array([[b"query"]], dtype=object))
        ours_ms, bare_ms = [], []
        for number in range(_N + 20):
            started = time.perf_counter()
            await ours.infer("embed", {"TEXT": text, "KIND": kind})
            middle = time.perf_counter()
            (await bare.infer("embed", inputs)).as_numpy("EMBEDDING")
            if number >= 20:
                ours_ms.append((middle - started) * 1000)
                bare_ms.append((time.perf_counter() - middle) * 1000)
        await ours.close()
        await bare.close()
    mine, reference = quantiles("x", ours_ms)["x_p50"], quantiles("x", bare_ms)["x_p50"]
    return {
        "triton_call_p50": Result(mine.value, "ms", _N, reference=reference.value),
        "triton_overhead_ratio": Result(round(mine.value / reference.value, 3), "x", _N, aim=1.1, reference=1.0),
    }
