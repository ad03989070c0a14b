"""A call is a file descriptor; the usual limit of 1024 would end the search."""

from __future__ import annotations

import resource


def allow_many_files() -> None:
    """As many as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
