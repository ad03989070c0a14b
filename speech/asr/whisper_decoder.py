"""Whisper on CTranslate2, a batch at a time: windows of speech in, readings out. Blocking; threads may share it.

One pass of the encoder serves language identification and decoding. Windows of one input length are decoded
together, with a prompt of their own each.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from speech.asr import crop, guards
from speech.asr.features import HOP, LogMel
from speech.types import LISTEN_RATE_HZ, Language, Samples

_ALTERNATIVES = 4
_MAX_PROMPT = 120
"""Tokens of hotwords; a long prompt costs accuracy."""
_FRAMES_PER_S = LISTEN_RATE_HZ // HOP
_PARTICLE = re.compile("(?<![显名原巨土卓昭论遗专译编合])著(?![名作称者述书录])")
"""OpenCC's t2s leaves the particle 着 as 著, which stands for two simplified characters."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """At most 28 s of speech at 16 kHz, to be decoded in one go."""

    samples: Samples
    language: Language | None
    """None: to be identified."""
    partial: bool = False
    """Decode greedily, and only once."""
    context_s: float | None = None
    """Silence after the speech; None: as the table says."""
    hotwords: tuple[tuple[Language, str], ...] = ()
    """Words to expect by language, as a text before this one; they can leak into what is heard (``guards.is_leak``)."""

    @property
    def seconds(self) -> float:
        """Length of the speech."""
        return self.samples.size / LISTEN_RATE_HZ

    @property
    def frames(self) -> int:
        """Length of the encoder's input in frames of 10 ms; an even number. Equal lengths can be decoded together."""
        return 2 * round(crop.input_s(self.seconds, self.context_s) * _FRAMES_PER_S / 2)

    def in_full(self, language: Language) -> Window:
        """The same with all the silence that does any good."""
        return replace(self, language=language, context_s=crop.FULL_CONTEXT_S)


@dataclass(frozen=True, slots=True)
class Decoded:
    """One window's best reading."""

    text: str
    language: Language
    seconds: float
    tokens: int
    mean_logprob: float
    no_speech: float
    alternatives: tuple[str, ...]
    again: bool = False
    """It was decoded a second time, with more silence, because the first reading ran away."""


