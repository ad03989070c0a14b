"""What can be seen from outside: Prometheus metrics, one registry per gateway so that tests do not share state.

Several workers keep their values in files of one folder (prometheus_client's multiprocess mode), named by the worker's
number: whichever worker is asked tells of all, and a counter goes on where a worker that died left it. Every Gauge must
say how workers add up (``multiprocess_mode``).
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess, values

from speech.asr import ShedKind

_LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


def keep_in_files(folder: Path, worker: int) -> None:
    """From now on this process keeps metrics for all workers to see. To be called before the first ``Metrics``."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: worker)  # type: ignore[no-untyped-call]


def forget_worker(folder: Path, worker: int) -> None:
    """This worker is gone: what it had just then (sessions) counts no more."""
    multiprocess.mark_process_dead(worker, str(folder))  # type: ignore[no-untyped-call]


class AsrMetrics:
    """What the recogniser tells about itself: an ``AsrObserver``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Metrics in ``registry``."""
        self._shed = Counter("kefu_asr_shed_total", "What speech recognition gave up under load: a partial, "
                             "the beam of a final, or a final refused", ["kind"], registry=registry)  # fmt: skip
        self._batch = Histogram("kefu_asr_batch_size", "Utterances decoded together", ["kind"],
                                buckets=(1, 2, 3, 4, 6, 8, 16), registry=registry)  # fmt: skip
        self._again = Counter("kefu_asr_decoded_again_total", "Utterances decoded again with more silence, "
                              "because the first reading ran away", registry=registry)  # fmt: skip
        self._waiting = Gauge("kefu_asr_waiting", "Utterances waiting for a worker", registry=registry,
                              multiprocess_mode="livesum")  # fmt: skip
        self._load = Gauge("kefu_asr_load", "0 idle, 1 the next utterance is refused", registry=registry,
                           multiprocess_mode="livemax")  # fmt: skip
        self.current_load = 0.0
        """As last told, for who admits sessions."""

    def shed(self, kind: ShedKind) -> None:
        """See ``AsrObserver``."""
        self._shed.labels(kind).inc()

    def decoded(self, size: int, *, partial: bool) -> None:
        """See ``AsrObserver``."""
        self._batch.labels("partial" if partial else "final").observe(size)

    def decoded_again(self) -> None:
        """See ``AsrObserver``."""
        self._again.inc()

    def load(self, waiting: int, load: float) -> None:
        """See ``AsrObserver``."""
        self._waiting.set(waiting)
        self._load.set(load)
        self.current_load = load


class Metrics:
    """The gateway's metrics. Names follow the Prometheus conventions: seconds, ``_total``."""

    def __init__(self, folder: Path | None = None) -> None:
        """A fresh registry; ``folder`` is that of ``keep_in_files``."""
        self._folder = folder
        self.registry = CollectorRegistry()
        self.turn_latency = Histogram(
            "kefu_turn_latency_seconds",
            "Time of a turn by hop; v2v is from the end of speech to the first audio sent",
            ["hop", "channel"],
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.inference = Histogram(
            "kefu_inference_seconds",
            "Calls to Triton by model and outcome",
            ["model", "code"],
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.sessions = Gauge(
            "kefu_active_sessions", "Voice sessions now", registry=self.registry, multiprocess_mode="livesum"
        )
        self.workers = Gauge(
            "kefu_workers", "Processes that serve customers", registry=self.registry, multiprocess_mode="livesum"
        )
        self.worker_restarts = Counter(
            "kefu_worker_restarts_total", "Workers that were started again", registry=self.registry
        )
        self.tasks = Gauge(
            "kefu_asyncio_tasks", "Tasks of the event loop now", registry=self.registry, multiprocess_mode="livesum"
        )
        if folder is None:
            self.tasks.set_function(_tasks_now)
        self.turns = Counter("kefu_turns_total", "Turns", ["channel", "modality", "intent"], registry=self.registry)
        self.degraded = Counter(
            "kefu_degraded_turns_total", "Turns understood by the fallback classifier", registry=self.registry
        )
        self.interruptions = Counter(
            "kefu_interruptions_total",
            "Barge-ins: true, or false when no words followed",
            ["kind"],
            registry=self.registry,
        )
        self.hand_offs = Counter("kefu_handoffs_total", "Hand-offs to a person", ["reason"], registry=self.registry)
        self.actions = Counter("kefu_actions_total", "WRITEs on the shop", ["name", "outcome"], registry=self.registry)
        self.actions_failed = Counter(
            "kefu_actions_failed_total",
            "WRITEs given up because the shop never answered; each needs a person",
            ["name"],
            registry=self.registry,
        )
        self.generated = Counter(
            "kefu_generated_total",
            "Sentences of a language model by purpose: said, or the reason why the template was said instead",
            ["purpose", "outcome"],
            registry=self.registry,
        )
        self.errors = Counter("kefu_errors_total", "Errors by stable code", ["code"], registry=self.registry)
        self.refused = Counter("kefu_refused_total", "Requests refused at the door", ["code"], registry=self.registry)
        self.dropped_audio = Counter(
            "kefu_dropped_audio_seconds_total",
            "Microphone audio dropped because listening lagged",
            registry=self.registry,
        )
        self.asr = AsrMetrics(self.registry)

    def hop(self, hop: str, milliseconds: float, channel: str) -> None:
        """Record a hop of a turn, given in milliseconds."""
        self.turn_latency.labels(hop, channel).observe(milliseconds / 1000)

    def render(self) -> bytes:
        """The text exposition format, of all workers."""
        if self._folder is None:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        multiprocess.MultiProcessCollector(everyone, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(everyone)

    def count_tasks(self) -> None:
        """To be called now and then where several workers tell of each other; alone, asking is enough."""
        self.tasks.set(_tasks_now())


def _tasks_now() -> int:
    """Of the loop that renders; 0 where none runs."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0
