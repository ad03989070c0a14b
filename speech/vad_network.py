"""Silero VAD v6 as matrix products: the same weights in a graph whose batch is *streams*, one 32 ms window each.

The file that faster-whisper ships takes consecutive windows of one stream, and its small convolutions run badly on a
CPU: 53 us a window, 31 us at best. Written as products over im2col'ed rows it is 35 us for one window and 8 us for
each of 32, with the same answers to 1e-6 (AMD EPYC, one thread). ``session`` reads the weights from that file and
hands onnxruntime the new graph; nothing of it is stored.

    input [n, 576]  64 samples of context, then 512          state [n, 256]: h, then c
      reflect-pad to 640 -> 4 frames of 256, hop 128 -> windowed DFT -> magnitude [4n, 129]
      conv 3 (129 -> 128), conv 3 stride 2 (-> 64), conv 3 stride 2 (-> 64), conv 3 (-> 128), relu each -> [n, 128]
      LSTM cell -> relu -> linear -> sigmoid = probability [n, 1]                            new state [n, 256]
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speech.errors import ModelMissing

Array = NDArray[Any]
_CELLS = 128
STATE_SIZE = 2 * _CELLS
INPUT_SAMPLES = 576
_BINS = 129
_FLOAT, _INT64 = 1, 7
_OPSET = 18
_IR_VERSION = 8


def session(path: Path) -> Any:
    """An onnxruntime session of the batched network, one thread. Raises ``ModelMissing`` for another file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model(path), options, providers=["CPUExecutionProvider"])


def model(path: Path) -> bytes:
    """The batched network as an ONNX model."""
    try:
        graph = _network(dict(_tensors(path.read_bytes())))
    except (KeyError, ValueError, IndexError, struct.error) as error:
        raise ModelMissing(
            f"{path.name} is not the Silero VAD v6 of faster-whisper 1.2.1; run 'make setup' (or 'kefu setup')"
        ) from error
    return graph.encoded()


def _network(weights: dict[str, Array]) -> _Graph:
    graph = _Graph()
    kernels = [weights[f"encoder.conv_layers.{i}.weight"] for i in range(4)]
    biases = [weights[f"encoder.conv_layers.{i}.bias"] for i in range(4)]

    # Two neighbouring blocks of 128 samples are a frame.
    padded = graph.node("Pad", ["input", graph.ints(0, 0, 0, 64)], mode="reflect")
    blocks = graph.node("Reshape", [padded, graph.ints(-1, 5, 128)])
    frames = graph.node("Concat", [graph.rows(blocks, 0, 4), graph.rows(blocks, 1, 5)], axis=2)
    basis = weights["encoder.feature_extractor.forward_basis_buffer"].reshape(2 * _BINS, 256).T
    spectrum = graph.node("MatMul", [graph.node("Reshape", [frames, graph.ints(-1, 256)]), graph.floats(basis)])
    squares = graph.node("Mul", [spectrum, spectrum])
    real, imaginary = graph.split(squares, _BINS, _BINS)
    magnitude = graph.node("Sqrt", [graph.node("Add", [real, imaginary])])

    # Three neighbouring frames are a column of the first convolution; zeros lie beyond the edges.
    by_window = graph.node("Reshape", [magnitude, graph.ints(-1, 4, _BINS)])
    edged = graph.node("Pad", [by_window, graph.ints(0, 1, 0, 0, 1, 0)])
    columns = graph.node("Concat", [graph.rows(edged, tap, tap + 4) for tap in range(3)], axis=2)
    kernel = kernels[0].transpose(2, 1, 0).reshape(3 * _BINS, 128)
    hidden = graph.dense(graph.node("Reshape", [columns, graph.ints(-1, 3 * _BINS)]), kernel, biases[0])

    # From here on few frames are left: each convolution is one matrix over all of them.
    hidden = graph.node("Reshape", [hidden, graph.ints(-1, 4 * 128)])
    hidden = graph.dense(hidden, _unrolled(kernels[1], 4, 2), np.tile(biases[1], 2))
    hidden = graph.dense(hidden, _unrolled(kernels[2], 2, 1), biases[2])
    hidden = graph.dense(hidden, _unrolled(kernels[3], 1, 1), biases[3])

    # ONNX keeps an LSTM's gates in the order input, output, forget, cell.
    h, c = graph.split("state", _CELLS, _CELLS)
    inputs, recurrent, bias = (weights[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211))
    gates = graph.node(
        "Gemm",
        [
            graph.node("Concat", [hidden, h], axis=1),
            graph.floats(np.concatenate([inputs, recurrent], axis=1).T),
            graph.floats(bias[: 4 * _CELLS] + bias[4 * _CELLS :]),
        ],
    )
    open_gates, cell = graph.split(gates, 3 * _CELLS, _CELLS)
    into, out, keep = graph.split(graph.node("Sigmoid", [open_gates]), *[_CELLS] * 3)
    kept = graph.node("Mul", [keep, c])
    new = graph.node("Mul", [into, graph.node("Tanh", [cell])])
    c = graph.node("Add", [kept, new])
    h = graph.node("Mul", [out, graph.node("Tanh", [c])])
    graph.node("Concat", [h, c], name="new_state", axis=1)
    head = [
        graph.floats(weights["decoder.conv1d.weight"].reshape(_CELLS, 1)),
        graph.floats(weights["decoder.conv1d.bias"]),
    ]
    graph.node("Sigmoid", [graph.node("Gemm", [graph.node("Relu", [h]), *head])], name="probability")
    graph.inputs = {"input": INPUT_SAMPLES, "state": STATE_SIZE}
    graph.outputs = {"probability": 1, "new_state": STATE_SIZE}
    return graph


