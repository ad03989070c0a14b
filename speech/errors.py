"""Every error speech raises. ``code`` is stable: sessions map it to an apology, a retry or a hang-up.

SpeechError
  AsrError: AsrOverloaded, AsrFailed
  TtsError: TtsFailed
  AudioError (the customer's audio is malformed)
  ModelMissing (weights are not in the cache)
"""

from __future__ import annotations


class SpeechError(Exception):
    """Base of what speech raises."""

    code = "speech_error"


class AsrError(SpeechError):
    """Recognition did not happen."""

    code = "asr_error"


class AsrOverloaded(AsrError):
    """The recogniser's queue is full; try again later."""

    code = "asr_overloaded"


class AsrFailed(AsrError):
    """The recogniser broke."""

    code = "asr_failed"


class TtsError(SpeechError):
    """Synthesis did not happen."""

    code = "tts_error"


class TtsFailed(TtsError):
    """The voice broke. ``unsaid`` is the written text that was not spoken; it is never part of the message."""

    code = "tts_failed"

    def __init__(self, message: str, *, unsaid: str = "") -> None:
        super().__init__(message)
        self.unsaid = unsaid


class AudioError(SpeechError):
    """The customer's audio is malformed; the message names the field and the fix."""

    code = "bad_audio"


class ModelMissing(SpeechError):
    """Weights are not in the cache; the message names the command that fetches them."""

    code = "model_missing"
