"""Ports of this machine that nobody listens on just now."""

from __future__ import annotations

import random
import socket


def free_udp_port() -> int:
    """An even UDP port whose successor is free too (RTP and RTCP)."""
    for _ in range(200):
        port = random.randrange(30_000, 58_000, 2)
        try:
            with (
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
            ):
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
                return port
        except OSError:
            continue
    raise RuntimeError("no free UDP port")


def free_sip_port() -> int:
    """A port that is free in UDP and in TCP, below those that the system gives to connections that go out."""
    for _ in range(200):
        port = random.randrange(16_000, 32_000)
        try:
            with (
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
                socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other,
            ):
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue
    raise RuntimeError("no free port")