def _unrolled(kernel: Array, frames_in: int, frames_out: int) -> Array:
    """A convolution of width 3, padding 1, stride 2 where frames shrink, as [frames_in * i, frames_out * o]."""
    channels_out, channels_in, width = kernel.shape
    matrix = np.zeros((frames_in, channels_in, frames_out, channels_out), np.float32)
    for out in range(frames_out):
        for tap in range(width):
            source = out * (frames_in // frames_out) + tap - 1
            if 0 <= source < frames_in:
                matrix[source, :, out, :] = kernel[:, :, tap].T
    return matrix.reshape(frames_in * channels_in, frames_out * channels_out)


# --- ONNX files are protobuf messages: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto ------------------------


class _Graph:
    """A GraphProto in the making."""

    def __init__(self) -> None:
        self.inputs: dict[str, int] = {}
        """Name to width; all are float [n, width]."""
        self.outputs: dict[str, int] = {}
        self._nodes: list[bytes] = []
        self._constants: dict[bytes, str] = {}
        self._names = 0

    def node(self, operator: str, inputs: Sequence[str], *, name: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Append an operation; returns its (first) output."""
        names = [name or self._name() for _ in range(outputs)]
        self._nodes.append(
            b"".join(
                [
                    *(_bytes(1, value) for value in inputs),
                    *(_bytes(2, value) for value in names),
                    _bytes(4, operator),
                    *(_bytes(5, _attribute(key, value)) for key, value in attributes.items()),
                ]
            )
        )
        return " ".join(names)

    def split(self, value: str, *widths: int) -> list[str]:
        """Columns of a matrix."""
        return self.node("Split", [value, self.ints(*widths)], outputs=len(widths), axis=1).split()

    def rows(self, value: str, start: int, end: int) -> str:
        """Part of axis 1."""
        return self.node("Slice", [value, self.ints(start), self.ints(end), self.ints(1)])

    def dense(self, value: str, matrix: Array, bias: Array) -> str:
        """Linear layer and relu."""
        return self.node("Relu", [self.node("Gemm", [value, self.floats(matrix), self.floats(bias)])])

    def ints(self, *values: int) -> str:
        """A constant [n] of int64."""
        return self._constant(_INT64, np.array(values, "<i8"))

    def floats(self, values: Array) -> str:
        """A constant of float32."""
        return self._constant(_FLOAT, np.ascontiguousarray(values, "<f4"))

    def encoded(self) -> bytes:
        """The ModelProto."""
        graph = b"".join(
            [
                *(_bytes(1, node) for node in self._nodes),
                _bytes(2, "silero_vad_v6_batched"),
                *(_bytes(5, body + _bytes(8, name)) for body, name in self._constants.items()),
                *(_bytes(11, _value(name, width)) for name, width in self.inputs.items()),
                *(_bytes(12, _value(name, width)) for name, width in self.outputs.items()),
            ]
        )
        opset = _bytes(1, "") + _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _bytes(8, opset) + _bytes(7, graph)

    def _constant(self, kind: int, values: Array) -> str:
        body = b"".join(_number(1, size) for size in values.shape) + _number(2, kind) + _bytes(9, values.tobytes())
        return self._constants.setdefault(body, f"constant_{len(self._constants)}")

    def _name(self) -> str:
        self._names += 1
        return f"value_{self._names}"


def _attribute(name: str, value: int | str) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _number(3, value) + _number(20, 2)
    return _bytes(1, name) + _bytes(4, value) + _number(20, 3)


def _value(name: str, width: int) -> bytes:
    shape = _bytes(1, _bytes(2, "n")) + _bytes(1, _number(1, width))
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, shape)))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, value) of a message: an int, or bytes. Raises ``ValueError`` for what is none."""
    at = 0
    while at < len(data):
        tag, at = _read(data, at)
        match tag & 7:
            case 0:
                value, at = _read(data, at)
                yield tag >> 3, value
            case 2:
                size, at = _read(data, at)
                if at + size > len(data):
                    raise ValueError("the message is cut off")
                yield tag >> 3, data[at : at + size]
                at += size
            case 1 | 5 as kind:
                at += 8 if kind == 1 else 4
            case _:
                raise ValueError("not a protobuf message")


def _read(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _tensors(data: bytes) -> Iterator[tuple[str, Array]]:
    """The float initialisers of a model by name."""
    for graph in (value for field, value in _fields(data) if field == 7):
        for tensor in (value for field, value in _fields(graph) if field == 5):
            parts = list(_fields(tensor))
            found = dict(parts)
            if found.get(2) == _FLOAT and 9 in found:
                shape = [value for field, value in parts if field == 1]
                yield found[8].decode(), np.frombuffer(found[9], "<f4").reshape(shape)
