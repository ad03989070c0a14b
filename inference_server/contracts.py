"""The tensors of every served model, in one place. ``tests/inference_server/test_contracts.py`` holds each
``config.pbtxt`` to it. Shapes are without the batch dimension; STRING tensors are UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DataType = Literal["STRING", "FP32", "INT32", "INT64", "BOOL"]

EMBEDDING_DIM = 384
INTENT_TOP_K = 5
NEAREST = 3


@dataclass(frozen=True, slots=True)
class TensorContract:
    """One tensor of a model."""

    name: str
    data_type: DataType
    dims: tuple[int, ...]
    """Without the batch dimension; -1 is any length."""
    optional: bool = False
    probe: str = ""
    """What the supervisor's probe sends in a required STRING input. Any answer, also a refusal, proves life."""


@dataclass(frozen=True, slots=True)
class ModelContract:
    """What a served model takes and gives."""

    name: str
    max_batch_size: int
    """0: no batch dimension."""
    inputs: tuple[TensorContract, ...]
    outputs: tuple[TensorContract, ...]
    decoupled: bool = False
    """True: any number of responses per request (streaming)."""


def _text_model(name: str, *outputs: TensorContract, extra: tuple[TensorContract, ...] = ()) -> ModelContract:
    return ModelContract(name, 64, (TensorContract("TEXT", "STRING", (1,)), *extra), outputs)


MODELS: dict[str, ModelContract] = {
    "embed": _text_model(
        "embed",
        TensorContract("EMBEDDING", "FP32", (EMBEDDING_DIM,)),
        # "query" or "passage": e5 models embed the two sides of a search differently.
        extra=(TensorContract("KIND", "STRING", (1,), probe="query"),),
    ),
    # Labels best first, with calibrated probabilities; and the training utterances nearest to the text, with their
    # labels and the cosine of centred embeddings, "" and 0 where there is no index. A caller may leave these out.
    "intent": _text_model(
        "intent",
        TensorContract("LABEL", "STRING", (INTENT_TOP_K,)),
        TensorContract("SCORE", "FP32", (INTENT_TOP_K,)),
        TensorContract("NEAREST", "STRING", (NEAREST,)),
        TensorContract("NEAREST_LABEL", "STRING", (NEAREST,)),
        TensorContract("NEAREST_SCORE", "FP32", (NEAREST,)),
    ),
    "sentiment": _text_model(
        "sentiment", TensorContract("LABEL", "STRING", (3,)), TensorContract("SCORE", "FP32", (3,))
    ),
    "generate": ModelContract(
        "generate",
        0,
        (
            # JSON list of {"role", "content"}; the model's own chat template is applied inside. An empty list is
            # answered at once with no text.
            TensorContract("MESSAGES", "STRING", (1,), probe="[]"),
            TensorContract("MAX_TOKENS", "INT32", (1,), optional=True),
            TensorContract("TEMPERATURE", "FP32", (1,), optional=True),
            TensorContract("TOP_K", "INT32", (1,), optional=True),
            TensorContract("TOP_P", "FP32", (1,), optional=True),
            TensorContract("STOP", "STRING", (-1,), optional=True),
            TensorContract("SEED", "INT64", (1,), optional=True),
        ),
        (
            TensorContract("TEXT", "STRING", (1,)),
            # Empty while tokens flow; "stop", "length" or "cancelled" on the last response.
            TensorContract("FINISH_REASON", "STRING", (1,)),
        ),
        decoupled=True,
    ),
}
