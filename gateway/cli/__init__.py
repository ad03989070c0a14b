"""The ``kefu`` command line: one file per command. JSON outputs are stable: gateway/README.md."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from gateway.config import ConfigError, Settings, load

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file; deploy/example.toml lists every setting.")
]
UrlOption = Annotated[str, typer.Option("--url", help="The running gateway.", envvar="KEFU_URL")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
DEFAULT_URL = "http://127.0.0.1:8080"


def fail(message: str, code: int = 1) -> NoReturn:
    """One clear line on standard error, and out."""
    print(f"kefu: {message}", file=sys.stderr)
    raise SystemExit(code)


def settings_or_fail(config: Path | None) -> Settings:
    """The settings, or the line that says which one is wrong."""
    try:
        return load(config)
    except ConfigError as error:
        fail(str(error), 2)


def known_errors() -> tuple[type[Exception], ...]:
    """Errors whose text is meant for the user of a command."""
    from dialogue.errors import DialogueError
    from gateway.errors import DoorFailed, WorkerFailed
    from inference_server.errors import InferenceError, LaunchError
    from inference_server.weights import WeightsError
    from speech.errors import SpeechError

    return (DialogueError, LaunchError, WeightsError, SpeechError, InferenceError, WorkerFailed, DoorFailed)


def run_or_fail(command: Callable[[], Any]) -> Any:
    """Run ``command``; a known error becomes one line, Ctrl-C a quiet exit."""
    try:
        return command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except known_errors() as error:
        fail(str(error))
