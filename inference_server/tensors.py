"""Tensors between numpy and the KServe v2 wire (``ModelInferRequest``, ``ModelInferResponse``). Pure.

Numbers travel as little-endian raw contents; STRING (BYTES) as each element's UTF-8 behind its 4-byte length.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

Tensor = NDArray[Any]
TensorInput = Tensor | Sequence[str]
"""An array, or strings for a STRING tensor of shape [n]."""

_DATA_TYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}
_NUMPY_TYPES = {data_type: np.dtype(name).newbyteorder("<") for name, data_type in _DATA_TYPES.items()}


def encode_request(model: str, inputs: Mapping[str, TensorInput]) -> Any:
    """A ``ModelInferRequest`` with ``inputs`` in raw form. Raises ``ValueError`` for types the protocol lacks."""
    request = service_pb2.ModelInferRequest(model_name=model)
    for name, value in inputs.items():
        data_type, shape, raw = encode(value)
        request.inputs.add(name=name, datatype=data_type, shape=shape)
        request.raw_input_contents.append(raw)
    return request


def decode_response(response: Any) -> dict[str, Tensor]:
    """Output name to array of a ``ModelInferResponse``. Raises ``ValueError`` when bytes and shape disagree."""
    if len(response.outputs) != len(response.raw_output_contents):
        raise ValueError(f"{len(response.outputs)} outputs, {len(response.raw_output_contents)} raw contents")
    return {
        output.name: decode(output.datatype, tuple(output.shape), raw)
        for output, raw in zip(response.outputs, response.raw_output_contents, strict=True)
    }


def encode(value: TensorInput) -> tuple[str, tuple[int, ...], bytes]:
    """Data type, shape and raw contents of one tensor. Raises ``ValueError`` for types the protocol lacks."""
    if isinstance(value, str):
        raise ValueError("a tensor of one string is ['text'], not 'text'")
    array = value if isinstance(value, np.ndarray) else _strings(value)
    if array.dtype.kind in "OUS":
        return "BYTES", array.shape, b"".join(_encode_string(item) for item in array.ravel().tolist())
    data_type = _DATA_TYPES.get(array.dtype.name)
    if data_type is None:
        raise ValueError(f"tensors of {array.dtype} cannot be sent")
    return data_type, array.shape, array.astype(_NUMPY_TYPES[data_type], copy=False).tobytes()


def decode(data_type: str, shape: tuple[int, ...], raw: bytes) -> Tensor:
    """The array; STRING becomes an object array of ``str``. Raises ``ValueError`` when bytes and shape disagree."""
    if data_type == "BYTES":
        return _strings(_decode_strings(raw)).reshape(shape)
    if data_type not in _NUMPY_TYPES:
        raise ValueError(f"tensors of {data_type} cannot be read")
    return np.frombuffer(raw, _NUMPY_TYPES[data_type]).reshape(shape)


def _strings(items: Sequence[str]) -> Tensor:
    array = np.empty(len(items), np.object_)
    array[:] = items
    return array


def _encode_string(item: object) -> bytes:
    if isinstance(item, str):
        item = item.encode("utf-8", errors="replace")
    if not isinstance(item, bytes):
        raise ValueError(f"a STRING tensor holds str or bytes, not {type(item).__name__}")
    return struct.pack("<I", len(item)) + item


def _decode_strings(raw: bytes) -> list[str]:
    items, at = [], 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise ValueError("a STRING tensor ends inside a length")
        (size,) = struct.unpack_from("<I", raw, at)
        at += 4 + size
        if at > len(raw):
            raise ValueError("a STRING tensor ends inside an element")
        items.append(raw[at - size : at].decode("utf-8", errors="replace"))
    return items
