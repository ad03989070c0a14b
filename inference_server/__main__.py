"""``python -m inference_server``: start the bundled Triton on the model repository, print its url, run until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from inference_server import weights
from inference_server.errors import LaunchError
from inference_server.generate_weights import GENERATE_WEIGHTS
from inference_server.launch import REPOSITORY, Triton, server_python


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m inference_server", description=__doc__)
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help="model repository")
    parser.add_argument("--runtime-dir", type=Path, default=Path("build/triton"), help="log, lock, socket")
    parser.add_argument("--models", nargs="*", default=["embed", "intent", "sentiment"], help="ready before the url")
    parser.add_argument("--lazy-models", nargs="*", default=["generate"], help="loaded after that")
    parser.add_argument("--generate-model", type=Path, help="directory of a causal language model")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    environment = {}
    if "generate" in arguments.models + arguments.lazy_models:
        directory = arguments.generate_model or weights.located(GENERATE_WEIGHTS)
        environment["KEFU_GENERATE_MODEL"] = str(directory.absolute())
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Triton(
        arguments.repository,
        models=arguments.models,
        lazy_models=arguments.lazy_models,
        server_python=server_python(),
        environment=environment,
        runtime_dir=arguments.runtime_dir,
        on_event=lambda line: print(line, file=sys.stderr, flush=True),
    ) as triton:
        print(triton.url, flush=True)
        await stop.wait()


def main() -> None:
    """Exit 1 with one line that says what to do when Triton cannot be started."""
    try:
        asyncio.run(_serve(_arguments()))
    except (LaunchError, weights.WeightsError) as error:
        sys.exit(f"inference_server: {error}")


if __name__ == "__main__":
    main()
