"""Cases near real ones: mutations that know JSON, lines (SIP, SDP, HTTP) and bytes. Pure, given a random source.

Much of a protocol is only reached past its grammar: what is thrown at it must parse often enough. So a JSON message
stays JSON mostly, a SIP message keeps its lines, and a sequence of messages stays one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench.fuzz.cases import MAX_BYTES, MAX_MESSAGES, Case, Message

Bytewise = Callable[[bytes], bytes]
"""The fuzzing engine's own mutation."""

_SPARED = 0.9
"""Of the cases that are larger than usual."""
_NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 7, 15, 16, 127, 128, 255, 256, 8000, 16_000, 24_000, 48_000, 65_535, 65_536, 2**31 - 1, 2**31,
    -(2**31),
    2**32, 2**53, 2**63, 2**64, -(2**63), 10**15, 10**16, 10**30, 10**309, 10**4299, 0.5, -0.0, 1e-320, 1e16, 1e308,
    float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
_TEXTS = (
    "", " ", "\0", "a", "0", "-1", "00", "1e5", "１２", "²", "٣", "true", "null", "\ud800", "a\udfffb", "\ufeff", "é",
    "中文",
    "\n", "\r\n", "\r\n\r\n", "=", "====", "AAAA", "AAA", "//8=", "%", "%s", "{}", "<", "\"", "'", "\\", "/", "..", ":",
    "::1", "0.0.0.0", "127.0.0.1", "224.0.0.1", "256.1.1.1", "\u2028", "\u202e", "x" * 129, "y" * 5000, "9" * 400,
    "9" * 4301, "__proto__", "😀", "e\u0301" * 30,
)  # fmt: skip
_BYTES = (
    b"\0",
    b"\xff",
    b"\x80",
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b":",
    b";",
    b",",
    b"=",
    b'"',
    b"<",
    b">",
    b"\xc3\x28",
    b"\xed\xa0\x80",
)


