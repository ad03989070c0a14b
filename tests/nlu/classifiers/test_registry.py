"""Every classifier of the registry can be loaded and answers in the label set."""

from __future__ import annotations

from typing import get_args

import pytest

from gateway.config import Nlu
from inference_server.client import InferenceClient
from nlu.classifiers import CLASSIFIERS, load_classifier
from nlu.errors import ClassifierUnavailable
from nlu.types import INTENTS


@pytest.mark.parametrize("name", CLASSIFIERS)
async def test_a_classifier_answers_or_says_that_it_cannot(name: str) -> None:
    client = InferenceClient("127.0.0.1:9", deadline_s=0.2)  # the discard port: nobody serves models there
    classifier = load_classifier(name, client, 0.2)
    assert classifier.name == name
    try:
        labels = await classifier.classify("我想退货", "zh")
    except ClassifierUnavailable:
        assert name == "triton"
    else:
        assert labels[0].label in INTENTS
    await client.close()


def test_the_configuration_offers_what_there_is() -> None:
    assert set(get_args(Nlu.model_fields["classifier"].annotation)) == set(CLASSIFIERS)