class WhisperDecoder:
    """A loaded model and what it takes to read its output."""

    def __init__(self, whisper: Any, beam_size: int) -> None:
        """``whisper``: a ``faster_whisper.WhisperModel``."""
        multilingual = bool(whisper.model.is_multilingual)
        self.languages: frozenset[Language] = frozenset({"zh", "en"} if multilingual else {"en"})
        self._model = whisper.model
        self._stacks = whisper.model.device == "cpu"
        self._beam_size = beam_size
        self._features = LogMel(np.asarray(whisper.feature_extractor.mel_filters, np.float32))
        self._tokenizers = {language: _tokenizer(whisper.hf_tokenizer, language, multilingual)
                            for language in sorted(self.languages)}  # fmt: skip
        self._suppressed = _suppressed(next(iter(self._tokenizers.values())))
        self._simplify = _simplifier()

    def decode(self, windows: Sequence[Window], greedy: bool = False) -> list[Decoded]:
        """Readings of ``windows``, all with the same ``frames``, ``partial`` and ``hotwords``; ``greedy`` is
        without a beam."""
        beam = 1 if greedy or windows[0].partial else self._beam_size
        encoded = self._encode(windows)
        languages = self._languages(encoded, windows)
        readings = self._generate(encoded, windows, languages, beam)
        return [self._checked(window, reading, beam) for window, reading in zip(windows, readings, strict=True)]

    def _checked(self, window: Window, reading: Decoded, beam: int) -> Decoded:
        """``reading``, or a second one that had more silence, where the first did not find the end."""
        looping = guards.is_loop(reading.text)
        ran_away = crop.is_runaway(reading.text, reading.tokens, window.seconds)
        full = window.in_full(reading.language)
        if not looping and (not ran_away or window.partial or full.frames <= window.frames):
            return reading
        encoded = self._encode([full])
        again = self._generate(encoded, [full], [reading.language], beam, again=True)[0]
        if guards.is_loop(again.text):
            again = self._generate(encoded, [full], [reading.language], beam, again=True, no_repeat_ngram_size=5)[0]
        return again

    def _encode(self, windows: Sequence[Window]) -> Any:
        """Encoder output [windows, frames / 2, d_model].

        On a CPU the windows are encoded one by one, which is faster: the activations of one fit into the cache.
        """
        features = [self._features(window.samples, window.frames) for window in windows]
        if not self._stacks or len(windows) == 1:
            return self._model.encode(_storage(np.stack(features)), to_cpu=False)
        outputs = [np.array(self._model.encode(_storage(one[np.newaxis]), to_cpu=True)) for one in features]
        return _storage(np.concatenate(outputs))

    def _languages(self, encoded: Any, windows: Sequence[Window]) -> list[Language]:
        if "zh" not in self.languages:
            return ["en"] * len(windows)
        if all(window.language is not None for window in windows):
            return [window.language or "zh" for window in windows]
        heard = self._model.detect_language(encoded)
        return [window.language or _likelier(dict(scores)) for window, scores in zip(windows, heard, strict=True)]

    def _generate(
        self,
        encoded: Any,
        windows: Sequence[Window],
        languages: Sequence[Language],
        beam: int,
        *,
        again: bool = False,
        **more: Any,
    ) -> list[Decoded]:
        budget = max(crop.token_budget(window.seconds) for window in windows)
        tokenizers = [self._tokenizers[language] for language in languages]
        expected = _of_one_length(
            _expected(tokenizer, dict(window.hotwords).get(language, ""))
            for tokenizer, window, language in zip(tokenizers, windows, languages, strict=True)
        )
        prompts = [
            [*words, *tokenizer.sot_sequence, tokenizer.no_timestamps]
            for tokenizer, words in zip(tokenizers, expected, strict=True)
        ]
        results = self._model.generate(
            encoded,
            prompts,
            beam_size=beam,
            num_hypotheses=beam,
            max_length=max(2 * budget, budget + len(prompts[0])),  # CTranslate2 keeps half of it, or more, for a prompt
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
            **more,
        )
        return [self._reading(result, window.seconds, language, again)
                for result, window, language in zip(results, windows, languages, strict=True)]  # fmt: skip

    def _reading(self, result: Any, seconds: float, language: Language, again: bool) -> Decoded:
        tokenizer = self._tokenizers[language]
        readings = _distinct(self._clean(tokenizer.decode(ids), language) for ids in result.sequences_ids)
        tokens = len(result.sequences_ids[0])
        # CTranslate2 divides by the tokens without the final one, whose probability is in the sum
        mean_logprob = result.scores[0] * tokens / (tokens + 1)
        alternatives = readings[1 : 1 + _ALTERNATIVES]
        return Decoded(readings[0], language, seconds, tokens, mean_logprob, result.no_speech_prob, alternatives, again)

    def _clean(self, text: str, language: Language) -> str:
        text = text.replace("\ufffd", "").strip()
        return _PARTICLE.sub("着", cast(str, self._simplify.convert(text))) if language == "zh" else text


def _storage(array: NDArray[np.float32]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array, np.float32))


def _likelier(probability: dict[str, float]) -> Language:
    chinese = probability.get("<|zh|>", 0.0) + probability.get("<|yue|>", 0.0)
    return "zh" if chinese >= probability.get("<|en|>", 0.0) else "en"


def _tokenizer(hf_tokenizer: Any, language: Language, multilingual: bool) -> Any:
    from faster_whisper.tokenizer import Tokenizer

    return Tokenizer(hf_tokenizer, multilingual, "transcribe", language)


def _expected(tokenizer: Any, hotwords: str) -> list[int]:
    """The prompt that names ``hotwords``; empty without any."""
    if not hotwords:
        return []
    return [tokenizer.sot_prev, *tokenizer.encode(" " + hotwords.strip())[-_MAX_PROMPT:]]


def _of_one_length(prompts: Iterable[list[int]]) -> list[list[int]]:
    """``prompts`` without the front of the longer ones: what is decoded together must be of one length."""
    prompts = list(prompts)
    shortest = min(map(len, prompts))
    return [[*prompt[:1], *prompt[len(prompt) - shortest + 1 :]] if shortest else [] for prompt in prompts]


def _suppressed(tokenizer: Any) -> list[int]:
    """Tokens that never are spoken text: annotations such as ♪, and the control tokens. The same in all languages."""
    from faster_whisper.transcribe import get_suppressed_tokens

    return list(get_suppressed_tokens(tokenizer, [-1]))


def _distinct(readings: Iterable[str]) -> tuple[str, ...]:
    """The first of each wording: readings that differ in punctuation or case only are one."""
    first: dict[str, str] = {}
    for text in readings:
        first.setdefault("".join(filter(str.isalnum, text)).lower(), text)
    return tuple(text for index, text in enumerate(first.values()) if index == 0 or text)


@functools.lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")
