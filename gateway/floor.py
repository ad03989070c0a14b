"""The floor of one session: what the customer's speech does to the answer that is being spoken.

    microphone, listen ---> TurnTaking ---> hold
    words              ---> judge      ---> go on (backchannel, echo, side talk, nothing)  or  a turn, a stop

Joins the pure decisions of ``speech.turn_taking`` and ``speech.overlap`` to the answer; owns no task.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.answering import Answering
from gateway.metrics import Metrics
from nlu.types import Expectation, Parse
from speech.audio import float_from_pcm
from speech.echo_sound import AHEAD_MS, REACH_MS, WINDOW_MS
from speech.echo_watch import EchoWatch
from speech.overlap import Judgement, Meaning, Overlap, UsualLevel, Verdict, judge, syllables
from speech.turn_taking import Hold, TurnTaking, TurnTakingConfig
from speech.types import LISTEN_RATE_HZ, SpeechStarted, Transcript, Wordless

_ECHO_DELAY_MS = 800.0
"""An echo is of what was played during the utterance, or so long before: room, network, playout reports."""
_SYLLABLES_TO_HOLD = 2
"""So many words of somebody else's, heard before the sound alone was enough, hold the bot."""
_WORDLESS_MS = 700.0
"""Sound that holds words by then, if it is somebody who speaks to us."""
_FOR_US = frozenset({Verdict.TURN, Verdict.STOP})
_KINDS = {
    Verdict.SILENCE: "false",
    Verdict.ECHO: "echo",
    Verdict.BACKCHANNEL: "backchannel",
    Verdict.SIDE_TALK: "side_talk",
    Verdict.STOP: "stop",
    Verdict.TURN: "true",
}
"""Label of ``kefu_interruptions_total``."""


_ACKNOWLEDGEMENTS = frozenset({"affirm", "thanks", "greet", "praise"})


def meaning_of(parse: Parse) -> Meaning:
    """A parse in the terms of ``speech.overlap``."""
    if parse.intent in _ACKNOWLEDGEMENTS:
        return Meaning(parse.confidence, acknowledges=True)
    return Meaning(1 - parse.confidence if parse.intent == "out_of_scope" else parse.confidence)


