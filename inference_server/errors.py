"""Every error inference_server raises. ``code`` is stable.

InferenceError
  InferenceUnavailable (no server, or it went away)
  InferenceDeadline (no answer in time)
  InferenceOverloaded (too many calls in flight here)
  InferenceRejected (unknown model, wrong tensor)
  InferenceFailed (the model raised, or its process died)
LaunchError (Triton could not be started; the message says what to do)
"""

from __future__ import annotations


class InferenceError(Exception):
    """Base of what a call to a served model raises."""

    code = "inference_error"


class InferenceUnavailable(InferenceError):
    """No server, or it went away."""

    code = "inference_unavailable"


class InferenceDeadline(InferenceError):
    """No answer in time."""

    code = "inference_deadline"


class InferenceOverloaded(InferenceError):
    """Too many calls are in flight from this client."""

    code = "inference_overloaded"


class InferenceRejected(InferenceError):
    """The server does not know the model or does not accept the tensors."""

    code = "inference_rejected"


class InferenceFailed(InferenceError):
    """The model raised, or its process died."""

    code = "inference_failed"


class LaunchError(Exception):
    """Triton could not be started; the message says what to do."""

    code = "launch_error"
