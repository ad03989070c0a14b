"""What a gateway process holds: memory, threads, open files, tasks; read from /proc and from its own /metrics."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import aiohttp


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at a gateway and the processes it started."""

    at_s: float
    """Seconds since the beginning."""
    rss_mb: float
    """Of the gateway itself."""
    children_rss_mb: float
    """Of the processes below it (Triton and its model processes), added up: pages they share count in each."""
    threads: int
    files: int
    tasks: int
    """Of the event loop, this request's own among them."""
    sessions: int


def descendants(parents: dict[int, int], pid: int) -> list[int]:
    """All processes below ``pid``; ``parents`` maps each process to its parent."""
    below: dict[int, list[int]] = defaultdict(list)
    for child, parent in parents.items():
        below[parent].append(child)
    found, waiting = [], [pid]
    while waiting:
        children = below[waiting.pop()]
        found += children
        waiting += children
    return found


def metric(exposition: str, name: str) -> float:
    """The value of a metric without labels. Raises ``KeyError`` when it is not there."""
    for line in exposition.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise KeyError(name)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended but is not waited for does not."""
    try:
        return not _status(pid)["State"].startswith("Z")
    except OSError:
        return False


async def look(url: str, pid: int, at_s: float) -> Vitals:
    """Look now. Raises ``OSError`` when the process is gone, ``aiohttp.ClientError`` when it does not answer."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as response:
        metrics = await response.text()
    status = _status(pid)
    children = sum(_rss_mb(child) for child in descendants(_parents(), pid))
    return Vitals(
        at_s=at_s,
        rss_mb=int(status["VmRSS"].split()[0]) / 1024,
        children_rss_mb=children,
        threads=int(status["Threads"]),
        files=_files(pid),
        tasks=int(metric(metrics, "kefu_asyncio_tasks")),
        sessions=int(metric(metrics, "kefu_active_sessions")),
    )


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def _rss_mb(pid: int) -> float:
    try:
        return int(_status(pid).get("VmRSS", "0 kB").split()[0]) / 1024
    except OSError:
        return 0.0


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found[int(folder.name)] = int(_status(int(folder.name))["PPid"])
            except (OSError, KeyError):
                continue
    return found
