"""Whisper on CTranslate2: 16 kHz samples in, simplified Chinese or English out.

``faster_whisper`` loads the model; ``whisper_decoder`` decodes with CTranslate2's pieces, ``batcher`` decides when
and with whom.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference_server.weights import WeightSet
from speech.asr import guards
from speech.asr.batcher import Batcher
from speech.asr.noise import without_noise
from speech.asr.overload import AsrCounts, AsrObserver, OverloadPolicy
from speech.asr.whisper_decoder import Decoded, WhisperDecoder, Window
from speech.asr.whisper_model import WHISPER_BASE, load_whisper
from speech.errors import AsrFailed, AsrOverloaded
from speech.types import LISTEN_RATE_HZ, AsrCapabilities, Hotwords, Language, Recognition, Samples


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
    greedy_above: int = 8
    """More finals than this waiting are decoded without a beam."""
    batch_size: int = 4
    """Waiting utterances of about one length that are decoded together."""
    batch_wait_ms: float = 0
    """How long a worker that has just become free waits to fill a batch."""
    context_s: float | None = None
    """Silence after the speech in the encoder input; None: as measured for the bundled model (``crop``)."""
    noise_reduction: bool = True
    """Quieten constant noise where it is loud (``noise``)."""


_MAX_WINDOW_S = 28.0
_QUIET_S = 0.1
_MIN_SPEECH_S = 0.05
_DOUBTFUL = 0.5
"""Mean token probability below which what is heard without any words to expect is worth knowing too."""
_OTHER_READINGS = 2


_Prompts = tuple[tuple[Language, str], ...]


@dataclass(frozen=True, slots=True)
class _Timed:
    decoded: Decoded
    decode_ms: float


class FasterWhisperAsr:
    """``BatchAsr`` over one loaded model, shared by all sessions. Cancelling a call is safe: its result is dropped."""

    options_type = FasterWhisperOptions

    def __init__(self, options: FasterWhisperOptions | None = None, observe: AsrObserver | None = None) -> None:
        """Load the model and decode once to warm it up; blocks for about a second. Raises ``ModelMissing``."""
        own = self._options = options or FasterWhisperOptions()
        whisper = load_whisper(
            own.model, device=own.device, compute_type=own.compute_type, threads=own.threads, workers=own.workers
        )
        self._decoder: WhisperDecoder | None = WhisperDecoder(whisper, own.beam_size)
        self.capabilities = AsrCapabilities(self._decoder.languages)
        self._observe = observe or AsrCounts()
        self._batcher = Batcher(
            self._decode,
            OverloadPolicy(own.workers, own.queue, own.greedy_above),
            batch_size=own.batch_size,
            batch_wait_ms=own.batch_wait_ms,
            observe=self._observe,
        )
        self._decoder.decode([Window(np.zeros(LISTEN_RATE_HZ, np.float32), None, partial=True)])

    @staticmethod
    def required_weights(options: FasterWhisperOptions) -> tuple[WeightSet, ...]:
        """The bundled model, unless a directory is configured."""
        return (WHISPER_BASE,) if options.model == "base" else ()

    @property
    def load(self) -> float:
        """0 (idle) to 1 (the next final is refused)."""
        return self._batcher.load

    async def transcribe(
        self,
        samples: Samples,
        *,
        language: Language | None = None,
        partial: bool = False,
        hotwords: Hotwords | None = None,
    ) -> Recognition:
        """See ``BatchAsr``. A partial only runs when a worker is idle, else ``AsrOverloaded``.

        ``hotwords`` are expected in finals. A reading that may be nothing but them is replaced by the one without.
        """
        expected = () if partial else _prompts(hotwords or {})
        found = await self._transcribe(samples, language, partial, expected)
        words = (hotwords or {}).get(found.language, ())
        if (
            expected
            and found.text
            and (
                guards.is_leak(found.text, words, found.confidence)
                or guards.may_be_invented(found.no_speech, found.confidence)
            )
        ):
            return await self._transcribe(samples, found.language, partial, ())
        if expected and found.text and found.confidence < _DOUBTFUL:
            return _with_other_readings(found, await self._transcribe(samples, found.language, partial, ()))
        return found

    async def _transcribe(
        self, samples: Samples, language: Language | None, partial: bool, hotwords: _Prompts
    ) -> Recognition:
        windows: list[_Timed] = []
        try:
            for part in split_at_quietest(samples, _MAX_WINDOW_S):
                if part.size >= _MIN_SPEECH_S * LISTEN_RATE_HZ:
                    window = Window(part, language, partial, self._options.context_s, hotwords)
                    windows.append(await self._recognise(window, admitted=bool(windows)))
                    language = windows[-1].decoded.language
        except (AsrFailed, AsrOverloaded):
            raise
        except Exception as error:  # CTranslate2 raises whatever its back end does; the text is left out of messages
            raise AsrFailed(f"whisper: decoding failed ({type(error).__name__})") from error
        return _joined(windows, language or "zh")

    async def close(self) -> None:
        """Fail the calls that wait, wait for those that run, then release the model."""
        await asyncio.to_thread(self._batcher.close)
        self._decoder = None

    async def _recognise(self, window: Window, *, admitted: bool) -> _Timed:
        return await self._batcher.run(
            window,
            speech_ms=window.seconds * 1000,
            group=(window.frames, window.hotwords),
            partial=window.partial,
            admitted=admitted,
        )

    def _decode(self, windows: Sequence[Window], greedy: bool) -> list[_Timed]:
        """In a worker's thread."""
        if self._decoder is None:
            raise AsrFailed("the recogniser is closed")
        began = time.perf_counter()
        if self._options.noise_reduction:
            windows = [replace(window, samples=without_noise(window.samples)) for window in windows]
        decoded = self._decoder.decode(windows, greedy)
        took_ms = (time.perf_counter() - began) * 1000
        for _ in filter(lambda one: one.again, decoded):
            self._observe.decoded_again()
        return [_Timed(one, took_ms) for one in decoded]


def _prompts(hotwords: Mapping[Language, Sequence[str]]) -> _Prompts:
    """The words of each language as a text, each once; hashable."""
    texts = {
        language: " ".join(dict.fromkeys(word.strip() for word in words if word.strip()))
        for language, words in sorted(hotwords.items())
    }
    return tuple((language, text) for language, text in texts.items() if text)


def _with_other_readings(found: Recognition, plain: Recognition) -> Recognition:
    """``found`` and, among its alternatives, what was heard without words to expect."""
    own, others = found.alternatives, (plain.text, *plain.alternatives[:_OTHER_READINGS])
    readings = dict.fromkeys((*own[:_OTHER_READINGS], *others, *own[_OTHER_READINGS:]))
    alternatives = tuple(text for text in readings if text and text != found.text)
    return replace(found, alternatives=alternatives, decode_ms=found.decode_ms + plain.decode_ms)


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


def _joined(windows: list[_Timed], language: Language) -> Recognition:
    """The windows as one result; those in which nobody spoke are left out."""
    decoded = [window.decoded for window in windows]
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
        decode_ms=sum(window.decode_ms for window in windows),
    )


def _is_hallucination(window: Decoded) -> bool:
    return (
        guards.nobody_spoke(window.no_speech, window.mean_logprob, window.tokens / window.seconds)
        or guards.is_subtitle_credit(window.text)
        or guards.is_foreign(window.text)
        or not any(map(str.isalnum, window.text))
    )
