"""What tests of commands share."""

from __future__ import annotations

from typer.testing import Result


def one_line(result: Result) -> str:
    """The one line with which a command failed."""
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("kefu: "), line
    return str(line)
