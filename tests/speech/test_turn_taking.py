"""Who has the floor, in milliseconds on the microphone's clock."""

from __future__ import annotations

from speech.turn_taking import Hold, TurnTaking


def speaking_bot(*, interruptible: bool = True) -> TurnTaking:
    turns = TurnTaking()
    turns.bot_speaks(7, 0, interruptible=interruptible)
    return turns


def test_a_syllable_over_the_bot_holds_it_once() -> None:
    turns = speaking_bot()
    assert turns.speech_started(1, 1000, 1096) is None
    assert turns.speech_continues(1120) is None
    assert turns.speech_continues(1160) == Hold(7)
    assert turns.speech_continues(1180) is None
    assert turns.was_over_bot(1)
    assert turns.overlapping


def test_speech_while_the_bot_is_silent_holds_nothing() -> None:
    turns = TurnTaking()
    assert turns.speech_started(1, 1000, 1096) is None
    assert turns.speech_continues(5000) is None
    assert not turns.was_over_bot(1)


def test_speech_that_began_before_the_bot_is_counted_from_its_beginning() -> None:
    turns = TurnTaking()
    turns.speech_started(1, 0, 96)
    turns.bot_speaks(7, 1000)
    assert turns.speech_continues(1100) is None
    assert turns.speech_continues(1160) == Hold(7)


def test_an_uninterruptible_prompt_is_not_held_but_the_overlap_is_known() -> None:
    turns = speaking_bot(interruptible=False)
    turns.speech_started(1, 1000, 1096)
    assert turns.speech_continues(9000) is None
    assert turns.words_heard(1) is None
    assert turns.was_over_bot(1)


def test_the_answer_that_goes_on_can_be_held_by_the_next_utterance() -> None:
    turns = speaking_bot()
    turns.speech_started(1, 1000, 1096)
    assert turns.speech_continues(1200) == Hold(7)
    turns.speech_ended()
    turns.bot_silent()
    turns.bot_speaks(7, 2000)
    turns.speech_started(2, 3000, 3096)
    assert turns.speech_continues(3200) == Hold(7)


def test_after_an_echo_only_words_hold() -> None:
    turns = speaking_bot()
    turns.echo_heard()
    turns.speech_started(1, 1000, 1096)
    assert turns.speech_continues(2000) is None
    assert turns.words_heard(1) == Hold(7)


def test_words_of_an_utterance_that_is_over_hold_nothing() -> None:
    turns = speaking_bot()
    turns.speech_started(1, 1000, 1096)
    turns.speech_ended()
    assert turns.words_heard(1) is None
    assert not turns.overlapping


def test_only_the_last_utterances_are_remembered() -> None:
    turns = speaking_bot()
    for number in range(100):
        turns.speech_started(number, number * 100, number * 100 + 96)
        turns.speech_continues(number * 100 + 97)
    assert not turns.was_over_bot(0)
    assert turns.was_over_bot(99)


def test_an_utterance_that_was_nothing_holds_again_only_with_words() -> None:
    turns = speaking_bot()
    turns.speech_started(1, 1000, 1096)
    assert turns.speech_continues(1200) == Hold(7)
    turns.released(1)
    assert turns.speech_continues(3000) is None
    assert turns.words_heard(1) == Hold(7)
    turns.speech_ended()
    turns.speech_started(2, 5000, 5096)
    assert turns.speech_continues(5200) == Hold(7), "the next utterance is a new one"
