"""The table of the benchmark over the telephone, and how a slot is counted."""

from __future__ import annotations

from datetime import date

import numpy as np

from nlu.types import INTENTS, SLOTS, DateRange, TimeSpan
from tests.bench import robust


def test_the_table_names_intents_and_slots_that_exist() -> None:
    rows = robust.sentences()
    assert len(rows) >= 140
    assert len({row.text for row in rows}) == len(rows)
    known = {*INTENTS, "inform"}
    assert {intent for row in rows for intent in row.intents} <= known
    assert {name for row in rows for name, _ in row.slots} <= set(SLOTS)
    assert sum(row.language == "en" for row in rows) >= 30


def test_products_of_the_table_are_in_the_shop() -> None:
    names = {product.name for product in robust.products()}
    wanted = {value for row in robust.sentences() for name, value in row.slots if name == "product"}
    assert wanted
    assert wanted <= names


def test_values_as_in_the_table() -> None:
    assert robust.written(DateRange(date(2026, 11, 1), date(2026, 11, 30))) == "2026-11-01/2026-11-30"
    assert robust.written(TimeSpan(720, 900)) == "12:00/15:00"
    assert robust.written(TimeSpan(900, 900)) == "15:00"
    assert robust.written(2) == "2"


def test_the_line_keeps_length_and_level_and_adds_noise() -> None:
    tone = np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000).astype(np.float32) * np.float32(0.3)
    noisy, fair = robust.over_the_line(tone, 15, 1), robust.over_the_line(tone, 30, 1)
    assert abs(noisy.size - fair.size) <= 2
    assert np.std(noisy[:3000]) > 3 * np.std(fair[:3000])


def test_the_share_of_the_loss() -> None:
    def got(right: int, both: int) -> robust.Score:
        return robust.Score(right, 10, 10, 10, both)

    scores = {
        ("plain", "clean"): got(10, 10), ("plain", "noisy"): got(6, 5), ("plain", "fair"): got(8, 10),
        ("robust", "clean"): got(10, 10), ("robust", "noisy"): got(9, 8), ("robust", "fair"): got(9, 9),
    }  # fmt: skip
    found = robust.results(scores, 10)
    assert found["robust_intent_noisy_lost_share"].value == 0.25
    assert found["robust_slot_noisy_lost_share"].value == 0.4
    assert found["robust_intent_fair_lost_share"].value == 0.5
    assert "robust_slot_fair_lost_share" not in found
