"""When a sound is heard: the one definition that every voice-to-voice figure uses, on both ends of the turn.

A sample is audible at or above ``AUDIBLE_DBFS`` (its magnitude, full scale = 0 dBFS). The question ends with the last
audible sample of its clean rendering; the answer begins with the first audible sample, at the moment a client that
plays everything it gets, in order and without a buffer of its own, puts that sample on the loudspeaker:

    arrives    |a a a|          |b b b|
    played     |aaaaaaaaa|      |bbbbbbbbb|         at arrival, or when the audio before it has been played
    audible          ^ first sample above the level: arrival + its offset
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from speech.types import Samples

AUDIBLE_DBFS = -40.0
_LEVEL = 10 ** (AUDIBLE_DBFS / 20)


def last_audible_ms(samples: Samples, rate_hz: int) -> float | None:
    """End of the last audible sample, in milliseconds; None when nothing is audible."""
    audible = np.flatnonzero(np.abs(samples) >= _LEVEL)
    return float(audible[-1] + 1) * 1000 / rate_hz if audible.size else None


def first_audible_ms(samples: Samples, rate_hz: int) -> float | None:
    """Position of the first audible sample, in milliseconds; None when nothing is audible."""
    audible = np.flatnonzero(np.abs(samples) >= _LEVEL)
    return float(audible[0]) * 1000 / rate_hz if audible.size else None


def energy_end_ms(samples: Samples, rate_hz: int) -> float | None:
    """Where speech ends in a recording of a room: the last 30 ms within 20 dB of the loud ones (95th percentile).

    Clicks are shorter. Soft endings fall below that, so the label is rather too early, and a latency counted from it
    rather too long. To 10 ms; None when there is no such stretch.
    """
    step = rate_hz // 100
    whole = samples[: samples.size - samples.size % step].reshape(-1, step)
    levels = np.sqrt(np.mean(np.square(whole, dtype=np.float64), axis=1))
    if not levels.size or (loud := float(np.percentile(levels, 95))) <= _LEVEL / 10:
        return None
    sustained = np.convolve(levels >= loud / 10, np.ones(3), "valid") == 3
    return float(np.flatnonzero(sustained)[-1] + 3) * 10 if sustained.any() else None


@dataclass(slots=True)
class Playback:
    """What a client without a buffer of its own plays of one answer. Pure: arrival times come with the audio."""

    rate_hz: int
    began_ms: float | None = None
    """When the first sample was played."""
    end_ms: float = 0.0
    """When the last sample that has come will have been played."""
    received_ms: float = 0.0
    """Length of the audio that has come."""
    audible_ms: float | None = None
    """When the first audible sample was played."""

    def push(self, samples: Samples, arrived_ms: float) -> None:
        """A message of audio has arrived."""
        start_ms = arrived_ms if self.began_ms is None else max(arrived_ms, self.end_ms)
        if self.began_ms is None:
            self.began_ms = arrived_ms
        if self.audible_ms is None:
            offset_ms = first_audible_ms(samples, self.rate_hz)
            self.audible_ms = None if offset_ms is None else start_ms + offset_ms
        length_ms = len(samples) * 1000 / self.rate_hz
        self.received_ms += length_ms
        self.end_ms = start_ms + length_ms

    def played_ms(self, now_ms: float) -> float:
        """How much has been played (gaps in delivery count as not played, to within the last gap)."""
        return max(0.0, min(self.received_ms, self.received_ms - (self.end_ms - now_ms)))
