"""Cuts a network file in two at a named tensor: model bytes in, bytes of the first and of the second half out.

The published voices are one graph from symbols (or mel) to samples. Cut where the frames are made, the first half
runs once and the second, which hears only a few frames to either side, in spans (``speech.tts.spans``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def cut_tflite(model: bytes, tensor: str) -> tuple[bytes, bytes]:
    """Cut a TFLite model of one subgraph where ``tensor`` is made.

    Raises ``ValueError`` when the second half would need anything else of the first.
    """
    graph = _tflite_tree(model).subgraphs[0]
    at = next((i for i, known in enumerate(graph.tensors) if known.name == tensor.encode()), None)
    made = next((i for i, operator in enumerate(graph.operators) if at in operator.outputs), None)
    if at is None or made is None:
        raise ValueError(f"the model has no tensor {tensor}")
    inputs, outputs = list(graph.inputs), list(graph.outputs)
    operators = graph.operators
    crossing = {int(out) for operator in operators[: made + 1] for out in operator.outputs}
    crossing &= {int(taken) for operator in operators[made + 1 :] for taken in operator.inputs}
    if crossing != {at}:
        raise ValueError(f"more than {tensor} crosses the cut")
    return (
        _tflite_part(model, slice(made + 1), inputs, [at]),
        _tflite_part(model, slice(made + 1, None), [at], outputs),
    )


def _tflite_tree(model: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(model), 0))


def _tflite_part(model: bytes, kept: slice, inputs: list[int], outputs: list[int]) -> bytes:
    import flatbuffers

    tree = _tflite_tree(model)
    graph = tree.subgraphs[0]
    graph.operators, graph.inputs, graph.outputs = graph.operators[kept], inputs, outputs
    tree.signatureDefs = []
    used = {int(index) for operator in graph.operators for index in (*operator.inputs, *operator.outputs)}
    weights = {graph.tensors[index].buffer for index in used if index >= 0}
    for number, buffer in enumerate(tree.buffers):
        if number not in weights:
            buffer.data = None
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def cut_onnx(model: bytes, tensor: str, channels: int) -> tuple[bytes, bytes]:
    """Cut an ONNX model where ``tensor``, float [1, channels, frames], is made.

    Raises ``ValueError`` when the second half would need anything else of the first.
    """
    whole = _onnx_message().FromString(model)
    makers = {made: i for i, node in enumerate(whole.graph.node) for made in node.output}
    if tensor not in makers:
        raise ValueError(f"the model has no tensor {tensor}")
    head = _onnx_needed(whole.graph, makers, [tensor], until="")
    tail = _onnx_needed(whole.graph, makers, [given.name for given in whole.graph.output], until=tensor)
    if head & tail:
        raise ValueError(f"more than {tensor} crosses the cut")
    border = type(whole.graph.input[0])(name=tensor)
    border.type.tensor_type.elem_type = 1  # TensorProto.FLOAT
    dims = border.type.tensor_type.shape.dim
    dims.add(dim_value=1)
    dims.add(dim_value=channels)
    dims.add(dim_param="frames")
    inputs, outputs = list(whole.graph.input), list(whole.graph.output)
    return _onnx_part(whole, head, inputs, [border]), _onnx_part(whole, tail, [border], outputs)


def _onnx_needed(graph: Any, makers: dict[str, int], goals: list[str], until: str) -> set[int]:
    """Nodes that ``goals`` depend on, without going behind the tensor ``until``."""
    needed: set[int] = set()
    while goals:
        node = makers.get(goals.pop())
        if node is not None and node not in needed:
            needed.add(node)
            goals += [taken for taken in graph.node[node].input if taken != until]
    return needed


def _onnx_part(whole: Any, kept: set[int], inputs: list[Any], outputs: list[Any]) -> bytes:
    part = type(whole)(ir_version=whole.ir_version, opset_import=whole.opset_import)
    nodes = [node for i, node in enumerate(whole.graph.node) if i in kept]
    taken = {name for node in nodes for name in node.input}
    part.graph.name = "part"
    part.graph.node.extend(nodes)
    part.graph.initializer.extend(tensor for tensor in whole.graph.initializer if tensor.name in taken)
    part.graph.input.extend(inputs)
    part.graph.output.extend(outputs)
    serialized: bytes = part.SerializeToString()
    return serialized


@lru_cache(maxsize=1)
def _onnx_message() -> Any:
    """``ModelProto`` of onnx.proto, as far as a cut reads it; protobuf keeps the fields that are not named here."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

    text, number, message = 9, 3, 11  # FieldDescriptorProto.Type
    optional, repeated = 1, 3  # FieldDescriptorProto.Label
    layout: dict[str, list[tuple[str, int, int, int, str]]] = {
        "Opset": [("domain", 1, text, optional, ""), ("version", 2, number, optional, "")],
        "Node": [("input", 1, text, repeated, ""), ("output", 2, text, repeated, "")],
        "Tensor": [("name", 8, text, optional, "")],
        "Dimension": [("dim_value", 1, number, optional, ""), ("dim_param", 2, text, optional, "")],
        "Shape": [("dim", 1, message, repeated, "Dimension")],
        "TensorType": [("elem_type", 1, number, optional, ""), ("shape", 2, message, optional, "Shape")],
        "Type": [("tensor_type", 1, message, optional, "TensorType")],
        "ValueInfo": [("name", 1, text, optional, ""), ("type", 2, message, optional, "Type")],
        "Graph": [
            ("node", 1, message, repeated, "Node"),
            ("name", 2, text, optional, ""),
            ("initializer", 5, message, repeated, "Tensor"),
            ("input", 11, message, repeated, "ValueInfo"),
            ("output", 12, message, repeated, "ValueInfo"),
        ],
        "Model": [
            ("ir_version", 1, number, optional, ""),
            ("graph", 7, message, optional, "Graph"),
            ("opset_import", 8, message, repeated, "Opset"),
        ],
    }
    file = descriptor_pb2.FileDescriptorProto(name="kefu_onnx.proto", package="kefu_onnx", syntax="proto2")
    for name, fields in layout.items():
        described = file.message_type.add(name=name)
        for field, tag, kind, label, of in fields:
            described.field.add(
                name=field, number=tag, type=kind, label=label, type_name=f".kefu_onnx.{of}" if of else None
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("kefu_onnx.Model"))
