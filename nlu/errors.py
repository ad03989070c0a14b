"""Every error nlu raises: NluError > ClassifierUnavailable. ``code`` is stable."""

from __future__ import annotations


class NluError(Exception):
    """Base of what nlu raises."""

    code = "nlu_error"


class ClassifierUnavailable(NluError):
    """The classifier's back end did not answer in time."""

    code = "classifier_unavailable"
