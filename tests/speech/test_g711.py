"""G.711 against known code words, and against itself."""

from __future__ import annotations

import struct
import warnings

import pytest

from speech import g711

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import audioop

# sample, mu-law word, its sample, A-law word, its sample
KNOWN = [
    (0, 0xFF, 0, 0xD5, 8),
    (-1, 0x7E, -8, 0x55, -8),
    (100, 0xF2, 104, 0xD3, 104),
    (1000, 0xCE, 988, 0xFA, 1008),
    (-1000, 0x4E, -988, 0x7A, -1008),
    (8000, 0xA0, 7932, 0x8A, 8064),
    (32767, 0x80, 32124, 0xAA, 32256),
    (-32768, 0x00, -32124, 0x2A, -32256),
]


@pytest.mark.parametrize(("sample", "mu", "mu_sample", "a", "a_sample"), KNOWN)
def test_known_words(sample: int, mu: int, mu_sample: int, a: int, a_sample: int) -> None:
    pcm = struct.pack("<h", sample)
    assert g711.encode(pcm, "ulaw") == bytes([mu])
    assert g711.encode(pcm, "alaw") == bytes([a])
    assert g711.decode(bytes([mu]), "ulaw") == struct.pack("<h", mu_sample)
    assert g711.decode(bytes([a]), "alaw") == struct.pack("<h", a_sample)


def test_every_sample_and_word_is_as_in_the_standard_library() -> None:
    every = struct.pack("<65536h", *range(-32768, 32768))
    assert g711.encode(every, "ulaw") == audioop.lin2ulaw(every, 2)
    assert g711.encode(every, "alaw") == audioop.lin2alaw(every, 2)
    words = bytes(range(256))
    assert g711.decode(words, "ulaw") == audioop.ulaw2lin(words, 2)
    assert g711.decode(words, "alaw") == audioop.alaw2lin(words, 2)


def test_silence_and_half_a_sample() -> None:
    assert g711.encode(bytes(3), "ulaw") == g711.SILENCE["ulaw"]
    assert g711.encode(bytes(2), "alaw") == g711.SILENCE["alaw"]
    assert g711.encode(b"", "alaw") == g711.decode(b"", "alaw") == b""
