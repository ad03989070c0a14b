"""Examples in, training, development and test rows out; close paraphrases stay on one side."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from nlu.normalize import normalize
from nlu.train.data import Example, canonical
from nlu.train.ngrams import matrix

FOLDS = 10
"""One is the test rows, one the development rows."""
CLOSE = 0.6
"""Cosine of n-grams from which on two utterances of a label are paraphrases of each other."""
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Rows:
    """Utterances of one side of the split."""

    examples: tuple[Example, ...]
    labels: NDArray[np.int64]
    """[examples], index into the names of the labels."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Normalised, as the served model gets them."""
        return tuple(normalize(example.text, example.language).text for example in self.examples)


@dataclass(frozen=True, slots=True)
class Split:
    """Three sides of the same examples."""

    train: Rows
    development: Rows
    """For early stopping and the temperature."""
    test: Rows
    """For the report alone."""


def groups(examples: Sequence[Example]) -> NDArray[np.int64]:
    """[examples], the same number for close paraphrases of one label, and for texts that differ by digits only."""
    found = np.zeros(len(examples), dtype=np.int64)
    of_label: dict[str, list[int]] = defaultdict(list)
    for at, example in enumerate(examples):
        of_label[example.label].append(at)
    count = 0
    for rows in of_label.values():
        grams = matrix([_DIGITS.sub("0", canonical(examples[at].text)) for at in rows])
        near = grams @ grams.T
        near.data = near.data * (near.data >= CLOSE)
        near.eliminate_zeros()
        number, group = connected_components(near, directed=False)
        found[rows] = group + count
        count += number
    return found


def split(examples: Sequence[Example], names: Sequence[str], seed: int, limit: int | None = None) -> Split:
    """Eight tenths to train on, one for development, one to test on, each with about the same share of every label.

    ``limit`` is the most training rows, as even over the labels as there are examples; the other two sides keep a third
    of it each. The same examples and ``seed`` give the same rows.
    """
    labels = np.array([names.index(example.label) for example in examples], dtype=np.int64)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    parts = [held for _, held in folds.split(labels, labels, groups(examples))]
    train = np.sort(np.concatenate(parts[2:]))
    sides = [
        _drawn(rows, labels, seed, most)
        for rows, most in (
            (train, limit),
            (parts[1], limit and max(limit // 3, 1)),
            (parts[0], limit and max(limit // 3, 1)),
        )
    ]
    return Split(*(Rows(tuple(examples[at] for at in side), labels[side]) for side in sides))


def _drawn(rows: NDArray[np.int64], labels: NDArray[np.int64], seed: int, most: int | None) -> NDArray[np.int64]:
    """At most ``most`` of ``rows``, label by label in turn."""
    if most is None or most >= len(rows):
        return rows
    rng = random.Random(seed)
    of_label: dict[int, list[int]] = defaultdict(list)
    for at in rng.sample(rows.tolist(), len(rows)):
        of_label[int(labels[at])].append(at)
    turn = sorted((place, label, at) for label, found in of_label.items() for place, at in enumerate(found))
    return np.array(sorted(at for _, _, at in turn[:most]), dtype=np.int64)
