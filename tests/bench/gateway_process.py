"""A real gateway in a process of its own: real engines, real Triton, a fresh demo shop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_S = 120.0
_STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """Where it is and what it is."""

    url: str
    pid: int
    log: Path

    def tree_rss_mb(self) -> float:
        """Resident memory of the gateway process alone (Triton not counted), in MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gateway(folder: Path, **settings: str) -> Iterator[GatewayProcess]:
    """Start, wait until ready, and stop with SIGINT. ``settings``: KEFU_ names without the prefix."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {
        **os.environ,
        "KEFU_GATEWAY_PORT": str(port),
        "KEFU_GATEWAY_CONNECTS_PER_MINUTE": "100000",
        "KEFU_GATEWAY_REQUESTS_PER_MINUTE": "1000000",
        "KEFU_GATEWAY_IDENTITY_CONNECTS_PER_MINUTE": "100000",
        "KEFU_GATEWAY_IDENTITY_REQUESTS_PER_MINUTE": "1000000",
        "KEFU_GATEWAY_MAX_SESSIONS": "100",
        "KEFU_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/kefu.db",
        "KEFU_TRITON_RUNTIME_DIR": str(folder / "triton"),
        **{f"KEFU_{name}": value for name, value in settings.items()},
    }
    log = folder / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "kefu"), "serve", "--demo"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_ready(process, url, log)
            yield GatewayProcess(url, process.pid, log)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the gateway ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(f"the gateway was not ready: {log.read_text()[-2000:]}")
