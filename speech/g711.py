"""G.711: 16-bit samples to the code words of telephones and back (ITU-T G.711; 8 kHz, one byte a sample). Pure.

Encoding takes a table of all 65,536 samples, made as in the CCITT reference code; decoding one of 256 code words.
"""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Law = Literal["ulaw", "alaw"]
RATE_HZ = 8_000
SILENCE: dict[Law, bytes] = {"ulaw": b"\xff", "alaw": b"\xd5"}
"""The code word of no sound."""

_MU_BIAS, _MU_CLIP = 0x21, 8158
"""One below the standard's clip: the same word, and the last segment holds it."""
_SEGMENTS = np.array([0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF])
"""Ends of the segments of A-law, 13 bits; those of mu-law, 14 bits, are twice as far."""


def encode(pcm: bytes, law: Law) -> bytes:
    """s16le samples as code words. An odd last byte is no sample and is left out."""
    whole = pcm[: len(pcm) & ~1]
    words: bytes = _compressed(law)[np.frombuffer(whole, "<u2")].tobytes()
    return words


def decode(words: bytes, law: Law) -> bytes:
    """Code words as s16le samples."""
    return expanded(law)[np.frombuffer(words, np.uint8)].tobytes()


@functools.cache
def expanded(law: Law) -> NDArray[np.int16]:
    """The sample of each of the 256 code words."""
    byte = np.arange(256)
    if law == "alaw":
        word = byte ^ 0x55
        exponent, mantissa = (word >> 4) & 7, (word & 15) << 4
        value = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
        value = np.where(word & 0x80, value, -value)
    else:
        word = ~byte & 0xFF
        value = ((((word & 15) << 3) + 0x84) << ((word >> 4) & 7)) - 0x84
        value = np.where(word & 0x80, -value, value)
    return value.astype("<i2")


@functools.cache
def _compressed(law: Law) -> NDArray[np.uint8]:
    """The code word of each sample, in the order of the samples' bits as an unsigned number."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    if law == "alaw":
        value = sample >> 3
        mask = np.where(value >= 0, 0xD5, 0x55)
        value = np.where(value >= 0, value, -value - 1)
        segment = np.searchsorted(_SEGMENTS, value)
        word = (segment << 4) | ((value >> np.maximum(segment, 1)) & 0x0F)
    else:
        value = sample >> 2
        mask = np.where(value >= 0, 0xFF, 0x7F)
        value = np.minimum(np.abs(value), _MU_CLIP) + _MU_BIAS
        segment = np.searchsorted(_SEGMENTS * 2 + 1, value)
        word = (segment << 4) | ((value >> (segment + 1)) & 0x0F)
    return (word ^ mask).astype(np.uint8)
