"""The metrics' names follow Prometheus, and two gateways do not share them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics import Metrics


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
