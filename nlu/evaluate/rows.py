"""JSON lines in, checked rows out: UTF-8, one object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
_TEXTS = frozenset({"text", "text1", "text2", "query", "question"})


class RowsError(ValueError):
    """A file cannot be read as what it was given for; the message names it and the line."""


def read(path: Path, *fields: str, limit: int | None = None) -> list[Row]:
    """Rows that hold every one of ``fields``; with ``limit`` that many of them, evenly spaced. Raises ``RowsError``."""
    try:
        # Not splitlines(): a JSON string may hold U+2028 or U+0085 as they are.
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RowsError(f"{path}: {error}") from error
    rows = [_row(path, number, line, fields) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise RowsError(f"{path}: no rows")
    return spaced(rows, limit)


def spaced(rows: list[Row], limit: int | None) -> list[Row]:
    """``limit`` rows, evenly spaced, in their order; all of them without a limit."""
    if limit is None or limit >= len(rows):
        return rows
    return [rows[n * len(rows) // limit] for n in range(limit)]


def _row(path: Path, number: int, line: str, fields: tuple[str, ...]) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RowsError(f"{path}:{number}: not JSON ({error.msg})") from error
    if not isinstance(row, dict):
        raise RowsError(f"{path}:{number}: an object was expected")
    if missing := [field for field in fields if field not in row]:
        raise RowsError(f"{path}:{number}: no {', '.join(missing)}; there are {', '.join(row)}")
    if strange := [field for field in fields if field in _TEXTS and not isinstance(row[field], str)]:
        raise RowsError(f"{path}:{number}: {', '.join(strange)} should be a string")
    return row
