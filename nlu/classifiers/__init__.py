"""Classifiers: normalised text to scored intents and sentiment. One file each, shaped like ``nlu.types.Classifier``."""

from __future__ import annotations

from importlib import import_module

from inference_server.client import InferenceClient
from nlu.domains import DEFAULT
from nlu.types import Classifier

CLASSIFIERS: dict[str, str] = {
    "triton": "nlu.classifiers.triton:TritonClassifier",
    "keyword": "nlu.classifiers.keyword:KeywordClassifier",
}


def load_classifier(name: str, client: InferenceClient, deadline_s: float, domain: str = DEFAULT) -> Classifier:
    """The classifier called ``name`` for ``domain``; one that asks a model server asks ``client``. Raises
    ``KeyError``."""
    module, _, attribute = CLASSIFIERS[name].partition(":")
    classifier: Classifier = getattr(import_module(module), attribute).over(client, deadline_s, domain)
    return classifier