class Mutator:
    """``mutate`` as often as wanted; the same random source gives the same cases."""

    def __init__(self, seeds: Sequence[Case], words: Sequence[str] = (), usual_bytes: int = MAX_BYTES) -> None:
        """``seeds``: real connections. ``words``: of the protocol. ``usual_bytes``: of nine in ten cases."""
        self._usual_bytes = usual_bytes
        self._seeds = [seed for seed in seeds if seed]
        self._words = [*words, *_TEXTS]
        self._messages = [message for seed in self._seeds for message in seed]

    def seed(self, rng: random.Random) -> Case:
        """One of the real connections."""
        return rng.choice(self._seeds)

    def mutate(self, case: Case, rng: random.Random, bytewise: Bytewise | None = None) -> Case:
        """``case`` with one to four changes; where it is larger than usual by then, mostly a real one with as many."""
        changed = self._changed(case, rng, bytewise)
        if sum(map(len, changed)) > self._usual_bytes and rng.random() < _SPARED:
            return self._changed(self.seed(rng), rng, bytewise)
        return changed

    def _changed(self, case: Case, rng: random.Random, bytewise: Bytewise | None) -> Case:
        changed = list(case) or list(self.seed(rng))
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            if rng.random() < 0.15 or not changed:
                self._reorder(changed, rng)
            else:
                at = rng.randrange(len(changed))
                changed[at] = self._message(changed[at], rng, bytewise)
        return tuple(changed[:MAX_MESSAGES])

    def _reorder(self, messages: list[Message], rng: random.Random) -> None:
        kind = rng.randrange(5)
        if not messages or kind == 0:
            messages.insert(rng.randint(0, len(messages)), rng.choice(self._messages))
        elif kind == 1:
            del messages[rng.randrange(len(messages))]
        elif kind == 2:
            messages.insert(rng.randint(0, len(messages)), rng.choice(messages))
        elif kind == 3:
            rng.shuffle(messages)
        else:
            messages[:] = self.seed(rng)

    def _message(self, message: Message, rng: random.Random, bytewise: Bytewise | None) -> Message:
        if bytewise is not None and rng.random() < 0.25:
            return _like(message, bytewise(_raw(message)))
        start = message[:1]
        if start in ("{", "[", b"{", b"[") and rng.random() < 0.85:
            try:
                return _like(message, json.dumps(self._json(json.loads(message), rng)).encode())
            except (ValueError, RecursionError):
                pass
        if isinstance(message, str) or (b"\r\n" in message[:400] and rng.random() < 0.7):
            return _like(message, self._text(_raw(message), rng))
        return _bytes(message, rng, self._messages)

    # --- JSON --------------------------------------------------------------------------------------------------------

    def _json(self, value: Any, rng: random.Random) -> Any:
        """``value`` with a change somewhere within."""
        if isinstance(value, dict) and value and rng.random() < 0.85:
            name = rng.choice(list(value))
            kind = rng.randrange(12)
            if kind == 0:
                return {key: item for key, item in value.items() if key != name}
            if kind == 1:
                return {**value, rng.choice(self._words): self._value(rng)}
            if kind == 2:
                return {**value, rng.choice(self._words): value[name]}
            if kind == 3:
                return {**value, name: value[rng.choice(list(value))]}
            return {**value, name: self._json(value[name], rng)}
        if isinstance(value, list) and value and rng.random() < 0.85:
            at = rng.randrange(len(value))
            kind = rng.randrange(6)
            if kind == 0:
                return value[:at] + value[at + 1 :]
            if kind == 1:
                return value[:at] + [value[at]] * rng.choice((2, 3, 40, 130)) + value[at:]
            return [*value[:at], self._json(value[at], rng), *value[at + 1 :]]
        if isinstance(value, str) and rng.random() < 0.5:
            return self._text(value.encode("utf-8", "replace"), rng).decode("utf-8", "replace")
        if isinstance(value, int) and rng.random() < 0.3:
            return value + rng.choice((-1, 1, 2, -8, 256))
        return self._value(rng)

    def _value(self, rng: random.Random) -> Any:
        kind = rng.randrange(10)
        if kind < 3:
            return rng.choice(_NUMBERS)
        if kind < 6:
            return rng.choice(self._words)
        if kind == 6:
            return rng.choice((None, True, False, [], {}))
        if kind == 7:
            return {rng.choice(self._words): rng.choice(self._words), "type": rng.choice(self._words)}
        if kind == 8:
            deep: Any = rng.choice(self._words)
            for _ in range(rng.choice((1, 3, 30, 300))):
                deep = [deep] if rng.random() < 0.5 else {"a": deep}
            return deep
        return [rng.choice(self._words) for _ in range(rng.randrange(4))]

    # --- text and bytes ----------------------------------------------------------------------------------------------

    def _text(self, data: bytes, rng: random.Random) -> bytes:
        """Lines and words."""
        kind = rng.randrange(10)
        separator = b"\n" if b"\n" in data else (b"," if b"," in data else b" ")
        parts = data.split(separator)
        at = rng.randrange(len(parts))
        if kind == 0:
            del parts[at]
        elif kind == 1:
            parts.insert(at, parts[rng.randrange(len(parts))])
        elif kind == 2:
            other = rng.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        elif kind == 3:
            parts[at] = self._word(rng) + b":" + self._word(rng)
        elif kind == 4:
            parts[at] *= rng.choice((2, 3, 300))
        elif kind in {5, 6, 7}:
            parts[at] = self._token(parts[at], rng)
        else:
            return _bytes(data, rng, self._messages)
        return separator.join(parts)

    def _word(self, rng: random.Random) -> bytes:
        if rng.random() < 0.2:
            return str(rng.choice(_NUMBERS[:-8])).encode()
        return rng.choice(self._words).encode("utf-8", "replace")

    def _token(self, line: bytes, rng: random.Random) -> bytes:
        """One word of a line is another."""
        for mark in rng.sample((b" ", b";", b"=", b":", b",", b"/", b"<"), 7):
            if mark in line:
                parts = line.split(mark)
                parts[rng.randrange(len(parts))] = self._word(rng)
                return mark.join(parts)
        return self._word(rng)


def _bytes(message: Message, rng: random.Random, others: Sequence[Message]) -> Message:
    data = bytearray(_raw(message))
    at = rng.randint(0, len(data))
    kind = rng.randrange(9)
    if kind == 0 and data:
        data[at % len(data)] ^= 1 << rng.randrange(8)
    elif kind == 1 and data:
        data[at % len(data)] = rng.randrange(256)
    elif kind == 2:
        data[at:at] = rng.choice(_BYTES)
    elif kind == 3:
        del data[at : at + rng.choice((1, 2, 4, 16, 256))]
    elif kind == 4:
        del data[at:]
    elif kind == 5:
        data[at:at] = data[at : at + rng.choice((1, 4, 64, 1024))] * rng.choice((1, 2, 8))
    elif kind == 6:
        size = rng.choice((1, 2, 4, 8))
        number = rng.choice(
            (0, 1, 0x7F, 0x80, 0xFF, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), rng.getrandbits(8 * size))
        )
        order = "big" if rng.random() < 0.5 else "little"
        data[at : at + size] = (number % 2 ** (8 * size)).to_bytes(size, "big" if order == "big" else "little")
    elif kind == 7:
        other = _raw(rng.choice(others))
        data[at:] = other[rng.randint(0, len(other)) :]
    else:
        data[at:at] = rng.randbytes(rng.choice((1, 2, 3, 12, 160, 2000)))
    return _like(message, bytes(data))


def _raw(message: Message) -> bytes:
    return message.encode("utf-8", "replace") if isinstance(message, str) else message


def _like(message: Message, data: bytes) -> Message:
    return data.decode("utf-8", "replace") if isinstance(message, str) else data
