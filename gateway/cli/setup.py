"""``kefu setup``: fetch and prepare the weights that the configuration needs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from gateway.cli import ConfigOption, run_or_fail, settings_or_fail
from gateway.config import Settings
from gateway.engines import required_weights
from inference_server.weights import WeightSet, ensure, is_ready


def setup(
    config: ConfigOption = None,
    for_tests: Annotated[bool, typer.Option("--for-tests", help="Every bundled engine, as 'make test' needs.")] = False,
) -> None:
    """Fetch and prepare model weights; does nothing when they are there."""
    settings = settings_or_fail(config)
    run_or_fail(lambda: prepare(settings, Console(stderr=True), for_tests=for_tests))


def prepare(settings: Settings, console: Console, *, for_tests: bool = False) -> None:
    """Make every weight set that is missing, with progress."""
    missing = [weights for weights in required_weights(settings, for_tests=for_tests) if not is_ready(weights)]
    for number, weights in enumerate(missing, 1):
        _ensure(weights, f"[{number}/{len(missing)}]", console)


def _ensure(weights: WeightSet, position: str, console: Console) -> None:
    label = f"model weights {position} {weights.name} ({weights.download_mb} MB)"
    with console.status(label) as status:
        ensure(weights, progress=lambda line: status.update(f"{label}: {line.partition(': ')[2]}"))
    console.print(f"  [green]✓[/] model weights {weights.name}", highlight=False)
