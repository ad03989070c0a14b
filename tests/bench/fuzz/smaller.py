"""The least of a case that still shows the same fault: messages left out, then halves, quarters, ... single bytes."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.bench.fuzz.cases import Case, Message


def smaller(case: Case, is_same: Callable[[Case], bool], *, limit_s: float = 10.0) -> Case:
    """A case of which nothing can be left out, as far as ``limit_s`` (monotonic seconds) goes."""
    until_s = time.monotonic() + limit_s
    at = 0
    while at < len(case) and time.monotonic() < until_s:
        without = case[:at] + case[at + 1 :]
        if without and is_same(without):
            case = without
        else:
            at += 1
    for at in range(len(case)):
        case = _message_smaller(case, at, is_same, until_s)
    return case


def _message_smaller(case: Case, at: int, is_same: Callable[[Case], bool], until_s: float) -> Case:
    message: Message = case[at]
    step = max(1, len(message) // 2)
    while step:
        begin = 0
        while begin < len(message) and time.monotonic() < until_s:
            shorter = message[:begin] + message[begin + step :]  # type: ignore[operator]
            candidate = (*case[:at], shorter, *case[at + 1 :])
            if is_same(candidate):
                message, case = shorter, candidate
            else:
                begin += step
        step //= 2
    return case
