"""From settings to engines: the mapping of configuration sections onto the options of each package."""

from __future__ import annotations

from gateway import log
from gateway.config import Settings
from gateway.voice import Voice
from inference_server.generate_weights import GENERATE_WEIGHTS
from inference_server.weights import WeightSet
from nlu.hotwords import domain_words
from speech import asr, end_of_turn, tts
from speech.asr import AsrObserver, AsrOptions
from speech.end_of_turn import EndOfTurn
from speech.endpointing import EndpointConfig
from speech.errors import ModelMissing
from speech.listen import ListenConfig
from speech.tts import TtsOptions
from speech.tts.cache import PromptCache, VoiceKey
from speech.turn_taking import TurnTakingConfig
from speech.types import BatchAsr, TtsEngine
from speech.vad import SileroVad


def asr_options(settings: Settings) -> AsrOptions:
    """Options of the configured recogniser."""
    section = settings.asr
    return AsrOptions(
        engine=section.engine,
        model=section.model,
        device=section.device,
        compute_type=section.compute_type,
        threads=section.threads,
        workers=section.workers,
        queue=section.queue,
        beam_size=section.beam_size,
        greedy_above=section.greedy_above,
        batch_size=section.batch_size,
        batch_wait_ms=section.batch_wait_ms,
        context_s=section.context_s,
        noise_reduction=section.noise_reduction,
    )


def tts_options(settings: Settings) -> TtsOptions:
    """Options of the configured voice."""
    section = settings.tts
    return TtsOptions(
        voice=section.voice,
        speed=section.speed,
        threads=section.threads,
        coqui_model=section.coqui_model,
        coqui_config=section.coqui_config,
        coqui_language=section.coqui_language,
    )


def listen_config(settings: Settings) -> ListenConfig:
    """Waits of listening."""
    section = settings.listen
    endpoint = EndpointConfig(
        on=section.vad_threshold,
        off=max(0.05, section.vad_threshold - 0.15),
        min_speech_ms=section.min_speech_ms,
        pause_ms=section.pause_ms,
        complete_ms=section.endpoint_complete_ms,
        answer_ms=min(section.endpoint_complete_ms, EndpointConfig().answer_ms),
        open_ms=section.endpoint_ms,
        unfinished_ms=section.endpoint_unfinished_ms,
        address_ms=max(section.endpoint_unfinished_ms, EndpointConfig().address_ms),
        digits_ms=section.endpoint_digits_ms,
        max_utterance_ms=section.max_utterance_s * 1000,
    )
    return ListenConfig(
        endpoint=endpoint, preroll_ms=section.preroll_ms, partial_interval_ms=settings.asr.partial_interval_ms
    )


def load_asr(settings: Settings, observe: AsrObserver | None = None) -> BatchAsr:
    """Load the recogniser; blocks. ``observe`` is told what it sheds and batches. Raises ``ModelMissing``."""
    return asr.load_asr(asr_options(settings), observe)


def load_tts(settings: Settings) -> TtsEngine:
    """Load the voice; blocks. Raises ``ModelMissing``, ``TtsFailed``."""
    return tts.load_tts(tts_options(settings))


def load_voice(settings: Settings, observe_asr: AsrObserver | None = None) -> Voice:
    """Ears and mouth; blocks for a second or two. Raises ``SpeechError``."""
    key = VoiceKey(settings.tts.voice, settings.tts.coqui_model, settings.tts.speed)
    return Voice(
        load_asr(settings, observe_asr),
        SileroVad(),
        load_tts(settings),
        PromptCache(key),
        listen_config(settings),
        TurnTakingConfig(settings.floor.barge_in_ms),
        load_end_of_turn(settings),
        None if settings.asr.hotwords == "off" else domain_words(settings.domain.name),
    )


def load_end_of_turn(settings: Settings) -> EndOfTurn | None:
    """The configured model that hears when a turn is over; None when it is off or not installed. Blocks."""
    try:
        return end_of_turn.load_end_of_turn(settings.listen.end_of_turn)
    except ModelMissing as error:
        log.logger().warning("end-of-turn model is off", model=settings.listen.end_of_turn, reason=str(error))
        return None


def required_weights(settings: Settings, *, for_tests: bool = False) -> tuple[WeightSet, ...]:
    """Every weight set the configuration needs; with ``for_tests`` those of every bundled engine."""
    sets = [*asr.required_weights(asr_options(settings)), *tts.required_weights(tts_options(settings))]
    sets += end_of_turn.required_weights(settings.listen.end_of_turn)
    if settings.generate.backend == "triton" and not settings.triton.generate_model and not settings.triton.url:
        sets.append(GENERATE_WEIGHTS)
    if for_tests:
        for voice in ("fast", "kokoro"):
            sets += tts.required_weights(TtsOptions(voice=voice))
    return tuple({weights.name: weights for weights in sets}.values())
