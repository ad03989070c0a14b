"""Who has the floor: decides, from what is being played and what is being heard, when the customer takes it.

::

    bot       =====================|..........      silenced by the session on Interrupt
    customer  ________|================|_______
              start_ms^            ^Interrupt          ^final transcript is empty: Resume, say the rest after all

Pure: positions are milliseconds on the microphone's sample clock. "The bot is speaking" comes from playout.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnTakingConfig:
    """Waits in milliseconds."""

    barge_in_ms: float = 120
    """Customer speech over the bot's that takes the floor."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """The customer takes the floor from turn ``turn_id``: stop speaking."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Resume:
    """The interruption of ``turn_id`` was none (nobody said anything): the reply may go on."""

    turn_id: int


@dataclass(slots=True)
class _BotTurn:
    turn_id: int
    interruptible: bool
    start_ms: float


class TurnTaking:
    """One session's floor. At most one ``Interrupt`` per bot turn, and at most one ``Resume`` after it."""

    def __init__(self, config: TurnTakingConfig | None = None) -> None:
        self.config = config or TurnTakingConfig()
        self._bot: _BotTurn | None = None
        self._customer_start_ms: float | None = None
        self._interrupted: int | None = None
        """The last turn that was interrupted; None once the customer's words are known."""
        self._last_interrupted: int | None = None

    def bot_speaks(self, turn_id: int, now_ms: float, *, interruptible: bool = True) -> None:
        """Playout makes sound of ``turn_id``. Call it again when ``interruptible`` changes within the turn."""
        if self._bot is None or self._bot.turn_id != turn_id:
            self._bot = _BotTurn(turn_id, interruptible, now_ms)
        self._bot.interruptible = interruptible

    def bot_silent(self) -> None:
        """Playout has run dry or was flushed."""
        self._bot = None

    def speech_started(self, start_ms: float, now_ms: float) -> Interrupt | None:
        """The customer began to speak at ``start_ms`` (``SpeechStarted``), known at ``now_ms``."""
        self._customer_start_ms = start_ms
        return self.speech_continues(now_ms)

    def speech_continues(self, now_ms: float) -> Interrupt | None:
        """Call with every microphone frame; does nothing unless both speak."""
        bot, since_ms = self._bot, self._customer_start_ms
        if bot is None or since_ms is None or not bot.interruptible or bot.turn_id == self._last_interrupted:
            return None
        if now_ms - max(since_ms, bot.start_ms) < self.config.barge_in_ms:
            return None
        self._interrupted = self._last_interrupted = bot.turn_id
        return Interrupt(bot.turn_id)

    def speech_ended(self) -> None:
        """The utterance is over (``SpeechEnded``)."""
        self._customer_start_ms = None

    def heard(self, text: str) -> Resume | None:
        """The utterance's final transcript. An empty one after an interruption gives the floor back."""
        turn_id, self._interrupted = self._interrupted, None
        return Resume(turn_id) if turn_id is not None and not text.strip() else None
