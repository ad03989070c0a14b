"""Errors at the edge. Each has a stable ``code``, an HTTP status and a message that says what to do.

GatewayError
  ProtocolError (the client's message is wrong)
  Unauthorized (no token, expired, used, forged)
  Forbidden (origin not allowed)
  TooManyRequests, Busy (``retry_after_s``)
WorkerFailed (a worker process did not start)
DoorFailed (a port of a channel cannot be opened)
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of errors answered to a client."""

    code = "gateway_error"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retry_after_s: int | None = None,
        param: str | None = None,
        status: int | None = None,
    ) -> None:
        """``code`` and ``status`` override the class's with narrower ones; ``param`` names the field that is wrong."""
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.retry_after_s = retry_after_s
        self.param = param
        self.status = status or type(self).status


class ProtocolError(GatewayError):
    """The client's message is wrong; the message names the field and the fix."""

    code = "bad_message"


class Unauthorized(GatewayError):
    """No token, or one that is expired, used or forged."""

    code = "unauthorized"
    status = 401


class Forbidden(GatewayError):
    """This origin may not use the gateway."""

    code = "origin_not_allowed"
    status = 403


class TooManyRequests(GatewayError):
    """One address asks too often."""

    code = "rate_limited"
    status = 429


class Busy(GatewayError):
    """All sessions are taken."""

    code = "busy"
    status = 503


class DoorFailed(Exception):
    """A port of a channel cannot be opened; the message names the setting."""

    code = "door_failed"


class WorkerFailed(Exception):
    """A worker process did not start; the message is the worker's own."""

    code = "worker_failed"
