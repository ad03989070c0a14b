"""``python -m nlu "text"``: print the parse of a message as JSON.

Uses the keyword classifier, or Triton's where ``KEFU_TRITON_URL`` says where it runs. ``--expect KIND[:SLOT[:DIGITS]]``
parses it as the answer to a question, e.g. ``--expect digits:order_number:8``.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, cast, get_args

from nlu.classifiers.triton import TritonClassifier
from nlu.types import SLOTS, Expectation, Language, Parse
from nlu.understand import Understanding

_KINDS = ("free", "digits", "yes_no", "choice", "address")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, print one JSON document."""
    parser = argparse.ArgumentParser(prog="python -m nlu", description="Print what Kefu understands of a message.")
    parser.add_argument("text", help="the customer's message")
    parser.add_argument("--language", choices=get_args(Language), help="default: detected")
    parser.add_argument("--expect", type=expectation, default=Expectation(), metavar="KIND[:SLOT[:DIGITS]]")
    options = parser.parse_args(arguments)
    parse = asyncio.run(_understand(options.text, options.expect, options.language, os.environ.get("KEFU_TRITON_URL")))
    print(json.dumps(dataclasses.asdict(parse), default=_plain, ensure_ascii=False, indent=2))
    return 0


def expectation(text: str) -> Expectation:
    """``kind[:slot[:digits]]`` as an ``Expectation``. Raises ``argparse.ArgumentTypeError``."""
    kind, slot, digits = (*text.split(":"), "", "")[:3]
    if kind not in _KINDS or (slot and slot not in SLOTS) or (digits and not digits.isdecimal()):
        raise argparse.ArgumentTypeError(f"kind is one of {', '.join(_KINDS)}; slot one of {', '.join(SLOTS)}")
    return Expectation(cast(Any, kind), slot or None, int(digits) if digits else None)


async def _understand(text: str, expected: Expectation, language: Language | None, triton_url: str | None) -> Parse:
    if not triton_url:
        return await Understanding().understand(text, expected, language=language)
    from inference_server.client import InferenceClient

    client = InferenceClient(triton_url)
    try:
        return await Understanding(TritonClassifier(client)).understand(text, expected, language=language)
    finally:
        await client.close()


def _plain(value: object) -> str:
    """JSON for slot values: amounts and dates as text."""
    if isinstance(value, Decimal | date):
        return str(value)
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    raise SystemExit(main())
