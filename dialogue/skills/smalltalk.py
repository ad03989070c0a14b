"""Greetings, thanks, "who are you", 嗯, 稍等, 什么意思, 人呢, a yes to nothing. Templates; a model only for chat."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing

from dialogue import cues
from dialogue.errors import GenerationFailed
from dialogue.generation.small_talk import messages, safe_sentences
from dialogue.no_input import what_is_asked
from dialogue.skills.confirm import outcome_of
from dialogue.skills.context import Context, Item
from dialogue.state import NOTHING
from dialogue.types import Reply

_SENTENCE = re.compile(r"[^。！？!?.]*(?:[。！？!?]|\.(?= |$)|$)")
REMEMBERED_TURNS = 3
"""For so many turns after a WRITE a repeated yes is answered with its result."""


class SmallTalk:
    """Says the friendly things."""

    name = "smalltalk"
    intents = ("greet", "thanks", "goodbye", "wait", "not_understood", "urge_reply", "praise", "hesitate")
    writes = False

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """One template, or what the language model says where it may chat."""
        text, intent = context.text, context.turn.parse.intent
        if cues.asks_identity(text):
            yield self._say(context, "smalltalk.identity", "identity")
        elif cues.is_chat(text):
            async for reply in self._chat(context):
                yield reply
        elif cues.wants_to_stop(text):
            yield self._say(context, "smalltalk.nothing_to_stop")
        elif cues.is_backchannel(text) or cues.is_hesitation(text):
            yield self._acknowledgement(context)
        elif intent == "not_understood":
            yield self._in_simpler_words(context)
        elif intent in {"affirm", "deny"}:
            yield self._say(context, self._unasked(context, intent))
        else:
            yield self._say(context, f"smalltalk.{intent}", "greet" if intent == "greet" else "")

    def _say(self, context: Context, key: str, menu: str = "") -> Reply:
        return context.reply(context.say(key), suggestions=context.menu(menu) if menu else ())

    def _acknowledgement(self, context: Context) -> Reply:
        """The shortest words, and aloud not twice in a row: then silence is the answer."""
        state = context.state
        waits = state.expectation != NOTHING or (state.task is not None and state.task.step is not None)
        text = context.say("smalltalk.take_your_time" if waits else "smalltalk.backchannel")
        last = next((line.text for line in reversed(state.history) if line.role == "kefu"), "")
        return context.reply("" if context.turn.modality == "voice" and last == text else text)

    def _in_simpler_words(self, context: Context) -> Reply:
        """What we said last, shorter; an example of an answer where we asked for one."""
        asked = what_is_asked(context.state)
        ours = [line.text for line in reversed(context.state.history) if line.role == "kefu"]
        said = next((text for text in ours if asked == "none" or re.search("[?？]", text)), ours[0] if ours else "")
        example = context.say(f"no_input.example.{asked}") if asked != "none" else ""
        return context.reply(shorter(said) or context.say("smalltalk.not_understood"), example)

    def _unasked(self, context: Context, intent: str) -> str:
        report = context.state.reported
        if intent == "affirm" and report and context.turn.turn_id - report.turn_id <= REMEMBERED_TURNS:
            return "smalltalk.already_done" if outcome_of(report.result) == "done" else "smalltalk.affirm"
        return f"smalltalk.{intent}"

    async def _chat(self, context: Context) -> AsyncIterator[Reply]:
        """Each sentence as it is written, once it has passed the checks; the template when none has."""
        written = 0
        allowed = context.language == "en" or context.options.chinese
        if context.generator is not None and allowed:
            asked = messages(context.state, context.text)
            try:
                async with aclosing(
                    safe_sentences(context.generator, asked, context.language, context.options)
                ) as said:
                    async for sentence in said:
                        written += 1
                        yield context.reply(sentence, more=True, generated=True)
            except GenerationFailed:
                pass  # what was already said stands; the template below ends the turn
        yield self._say(context, "smalltalk.chat_end" if written else "smalltalk.chat", "chat")


def shorter(said: str) -> str:
    """The heart of what was said: its first sentence, and the question it ends in."""
    sentences = [sentence.strip() for sentence in _SENTENCE.findall(said) if sentence.strip()]
    if len(sentences) < 2:
        return said
    last = sentences[-1]
    return " ".join([sentences[0], last]) if last.isascii() else sentences[0] + last
