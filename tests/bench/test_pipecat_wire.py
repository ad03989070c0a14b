"""pipecat's frames by hand; the samples were written by the serializer of pipecat 1.14.0."""

from __future__ import annotations

import pytest

from tests.bench import pipecat_wire as wire

AUDIO = b"\x12'\x08\x01\x12\x15OutputAudioRawFrame#0\x1a\x06\x01\x02\x01\x02\x01\x02 \xc0\xbb\x01(\x01"
MESSAGE = b'"$\n"{"type": "x", "t": "\\u8fd0\\u8d39"}'
INTERRUPTION = b"*\x17\x08\x02\x12\x13InterruptionFrame#0"
TEXT = b"\n\x13\x08\x04\x12\x0bTextFrame#0\x1a\x02hi"


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (AUDIO, wire.Audio(b"\x01\x02\x01\x02\x01\x02", 24_000)),
        (MESSAGE, wire.Message({"type": "x", "t": "运费"})),
        (INTERRUPTION, wire.Interruption()),
        (wire.INTERRUPTION, wire.Interruption()),
        (TEXT, None),
        (b"", None),
    ],
)
def test_frames_of_pipecat_are_read(frame: bytes, meaning: object) -> None:
    assert wire.decode(frame) == meaning


def test_microphone_audio_survives_the_round_trip() -> None:
    pcm = bytes(range(256)) * 5
    assert wire.decode(wire.encode_audio(pcm, 16_000)) == wire.Audio(pcm, 16_000)
    assert wire.decode(wire.encode_audio(b"", 8_000)) == wire.Audio(b"", 8_000)


@pytest.mark.parametrize("frame", [AUDIO[:20], AUDIO[:1], b"\x12\x80", b"\x11\x00", b"\x10\x05"])
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut|wire type|holds a message"):
        wire.decode(frame)
