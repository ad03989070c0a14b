"""The shapes of a transcription."""

from __future__ import annotations

from gateway.channels.openai_transcripts import as_json, as_srt, as_verbose_json, as_vtt, delta, whole_text
from speech.transcription import Segment

SEGMENTS = [
    Segment("我的订单什么时候到?", "zh", 0.91234, 0.01, 0.0, 2.5),
    Segment("谢谢 <b> & 再见", "zh", 0.8, 0.02, 3661.0004, 3662.9996),
]


def test_json() -> None:
    assert as_json(SEGMENTS, 4.0) == {
        "text": "我的订单什么时候到?\n谢谢 <b> & 再见",
        "usage": {"type": "duration", "seconds": 4.0},
    }
    verbose = as_verbose_json(SEGMENTS, 4.0)
    assert verbose["language"] == "chinese"
    assert verbose["segments"][1] == {
        "id": 1, "start": 3661.0, "end": 3663.0, "text": "谢谢 <b> & 再见", "no_speech_prob": 0.02, "confidence": 0.8,
    }  # fmt: skip
    assert as_verbose_json([], 1.0)["segments"] == []


def test_subtitles() -> None:
    assert as_srt(SEGMENTS).split("\n\n")[:2] == [
        "1\n00:00:00,000 --> 00:00:02,500\n我的订单什么时候到?",
        "2\n01:01:01,000 --> 01:01:03,000\n谢谢 <b> & 再见",
    ]
    assert as_vtt(SEGMENTS).startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n")
    assert "谢谢 &lt;b&gt; &amp; 再见" in as_vtt(SEGMENTS)


def test_words_join_as_their_language_does() -> None:
    english = [Segment("Hello there.", "en", 1, 0, 0, 1), Segment("Bye.", "en", 1, 0, 1, 2)]
    assert whole_text(english) == "Hello there. Bye."
    assert delta("", english[0])["delta"] + delta("Hello there.", english[1])["delta"] == whole_text(english)
