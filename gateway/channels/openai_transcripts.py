"""Segments of a recording in the shapes of OpenAI's ``/v1/audio/transcriptions``. Pure.

``json``, ``verbose_json``, ``text``, SubRip (``srt``) and WebVTT (``vtt``, W3C), and the events of a streamed answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from speech.transcription import Segment

LANGUAGE_NAMES = {"zh": "chinese", "en": "english"}


def whole_text(segments: Sequence[Segment]) -> str:
    """All words. English sentences are set apart by a space, Chinese ones by a line."""
    text = ""
    for segment in segments:
        text += joint(text, segment) + segment.text
    return text


def joint(before: str, segment: Segment) -> str:
    """What stands between ``before`` and the words of ``segment``."""
    if not before:
        return ""
    return " " if segment.language == "en" else "\n"


def usage(seconds: float) -> dict[str, Any]:
    """What was used: time, since Kefu counts no tokens of audio."""
    return {"type": "duration", "seconds": round(seconds, 3)}


def as_json(segments: Sequence[Segment], seconds: float) -> dict[str, Any]:
    """``response_format=json``."""
    return {"text": whole_text(segments), "usage": usage(seconds)}


def as_verbose_json(segments: Sequence[Segment], seconds: float) -> dict[str, Any]:
    """``response_format=verbose_json``. ``confidence`` is ours: 0..1, the mean probability of the tokens."""
    language = segments[0].language if segments else ""
    return {
        "task": "transcribe",
        "language": LANGUAGE_NAMES.get(language, language),
        "duration": round(seconds, 3),
        "text": whole_text(segments),
        "segments": [
            {
                "id": index,
                "start": round(segment.start_s, 3),
                "end": round(segment.end_s, 3),
                "text": segment.text,
                "no_speech_prob": round(segment.no_speech, 4),
                "confidence": round(segment.confidence, 4),
            }
            for index, segment in enumerate(segments)
        ],
        "usage": usage(seconds),
    }


def as_srt(segments: Sequence[Segment]) -> str:
    """``response_format=srt``: numbered cues, commas before milliseconds."""
    return "".join(
        f"{number}\n{_clock(segment.start_s, ',')} --> {_clock(segment.end_s, ',')}\n{segment.text}\n\n"
        for number, segment in enumerate(segments, 1)
    )


def as_vtt(segments: Sequence[Segment]) -> str:
    """``response_format=vtt``. An arrow in the words would end a cue, and ``&``, ``<`` begin markup."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(segment.start_s, '.')} --> {_clock(segment.end_s, '.')}\n{_escaped(segment.text)}\n\n"
        for segment in segments
    )


PLAIN: dict[str, tuple[str, Callable[[Sequence[Segment]], str]]] = {
    "text": ("text/plain", lambda segments: whole_text(segments) + "\n"),
    "srt": ("application/x-subrip", as_srt),
    "vtt": ("text/vtt", as_vtt),
}
"""Formats that are no JSON: content type and writer."""
JSON: dict[str, Callable[[Sequence[Segment], float], dict[str, Any]]] = {
    "json": as_json,
    "verbose_json": as_verbose_json,
}


def delta(before: str, segment: Segment) -> dict[str, Any]:
    """The event that adds ``segment`` to what was sent."""
    return {"type": "transcript.text.delta", "delta": joint(before, segment) + segment.text}


def done(text: str, seconds: float) -> dict[str, Any]:
    """The last event."""
    return {"type": "transcript.text.done", "text": text, "usage": usage(seconds)}


def _clock(seconds: float, point: str) -> str:
    whole_ms = round(seconds * 1000)
    minutes, ms = divmod(whole_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{ms // 1000:02}{point}{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
