"""The metrics' names follow Prometheus, and two gateways do not share them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import Metrics, forget_worker


def test_a_hop_given_in_milliseconds_is_seen_in_seconds() -> None:
    metrics = Metrics()
    metrics.hop("v2v", 850, "web")
    metrics.hop("v2v", 1200, "web")
    value = metrics.registry.get_sample_value
    labels = {"hop": "v2v", "channel": "web"}
    assert value("kefu_turn_latency_seconds_sum", labels) == 2.05
    assert value("kefu_turn_latency_seconds_bucket", {**labels, "le": "1.0"}) == 1
    assert value("kefu_turn_latency_seconds_bucket", {**labels, "le": "1.5"}) == 2


def test_two_gateways_do_not_share_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.degraded.inc()
    assert other.registry.get_sample_value("kefu_degraded_turns_total") == 0


def test_names_and_help() -> None:
    families = list(text_string_to_metric_families(Metrics().render().decode()))
    assert len(families) >= 11
    for family in families:
        assert family.name.startswith("kefu_")
        assert family.documentation
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_size"))


def test_what_the_recogniser_tells() -> None:
    metrics = Metrics()
    metrics.asr.shed("partial")
    metrics.asr.shed("beam")
    metrics.asr.shed("beam")
    metrics.asr.decoded(4, partial=False)
    metrics.asr.decoded_again()
    metrics.asr.load(7, 0.5)
    value = metrics.registry.get_sample_value
    assert value("kefu_asr_shed_total", {"kind": "beam"}) == 2
    assert value("kefu_asr_shed_total", {"kind": "partial"}) == 1
    assert value("kefu_asr_batch_size_bucket", {"kind": "final", "le": "3.0"}) == 0
    assert value("kefu_asr_batch_size_bucket", {"kind": "final", "le": "4.0"}) == 1
    assert value("kefu_asr_decoded_again_total") == 1
    assert value("kefu_asr_waiting") == 7
    assert value("kefu_asr_load") == metrics.asr.current_load == 0.5


WORKER = """
import sys
from pathlib import Path
from gateway.metrics import Metrics, keep_in_files
folder, number = Path(sys.argv[1]), int(sys.argv[2])
keep_in_files(folder, number)
metrics = Metrics(folder)
metrics.workers.set(1)
metrics.sessions.set(number)
metrics.turns.labels("rest", "text", "faq").inc(10)
metrics.hop("v2v", 850, "web")
print(metrics.render().decode())
"""


def worker(folder: Path, number: int) -> dict[str, float]:
    """What a worker that lives for a moment tells of all; its own values stay."""
    told = subprocess.run(
        [sys.executable, "-c", WORKER, str(folder), str(number)], capture_output=True, text=True, check=True
    ).stdout
    families = text_string_to_metric_families(told)
    return {sample.name: sample.value for family in families for sample in family.samples if "le" not in sample.labels}


def test_whichever_worker_is_asked_tells_of_all(tmp_path: Path) -> None:
    worker(tmp_path, 1)
    told = worker(tmp_path, 2)
    assert told["kefu_workers"] == 2
    assert told["kefu_active_sessions"] == 3
    assert told["kefu_turns_total"] == 20
    assert told["kefu_turn_latency_seconds_count"] == 2
    forget_worker(tmp_path, 1)
    again = worker(tmp_path, 2)
    assert again["kefu_workers"] == 1
    assert again["kefu_active_sessions"] == 2, "the sessions of the dead are over"
    assert again["kefu_turns_total"] == 30, "what was counted stays counted"
    assert len(list(tmp_path.iterdir())) <= 8, "a worker that comes back goes on in its own files"
