"""Pays first-time costs before the first customer does: dictionaries, model graphs, the audio of fixed prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np

from dialogue.shop.search import load_dictionary
from dialogue.wording import LANGUAGES, Words, fields_of, wording
from gateway import log
from gateway.voice import Voice
from nlu.understand import Understanding
from speech.echo import own_words
from speech.errors import SpeechError
from speech.speak import SpokenRequest
from speech.spoken_text import preload
from speech.types import LISTEN_RATE_HZ

_FIXED_PROMPTS = ("greeting.", "apology.", "stopped.", "no_input.", "digits.", "smalltalk.")
_SENTENCES = {
    "zh": ("您好。", "您的订单尾号二零九五已经从杭州仓库发出，预计明天下午三点之前送到。"),
    "en": ("Hello.", "Your order has left our warehouse and will arrive tomorrow afternoon, before three o'clock."),
}
"""One is not enough: the first long sentence of a voice costs as much again."""


async def warm_dictionaries(understanding: Understanding, wordings: Words = wording) -> None:
    """Word lists and templates that would otherwise be read at the first message."""
    await asyncio.to_thread(understanding.load)
    await asyncio.to_thread(load_dictionary)
    await asyncio.to_thread(preload)
    await asyncio.to_thread(own_words, "您好", "您好")
    for language in LANGUAGES:
        await asyncio.to_thread(wordings, language)


async def warm_engines(voice: Voice) -> None:
    """One run of each model. Raises ``SpeechError``: an engine that cannot do this cannot serve."""
    await voice.asr.transcribe(np.zeros(LISTEN_RATE_HZ, np.float32))
    for language in sorted(voice.tts.capabilities.languages):
        for text in _SENTENCES[language]:
            async for _ in voice.tts.synthesize(text, language):
                pass


async def warm_prompts(voice: Voice, wordings: Words = wording) -> None:
    """Greetings, apologies and other fixed words as audio on disk. What fails is synthesised when it is needed."""
    if voice.prompts is None:
        return
    try:
        made = await voice.prompts.warm(fixed_prompts(voice, wordings), voice.tts)
        log.logger().info("prompts ready", count=made)
    except (SpeechError, OSError) as error:
        log.logger().warning("prompts not kept", error=type(error).__name__)


def fixed_prompts(voice: Voice, wordings: Words = wording) -> Iterator[SpokenRequest]:
    """Every fixed prompt without fields, in the languages of the voice."""
    for language in LANGUAGES:
        if language not in voice.tts.capabilities.languages:
            continue
        for key, variants in wordings(language).templates.items():
            if key.startswith(_FIXED_PROMPTS):
                yield from (SpokenRequest(text, language) for text in variants if not fields_of(text))
