"""A network in between that loses and delays: a namespace for the far host, two TUN devices, and this program.

    here, 198.18.0.1 == tun ==[ lost? delayed? ]== tun == far host, 198.18.0.2 (network namespace)

UDP packets are lost and delayed as told, TCP ones only by the base delay: what is tested is the media. (Linux would do
it with ``tc netem``, which many kernels leave out.) Needs root.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HERE, FAR = "198.18.0.1", "198.18.0.2"
"""Of the range for benchmarks (RFC 2544)."""
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_UDP = 17
_BASE_S = 0.02


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _open(name: str) -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return tun


@contextmanager
def bad_line(loss: float, jitter_ms: float) -> Iterator[str]:
    """The name of a namespace whose only way to us is a bad one. Raises ``OSError``, ``CalledProcessError``."""
    name = f"kefu{os.getpid()}"
    _ip("netns", "add", name)
    near = -1
    router: subprocess.Popen[bytes] | None = None
    try:
        near = _open(name)
        _ip("addr", "add", HERE, "peer", FAR, "dev", name)
        _ip("link", "set", name, "up")
        for words in (
            ("tuntap", "add", "dev", "far", "mode", "tun"),
            ("addr", "add", FAR, "peer", HERE, "dev", "far"),
            ("link", "set", "far", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *words)
        command = ["ip", "netns", "exec", name, sys.executable, __file__, str(near), str(loss), str(jitter_ms)]
        router = subprocess.Popen(command, pass_fds=[near])
        yield name
    finally:
        if router is not None:
            router.terminate()
            router.wait(5)
        if near >= 0:
            os.close(near)
        with suppress(subprocess.CalledProcessError):
            _ip("netns", "del", name)


def route(near: int, loss: float, jitter_ms: float) -> None:
    """Carry packets for ever."""
    far, chance = _open("far"), random.Random(7)
    other = {near: far, far: near}
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for source in select.select([near, far], [], [], timeout)[0]:
            packet = os.read(source, 65536)
            is_media = packet[0] >> 4 == 4 and packet[9] == _UDP
            if is_media and chance.random() < loss:
                continue
            delay_s = _BASE_S + (chance.random() * jitter_ms / 1000 if is_media else 0)
            number += 1
            heapq.heappush(waiting, (time.monotonic() + delay_s, number, other[source], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, target, packet = heapq.heappop(waiting)
            with suppress(OSError):
                os.write(target, packet)


if __name__ == "__main__":
    route(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
