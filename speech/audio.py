"""Audio at the edge: resampling, WAV files and where sound begins and ends.

Inside the house audio is signed 16-bit little-endian mono PCM (``bytes``) or float32 samples in -1..1 (``Samples``).
WAV follows RIFF/WAVE: PCM 8/16/24/32 bit, 32-bit float, G.711 A-law and mu-law, plain or WAVE_FORMAT_EXTENSIBLE.
"""

from __future__ import annotations

import shutil
import struct
import warnings
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from speech import g711, short_filter
from speech.errors import AudioError
from speech.types import AudioFrame, Samples

MIN_RATE_HZ = 4_000
MAX_RATE_HZ = 192_000
_S16 = np.dtype("<i2")
_STEP = np.float32(1 / 32768)


def float_from_pcm(pcm: bytes) -> Samples:
    """s16le bytes to float32 in -1..1. Raises ``AudioError`` on an odd number of bytes."""
    if len(pcm) % 2:
        raise AudioError(f"audio has an odd number of bytes ({len(pcm)}); send whole 16-bit samples")
    samples: Samples = np.frombuffer(pcm, _S16) * _STEP
    return samples


def pcm_from_float(samples: Samples) -> bytes:
    """float32 to s16le bytes; values beyond -1..1 are clipped, not wrapped."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()


class Resampler:
    """Stateful rate conversion of one mono s16le stream.

    A push may end in the middle of a sample: the odd byte is kept and joined with the next push, since a network
    message may be cut anywhere. Delay: 3 ms between 8 kHz and its multiples (``short_filter``), else 10 to 30 ms;
    none when rates are equal.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        for rate in (from_hz, to_hz):
            if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
                raise AudioError(f"sample rate {rate} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._odd = b""
        self._stream = self._open()

    def push(self, pcm: bytes) -> bytes:
        """Converted audio that is ready; may be empty while the filter fills."""
        data = self._odd + pcm if self._odd else pcm
        whole = len(data) & ~1
        self._odd = data[whole:]
        if self._stream is None or not whole:
            return data[:whole]
        return self._convert(np.frombuffer(data[:whole], "<i2"), last=False)

    def flush(self) -> bytes:
        """What the filter still holds. A trailing odd byte is no sample and is dropped; the stream starts anew."""
        self._odd = b""
        if self._stream is None:
            return b""
        rest = self._convert(np.zeros(0, np.int16), last=True)
        self._stream = self._open()
        return rest

    def _open(self) -> Any:
        if self.from_hz == self.to_hz:
            return None
        if short_filter.fits(self.from_hz, self.to_hz):
            return short_filter.ShortFilter(self.from_hz, self.to_hz)
        # soxr's fixed-rate engine works in blocks and answers 8 kHz speech in bursts of 100 ms; its variable-rate
        # engine has the same pass band and answers every 20 ms frame.
        return soxr.ResampleStream(self.from_hz, self.to_hz, 1, dtype="int16", quality="HQ", vr=True)

    def _convert(self, samples: NDArray[np.int16], *, last: bool) -> bytes:
        if isinstance(self._stream, short_filter.ShortFilter):
            out = self._stream.flush() if last else self._stream.push(samples)
        else:
            out = self._stream.resample_chunk(samples.astype(np.int16, copy=False), last=last)
        return out.astype("<i2", copy=False).tobytes()


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole recording at another rate. Raises ``AudioError`` for a rate no recording has."""
    for rate in (from_hz, to_hz):
        if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
            raise AudioError(f"sample rate {rate} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
    if from_hz == to_hz or not samples.size:
        return samples
    return np.asarray(soxr.resample(samples, from_hz, to_hz), dtype=np.float32)


async def frames_of(samples: Samples, rate_hz: int, *, frame_ms: int = 20) -> AsyncIterator[AudioFrame]:
    """A recording as frames, as fast as they are taken; the last one may be short."""
    step = rate_hz * frame_ms // 1000
    for at in range(0, samples.size, step):
        yield AudioFrame(pcm_from_float(samples[at : at + step]), rate_hz, at * 1000 / rate_hz)


# --- files -----------------------------------------------------------------------------------------------------------

_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE


def read_wav(path: Path) -> tuple[Samples, int]:
    """(mono float32 samples, rate in Hz); several channels are averaged. Raises ``AudioError``."""
    try:
        return parse_wav(path.read_bytes())
    except OSError as error:
        raise AudioError(f"cannot read {path.name}: {error.strerror}") from error


def parse_wav(data: bytes) -> tuple[Samples, int]:
    """``read_wav`` for bytes in memory."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise AudioError("not a WAV file (no RIFF/WAVE header)")
    chunks = _riff_chunks(data)
    header, body = chunks.get(b"fmt "), chunks.get(b"data")
    if header is None or len(header) < 16 or body is None:
        raise AudioError("WAV file without a format or a data chunk")
    code, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", header[:16])
    if code == _EXTENSIBLE and len(header) >= 26:
        code = struct.unpack("<H", header[24:26])[0]
    if not channels or not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise AudioError(f"WAV file with {channels} channels at {rate_hz} Hz")
    samples = _decode_wav(body, code, bits)
    whole = samples.size - samples.size % channels
    return samples[:whole].reshape(-1, channels).mean(axis=1, dtype=np.float32), rate_hz


def _riff_chunks(data: bytes) -> dict[bytes, bytes]:
    """The first chunk of each name. A size beyond the file (streamed recordings) means: to the end."""
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        chunks.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return chunks


def _decode_wav(body: bytes, code: int, bits: int) -> Samples:
    width = max(1, bits // 8)
    body = body[: len(body) - len(body) % width]
    if code in {_A_LAW, _MU_LAW} and bits == 8:
        return float_from_pcm(g711.decode(body, "alaw" if code == _A_LAW else "ulaw"))
    if code == _FLOAT and bits == 32:
        return np.asarray(np.nan_to_num(np.frombuffer(body, "<f4")), np.float32)
    if code == _PCM and bits == 8:
        return (np.frombuffer(body, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if code == _PCM and bits == 16:
        return float_from_pcm(body)
    if code == _PCM and bits == 24:
        triples = np.frombuffer(body, np.uint8).reshape(-1, 3)
        words = np.zeros((len(triples), 4), np.uint8)
        words[:, 1:] = triples
        return (words.view("<i4")[:, 0] / 2**31).astype(np.float32)
    if code == _PCM and bits == 32:
        return (np.frombuffer(body, "<i4") / 2**31).astype(np.float32)
    raise AudioError(f"WAV format {code} with {bits} bits is not supported; convert it to 16-bit PCM")


def write_wav(path: Path, samples: Samples, rate_hz: int) -> None:
    """Mono 16-bit PCM. Raises ``AudioError`` when the file cannot be written."""
    try:
        with path.open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            file.writeframes(pcm_from_float(samples))
    except OSError as error:
        raise AudioError(f"cannot write {path.name}: {error.strerror}") from error


_LONGEST_S = 4 * 3600


def read_audio(path: Path) -> tuple[Samples, int]:
    """Any audio file of our own: WAV here, everything else through pydub where ffmpeg is installed, else in process.

    For what strangers send see ``speech.containers``. Raises ``AudioError``.
    """
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as error:
        raise AudioError(f"cannot read {path.name}: {error.strerror}") from error
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return read_wav(path)
    if shutil.which("ffmpeg") is None:
        from speech.containers import decode

        return decode(path.read_bytes(), _LONGEST_S)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydub imports audioop, which Python deprecates
        from pydub import AudioSegment
        from pydub.exceptions import CouldntDecodeError
    try:
        segment = AudioSegment.from_file(path).set_channels(1).set_sample_width(2)
    except (CouldntDecodeError, OSError, IndexError) as error:
        raise AudioError(f"{path.name} is no audio that ffmpeg can decode") from error
    return float_from_pcm(segment.raw_data), int(segment.frame_rate)


# --- where sound is --------------------------------------------------------------------------------------------------

_STEP_MS = 10
_AUDIBLE = 10 ** (-50 / 20)


def speech_bounds_ms(samples: Samples, rate_hz: int) -> tuple[float, float] | None:
    """(first, last) audible position of a recording in milliseconds, to 10 ms; None when it holds no sound.

    Energy based: a step counts when it is above -50 dBFS, within 30 dB of the loud steps and clear of the noise floor.
    """
    levels = _step_levels(samples, rate_hz)
    if not levels.size:
        return None
    loud, floor = float(np.percentile(levels, 95)), float(np.percentile(levels, 10))
    threshold = max(_AUDIBLE, loud * 10 ** (-30 / 20), min(2 * floor, 0.3 * loud))
    audible = np.flatnonzero(levels >= threshold)
    if not audible.size:
        return None
    length_ms = samples.size * 1000 / rate_hz
    return float(audible[0] * _STEP_MS), min(float((audible[-1] + 1) * _STEP_MS), length_ms)


def first_audible_ms(samples: Samples, rate_hz: int, *, dbfs: float = -50) -> float | None:
    """Position of the first 10 ms step above ``dbfs``; None when there is none."""
    audible = np.flatnonzero(_step_levels(samples, rate_hz) >= 10 ** (dbfs / 20))
    return float(audible[0] * _STEP_MS) if audible.size else None


def _step_levels(samples: Samples, rate_hz: int) -> Samples:
    """Root mean square of each 10 ms step, the last one padded with zeros."""
    step = rate_hz * _STEP_MS // 1000
    padded = np.pad(samples, (0, -samples.size % step)).reshape(-1, step)
    return np.sqrt(np.mean(np.square(padded, dtype=np.float32), axis=1, dtype=np.float32))
