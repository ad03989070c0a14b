"""``python -m dialogue.evaluate --retrieval FILE [--corpus FILE] [--json]``: how well the knowledge base finds.

``--stories``: how many of our own stories end as they must. ``--baskets FILE``: how well what is bought together is
known. ``--latency N``: how long one search takes among N made-up entries, without embedding the question. ``--tau2
FOLDER``, ``--ecombench FOLDER``: tasks of other benchmarks, played as dialogues by scripted customers; README.md says
how.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from dialogue.evaluate.dialogues import Played, played
from dialogue.evaluate.latency import searching
from dialogue.evaluate.recommend import measured as baskets
from dialogue.evaluate.retrieval import DataError, Remembering, load, measured
from dialogue.evaluate.stories import measured as stories
from dialogue.knowledge.embedder import PROBE
from nlu.train.embeddings import EncoderError, server_python, subprocess_encoder, triton_encoder

_CHECKOUT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 2 with one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m dialogue.evaluate", description=__doc__)
    parser.add_argument("--retrieval", type=Path, metavar="FILE", help="pairs, or queries (JSONL)")
    parser.add_argument("--latency", type=int, metavar="N", help="time searches among N made-up entries")
    parser.add_argument("--baskets", type=Path, metavar="FILE", help="baskets (JSONL with items)")
    parser.add_argument("--corpus", type=Path, metavar="FILE", help="what the queries search")
    parser.add_argument(
        "--tau2", type=Path, metavar="FOLDER", help="retail world of tau2; its tasks lie in or beside it"
    )
    parser.add_argument("--ecombench", type=Path, metavar="FOLDER", help="world of ECom-Bench, likewise")
    parser.add_argument("--stories", action="store_true", help="our own stories, by the trained heads")
    parser.add_argument("--tasks", type=Path, metavar="FILE", help="other tasks for that world")
    parser.add_argument("--only", nargs="+", default=(), metavar="ID", help="of these ids")
    parser.add_argument("--voice", action="store_true", help="the customers speak, over the telephone")
    parser.add_argument("--transcripts", type=Path, metavar="DIR", help="write each dialogue there")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N questions or tasks, evenly spaced")
    parser.add_argument("--triton", metavar="URL", help="embed with this Triton (gRPC) instead of a process of our own")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(arguments)
    what = (options.retrieval, options.latency, options.baskets, options.tau2, options.ecombench)
    if sum(option is not None for option in what) + options.stories != 1:
        parser.error("give --retrieval, --latency, --baskets, --stories, --tau2 or --ecombench")
    if options.latency is not None:
        return _print(searching(options.latency), as_json=options.json)
    try:
        if options.baskets is not None:
            return _print(baskets(options.baskets), as_json=options.json)
        if options.tau2 is not None or options.ecombench is not None:
            return _print(asyncio.run(played(_dialogues(options), Console(stderr=True))), as_json=options.json)
        if options.stories:
            told = stories(options.triton, options.limit, Console(stderr=True))
            return _print(asyncio.run(told), as_json=options.json)
        search = load(options.retrieval, options.corpus)
        encode = triton_encoder(options.triton) if options.triton else subprocess_encoder(server_python(_CHECKOUT))
        client = Remembering(encode)
        client.learn([PROBE, *search.questions, *(entry.questions_zh[0] for entry in search.entries)])
        with tempfile.TemporaryDirectory() as scratch:
            found = asyncio.run(measured(search, client, Path(scratch), options.limit))
    except (DataError, EncoderError) as error:
        print(f"dialogue.evaluate: {error}", file=sys.stderr)
        return 2
    return _print(found, as_json=options.json)


def _dialogues(options: argparse.Namespace) -> Played:
    name, folder = ("tau2", options.tau2) if options.tau2 is not None else ("ecombench", options.ecombench)
    return Played(
        name,
        folder,
        options.tasks,
        options.limit,
        tuple(options.only),
        options.triton,
        voice=options.voice,
        transcripts=options.transcripts,
    )


def _print(found: Mapping[str, Any], *, as_json: bool) -> int:
    print(json.dumps(found) if as_json else "\n".join(f"{name:10} {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