class Floor:
    """Call ``heard_audio`` with every microphone frame and the rest as speech events come."""

    def __init__(
        self,
        config: TurnTakingConfig,
        answering: Answering,
        expectation: Callable[[], Expectation],
        now_ms: Callable[[], float],
        recent: Callable[[int], bytes],
        metrics: Metrics,
    ) -> None:
        """``now_ms`` is the microphone's sample clock, ``recent`` its last so many milliseconds at 16 kHz."""
        self._turns = TurnTaking(config)
        self._echo = EchoWatch()
        self._recent = recent
        self._answering = answering
        self._expectation = expectation
        self._now_ms = now_ms
        self._metrics = metrics
        self._level = UsualLevel()
        self._utterance_id: int | None = None
        """The last utterance that began."""

    @property
    def overlapping(self) -> bool:
        """Whether the customer speaks over the bot, or has just silenced it."""
        return self._turns.overlapping

    async def heard_audio(self) -> None:
        """A microphone frame has come."""
        current = self._answering.speaking_turn
        if current is None:
            self._turns.bot_silent()
            return
        turn_id, interruptible = current
        now_ms = self._now_ms()
        self._turns.bot_speaks(turn_id, now_ms, interruptible=interruptible)
        await self._hold_unless_echo(self._turns.speech_continues(now_ms), now_ms)

    async def speech_started(self, event: SpeechStarted) -> None:
        """The customer begins to speak: nothing new is said meanwhile."""
        self._utterance_id = event.utterance_id
        self._echo.began(event.utterance_id)
        self._answering.hold_floor(True)
        now_ms = self._now_ms()
        await self._hold_unless_echo(self._started(event, now_ms), now_ms)

    def _started(self, event: SpeechStarted, now_ms: float) -> Hold | None:
        return self._turns.speech_started(event.utterance_id, event.start_ms, now_ms, over_bot=self._answering.is_held)

    async def _hold_unless_echo(self, hold: Hold | None, now_ms: float) -> None:
        """Fall silent if that is due, unless the microphone hears the bot; then as soon as it hears somebody else."""
        utterance_id = self._utterance_id
        is_watched = self._turns.overlapping and self._echo.is_on and self._echo.is_due(now_ms)
        if utterance_id is None or not (hold or is_watched):
            return
        heard = float_from_pcm(self._recent(WINDOW_MS))
        played = self._answering.sounding(WINDOW_MS + REACH_MS, AHEAD_MS)
        if heard.size * 1000 < WINDOW_MS * LISTEN_RATE_HZ or played is None:
            is_customer = not self._echo.is_on
        else:
            is_customer = self._echo.hear(now_ms, heard, played)
        if hold and not is_customer:
            self._turns.released(utterance_id)
        elif is_customer and (hold or self._turns.words_heard(utterance_id)):
            await self._answering.hold()

    def speech_ended(self) -> None:
        """The endpoint."""
        self._turns.speech_ended()

    async def words(self, transcript: Transcript, judgement: Judgement) -> None:
        """A transcript that is not final. At a pause, words that are not for us let the answer go on already."""
        if judgement.verdict not in _FOR_US:
            if transcript.at_pause and self._answering.is_held:
                self._turns.released(transcript.utterance_id)
                self._count_interruption(judgement.verdict)
                self._answering.go_on()
                self._answering.hold_floor(False)
            return
        if syllables(judgement.words) < _SYLLABLES_TO_HOLD and judgement.verdict is not Verdict.STOP:
            return
        if self._turns.words_heard(transcript.utterance_id):
            await self._answering.hold()

    def wordless(self, event: Wordless) -> None:
        """So much sound without a word: the answer goes on, whatever the microphone still hears."""
        if event.utterance_id != self._utterance_id or event.until_ms - event.start_ms < _WORDLESS_MS:
            return
        if self._answering.is_held:
            self._turns.released(event.utterance_id)
            self._count_interruption(Verdict.SILENCE)
            self._answering.go_on()
        self._answering.hold_floor(False)

    def is_in_doubt(self, transcript: Transcript, judgement: Judgement) -> bool:
        """Whether ``judge`` would do better if it knew what the words mean."""
        return judgement.verdict is Verdict.TURN and self._turns.was_over_bot(transcript.utterance_id)

    def judge(self, transcript: Transcript, parse: Parse | None = None) -> Judgement:
        """What the utterance was, by the words so far and, where it is known, by what they mean."""
        since_ms = self._now_ms() - transcript.start_ms + _ECHO_DELAY_MS
        over_bot = self._turns.was_over_bot(transcript.utterance_id)
        overlap = Overlap(
            over_bot=over_bot,
            expects_answer=self._expectation().kind in {"yes_no", "choice"},
            spoken=self._answering.just_said(since_ms) if over_bot else "",
            sounds_like_bot=over_bot and self._echo.is_echo(transcript.utterance_id, transcript.end_ms),
            quieter_db=self._level.quieter_db(transcript.level_db) if transcript.level_db else 0.0,
            speech_ms=transcript.end_ms - transcript.start_ms,
            meaning=meaning_of(parse) if parse is not None else None,
        )
        return judge(transcript.text, overlap)

    def settle(self, transcript: Transcript, judgement: Judgement) -> None:
        """The final transcript: lets the answer go on unless this was for us. ``free`` must follow."""
        if self._answering.is_held:
            self._count_interruption(judgement.verdict)
        if judgement.verdict is Verdict.ECHO:
            self._turns.echo_heard()
        if judgement.verdict in _FOR_US:
            if transcript.level_db:
                self._level.add(transcript.level_db)
        elif transcript.utterance_id == self._utterance_id or not self._answering.is_held:
            self._answering.go_on()
        # else the customer speaks again already, and what they say now decides

    def _count_interruption(self, verdict: Verdict) -> None:
        self._metrics.interruptions.labels(_KINDS[verdict]).inc()

    def free(self, utterance_id: int) -> None:
        """This utterance is known; the floor is free unless the customer speaks again already."""
        if utterance_id == self._utterance_id:
            self._answering.hold_floor(False)
