"""Who has the floor: decides, from what is being played and what is being heard, when the bot holds its tongue.

::

    bot       =====================|..........|=======      what was held goes on, or is dropped for the new turn
    customer  ________|================|_______
              start_ms^            ^Hold      ^the words decide (``speech.overlap``)

A syllable of speech is enough to hold, because nobody can tell 对 from 对不起 before the next one. What it *was* is
decided by the words, so a backchannel costs the customer a short pause and no words.

Pure: positions are milliseconds on the microphone's sample clock. "The bot is speaking" comes from playout.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_KEPT = 16
"""Utterances whose overlap is remembered; finals lag behind the microphone by two or three."""


@dataclass(frozen=True, slots=True)
class TurnTakingConfig:
    """Waits in milliseconds."""

    barge_in_ms: float = 160
    """Customer speech over the bot's that holds it: about one syllable. With the 60 to 100 ms that voice activity
    detection takes to notice speech, the bot is silent within 300 ms."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The customer speaks over turn ``turn_id``: fall silent, keep what is unsaid."""

    turn_id: int


@dataclass(slots=True)
class _BotTurn:
    turn_id: int
    interruptible: bool
    start_ms: float


class TurnTaking:
    """One session's floor. At most one ``Hold`` per utterance, one more after it was ``released``."""

    def __init__(self, config: TurnTakingConfig | None = None) -> None:
        self.config = config or TurnTakingConfig()
        self._bot: _BotTurn | None = None
        self._utterance_id: int | None = None
        self._start_ms = 0.0
        self._held_by: int | None = None
        """The utterance that took the floor last."""
        self._released: int | None = None
        """The utterance that turned out to be nothing before it was over."""
        self._over: OrderedDict[int, bool] = OrderedDict()
        self._echoes = False

    def bot_speaks(self, turn_id: int, now_ms: float, *, interruptible: bool = True) -> None:
        """Playout makes sound of ``turn_id``. Call it again when ``interruptible`` changes within the turn."""
        if self._bot is None or self._bot.turn_id != turn_id:
            self._bot = _BotTurn(turn_id, interruptible, now_ms)
        self._bot.interruptible = interruptible

    def bot_silent(self) -> None:
        """Playout has run dry, or is held, or was flushed."""
        self._bot = None

    def speech_started(
        self, utterance_id: int, start_ms: float, now_ms: float, *, over_bot: bool = False
    ) -> Hold | None:
        """The customer began to speak at ``start_ms`` (``SpeechStarted``), known at ``now_ms``.

        ``over_bot``: an answer is held, which they have not let go on yet.
        """
        self._utterance_id, self._start_ms = utterance_id, start_ms
        self._over[utterance_id] = over_bot
        while len(self._over) > _KEPT:
            self._over.popitem(last=False)
        return self.speech_continues(now_ms)

    def speech_continues(self, now_ms: float) -> Hold | None:
        """Call with every microphone frame; does nothing unless both speak."""
        if self._bot is None or self._utterance_id is None:
            return None
        self._over[self._utterance_id] = True
        needs_words = self._echoes or self._released == self._utterance_id
        if needs_words or now_ms - max(self._start_ms, self._bot.start_ms) < self.config.barge_in_ms:
            return None
        return self._hold()

    def words_heard(self, utterance_id: int) -> Hold | None:
        """Words of the utterance in progress are known, and they are not the bot's own: no need to wait longer."""
        if self._bot is None or utterance_id != self._utterance_id:
            return None
        return self._hold()

    def released(self, utterance_id: int) -> None:
        """The bot goes on although the utterance may: its sound no longer holds, further words do."""
        self._released, self._held_by = utterance_id, None

    def speech_ended(self) -> None:
        """The utterance is over (``SpeechEnded``)."""
        self._utterance_id = None

    def was_over_bot(self, utterance_id: int) -> bool:
        """Whether the bot made sound during this utterance."""
        return self._over.get(utterance_id, False)

    @property
    def overlapping(self) -> bool:
        """Whether the utterance in progress began, or went on, over the bot."""
        return self._utterance_id is not None and self._over.get(self._utterance_id, False)

    def echo_heard(self) -> None:
        """An utterance was the bot's own words: from now on sound alone holds nothing, only recognised words do."""
        self._echoes = True

    def _hold(self) -> Hold | None:
        bot = self._bot
        if bot is None or not bot.interruptible or self._held_by == self._utterance_id:
            return None
        self._held_by = self._utterance_id
        return Hold(bot.turn_id)
