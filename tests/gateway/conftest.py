"""Logs of the gateway's tests have the gateway's own form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from gateway import log


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    log.configure("info", "json")
    yield
    structlog.reset_defaults()
