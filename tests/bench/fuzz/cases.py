"""A case: what one connection sends, message by message; and its form as bytes, which libFuzzer wants. Pure.

case    = (text or binary message, ...)
packed  = for each message: 1 byte (0 text, 1 binary), 3 bytes length (big-endian), the bytes
"""

from __future__ import annotations

Message = str | bytes
Case = tuple[Message, ...]
MAX_MESSAGES = 12
MAX_BYTES = 96 * 1024
"""Of a packed case: above what a message may have at any door but uploads, and below what would slow the run down."""


def pack(case: Case) -> bytes:
    """A case as bytes. What does not fit is left out."""
    packed = bytearray()
    for message in case[:MAX_MESSAGES]:
        data = message.encode("utf-8", "replace") if isinstance(message, str) else message
        if len(packed) + len(data) + 4 > MAX_BYTES:
            break
        packed += bytes([isinstance(message, bytes)]) + len(data).to_bytes(3, "big") + data
    return bytes(packed)


def unpack(packed: bytes) -> Case:
    """The case of any bytes. Text is text: what is not UTF-8 in it becomes U+FFFD, as no socket lets it through."""
    case: list[Message] = []
    at = 0
    while len(packed) - at >= 4 and len(case) < MAX_MESSAGES:
        length = int.from_bytes(packed[at + 1 : at + 4], "big")
        data = packed[at + 4 : at + 4 + length]
        case.append(data if packed[at] & 1 else data.decode("utf-8", "replace"))
        at += 4 + length
    return tuple(case)
