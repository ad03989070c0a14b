"""What the workers of one gateway share: a memory file (memfd) that the parent makes and every worker inherits.

    sessions of each worker | who serves | used tokens | addresses: connects, requests | identities: both
                                                   + kernel locks: one for the memory, one for each conversation

The kernel's record locks (``fcntl(2)``) belong to a process and end with it, so a worker that is killed leaves nothing
locked. Everything here takes microseconds but ``TurnLocks.held``, which waits for another worker's turn.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import math
import mmap
import os
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway import log

MOST_WORKERS = 64
_COUNTS_BYTES = 4096
_USED_SETS, _USED_WAYS = 4096, 64
_ADDRESS_SETS, _ADDRESS_WAYS = 2048, 8
_TURNS_AT = 2**40
"""Where the bytes begin whose locks stand for conversations; a lock needs no byte to be there."""
_TURN_WAIT_S = 10.0
"""A turn begins without its lock then: the store keeps both in order, and no customer waits for a stuck worker."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.05


def _number(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little") or 1


class SharedMemory:
    """The file. ``create`` in the parent, ``SharedMemory(fd)`` in a worker that has inherited it."""

    def __init__(self, fd: int) -> None:
        """``fd`` is this object's from now on."""
        self.fd = fd
        self._map = mmap.mmap(fd, os.fstat(fd).st_size)
        counts = memoryview(self._map)[:_COUNTS_BYTES].cast("i")
        self.sessions = counts[:MOST_WORKERS]
        """Voice sessions of each worker."""
        self.serving = counts[MOST_WORKERS : 2 * MOST_WORKERS]
        """1 for each worker that is ready."""
        at = _COUNTS_BYTES
        self.used = Table(self._map, at, _USED_SETS, _USED_WAYS, "<Qd")
        at += self.used.size
        self.connects = Table(self._map, at, _ADDRESS_SETS, _ADDRESS_WAYS, "<Qdd")
        at += self.connects.size
        self.requests = Table(self._map, at, _ADDRESS_SETS, _ADDRESS_WAYS, "<Qdd")
        at += self.requests.size
        self.identity_connects = Table(self._map, at, _ADDRESS_SETS, _ADDRESS_WAYS, "<Qdd")
        at += self.identity_connects.size
        self.identity_requests = Table(self._map, at, _ADDRESS_SETS, _ADDRESS_WAYS, "<Qdd")
        self.size = at + self.identity_requests.size

    @classmethod
    def create(cls) -> Self:
        """An empty one; only pages that are used take memory."""
        fd = os.memfd_create("kefu", os.MFD_CLOEXEC)
        os.ftruncate(fd, 16 * 2**20)
        return cls(fd)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No other worker reads or writes meanwhile. Only for a few lines that do not wait."""
        fcntl.lockf(self.fd, fcntl.LOCK_EX, 1, 0)
        try:
            yield
        finally:
            fcntl.lockf(self.fd, fcntl.LOCK_UN, 1, 0)


@dataclass(frozen=True, slots=True)
class Worker:
    """Which of several workers a process is."""

    number: int
    """From 1."""
    count: int
    memory: SharedMemory
    metrics: Path
    """Folder of everybody's metrics."""
    is_restart: bool


class Table:
    """Keys with a few numbers each, the last one a time, in bounded room: a full set forgets its oldest."""

    def __init__(self, memory: mmap.mmap, at: int, sets: int, ways: int, record: str) -> None:
        self._memory = memory
        self._at = at
        self._sets = sets
        self._ways = ways
        self._record = struct.Struct(record)
        self.size = sets * ways * self._record.size

    def get(self, key: str) -> tuple[float, ...] | None:
        """What was kept under ``key``."""
        wanted = _number(key)
        for place in self._places(wanted):
            number, *values = self._record.unpack_from(self._memory, place)
            if number == wanted:
                return tuple(values)
        return None

    def put(self, key: str, *values: float, forget_before: float = math.inf) -> bool:
        """Keep ``values``; False when something not older than ``forget_before`` would have to go for it."""
        wanted = _number(key)
        oldest, oldest_at = 0, math.inf
        for place in self._places(wanted):
            number, *kept = self._record.unpack_from(self._memory, place)
            at = -math.inf if number in {0, wanted} else kept[-1]
            if number == wanted or at < oldest_at:
                oldest, oldest_at = place, at
            if number == wanted:
                break
        if oldest_at >= forget_before:
            return False
        self._record.pack_into(self._memory, oldest, wanted, *values)
        return True

    def _places(self, number: int) -> range:
        first = self._at + (number % self._sets) * self._ways * self._record.size
        return range(first, first + self._ways * self._record.size, self._record.size)


class SharedPlaces:
    """``gateway.admission.Places`` of all workers together: exact."""

    def __init__(self, memory: SharedMemory, worker: int) -> None:
        """``worker`` counts from 1."""
        self._memory = memory
        self._index = worker - 1

    @property
    def taken(self) -> int:
        """Sessions now, of all workers."""
        return sum(self._memory.sessions)

    def take(self, limit: int) -> bool:
        """One more unless there are ``limit``."""
        with self._memory.locked():
            if self.taken >= limit:
                return False
            self._memory.sessions[self._index] += 1
        return True

    def leave(self) -> None:
        """One less."""
        with self._memory.locked():
            self._memory.sessions[self._index] -= 1


class SharedBuckets:
    """``gateway.admission.Buckets`` of all workers together: exact, as long as fewer addresses ask than fit."""

    def __init__(self, memory: SharedMemory, table: Table) -> None:
        """``table``: ``memory.connects`` or another of its kind."""
        self._memory = memory
        self._table = table

    @contextmanager
    def held(self) -> Iterator[None]:
        """No other worker takes from a bucket meanwhile."""
        with self._memory.locked():
            yield

    def get(self, key: str) -> tuple[float, float] | None:
        """Level and when it was so."""
        found = self._table.get(key)
        return None if found is None else (found[0], found[1])

    def put(self, key: str, level: float, since_s: float) -> None:
        """Keep both."""
        self._table.put(key, level, since_s)


class SharedUsedTokens:
    """``gateway.auth.UsedTokens`` of all workers together: a token is good once, whoever it comes to."""

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory

    def first_use(self, token_id: str, expires_s: float, now_s: float) -> bool:
        """Whether this token is new. When there is no room for one more, none is."""
        with self._memory.locked():
            if self._memory.used.get(token_id) is not None:
                return False
            kept = self._memory.used.put(token_id, expires_s, forget_before=now_s)
        if not kept:
            log.logger().error("more tokens in use than can be remembered", code="tokens_full")
        return kept


class TurnLocks:
    """``gateway.conversation.TurnLocks`` of all workers of this machine."""

    def __init__(self, memory: SharedMemory) -> None:
        self._fd = memory.fd

    @asynccontextmanager
    async def held(self, conversation_id: str) -> AsyncIterator[None]:
        """Hold this conversation's turn. One task of a process at a time may ask for the same conversation."""
        at = _TURNS_AT + (_number(conversation_id) >> 16)
        taken = await self._take(at)
        if not taken:
            log.logger(conversation_id=conversation_id).warning("another worker does not end its turn")
        try:
            yield
        finally:
            if taken:
                fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, at)

    async def _take(self, at: int) -> bool:
        waited_s, pause_s = 0.0, _FIRST_PAUSE_S
        while not self._try(at):
            if waited_s >= _TURN_WAIT_S:
                return False
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return True

    def _try(self, at: int) -> bool:
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):
            return False
        return True
