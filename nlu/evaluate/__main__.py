"""``python -m nlu.evaluate``: one data set in, its scores out.

    --cic FILE | --bitext FILE | --natcs FILE      intents, through mappings/*.yaml
    --banking77 FILE                               likewise, of another domain (--domain)
    --oos FILE                                     what is none of our business
    --sentiment FILE                               reviews, good or bad
    --retrieval PAIRS | --retrieval QUERIES CORPUS
    (none)                                         cross-validation of our own utterances

``--json`` prints one JSON object and nothing else on stdout; progress goes to stderr where that is a terminal.
Without ``--triton`` the shipped heads are applied here; embeddings are made in the server's environment and kept under
build/.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from nlu.domains import DEFAULT, DomainError
from nlu.errors import ClassifierUnavailable
from nlu.evaluate import intents, oos, retrieval, sentiment
from nlu.evaluate.latency import latency
from nlu.evaluate.mapping import load_classes
from nlu.evaluate.product import InProcess, Served
from nlu.evaluate.rows import RowsError, read
from nlu.train.__main__ import MODEL_REPOSITORY, bars, cross_validated
from nlu.train.data import DataError
from nlu.train.embeddings import CACHE, CHECKOUT, EncoderError
from nlu.train.report import REPORT, ReportError, load_acceptance

_SHOWN = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line that says what to do."""
    options = _options().parse_args(arguments)
    told = Console(stderr=True)
    try:
        with Progress(console=told, transient=True, disable=not told.is_terminal) as progress:
            scores = evaluate(options, progress)
    except (DataError, DomainError, EncoderError, RowsError, ReportError, ClassifierUnavailable) as error:
        told.print(f"[red]{error}[/]", highlight=False)
        return 1
    if options.json:
        print(json.dumps(scores, ensure_ascii=False))
    else:
        show(scores, Console())
    return 0


def evaluate(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Scores of what ``options`` name."""
    told = bars(progress)
    local = InProcess(options.models, options.domain, options.cache, told)
    product: Served | InProcess = Served(options.triton, options.domain, told) if options.triton else local
    domain, limit = options.domain, options.limit
    if options.cic:
        rows = read(options.cic, "text", "coarse", limit=limit)
        scores = intents.cic(rows, product, load_classes("cic", domain))
    elif options.bitext:
        rows = read(options.bitext, "text", "intent", "category", limit=limit)
        scores = intents.bitext(rows, product, load_classes("bitext", domain))
    elif options.natcs or options.banking77:
        rows = read(options.natcs or options.banking77, "text", "intent", limit=limit)
        name = "natcs" if options.natcs else "banking77"
        scores = intents.natcs(rows, product, load_classes(name, domain)) | {"task": name}
    elif options.oos:
        rows = read(options.oos, "text", "intent", limit=limit)
        scores = oos.oos(rows, product, load_classes("clinc", domain), load_acceptance(options.report))
    elif options.sentiment:
        scores = sentiment.sentiment(read(options.sentiment, "text", "label", limit=limit), product)
    elif options.retrieval:
        scores = retrieval.retrieval(retrieval.load(options.retrieval, limit), product.embeddings)
    else:
        return {"task": "own", **cross_validated(domain, options.seed, local.encode, told)}
    return scores | latency(product)


def show(scores: dict[str, Any], console: Console) -> None:
    """Figures first, then tables of classes and of the most frequent confusions."""
    figures = Table(title=str(scores["task"]), show_header=False)
    tables: list[Table] = []
    for name, value in scores.items():
        if isinstance(value, dict) and value and all(isinstance(of, dict) for of in value.values()):
            tables.append(_table(name, [{"": key, **of} for key, of in value.items()]))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            tables.append(_table(name, value[:_SHOWN]))
        elif isinstance(value, str | int | float):
            figures.add_row(name, f"{value}")
    console.print(figures)
    for table in tables:
        console.print(table)


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = [key for key, value in rows[0].items() if not isinstance(value, dict | list)]
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*(f"{row[column]}" for column in columns))
    return table


def _count(value: str) -> int:
    """A whole number from 1 on."""
    if (count := int(value)) < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return count


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nlu.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group()
    for name in ("cic", "bitext", "natcs", "banking77", "oos", "sentiment"):
        what.add_argument(f"--{name}", type=Path, metavar="FILE")
    what.add_argument("--retrieval", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout, nothing else")
    parser.add_argument("--triton", metavar="URL", help="ask this Triton (gRPC), and time it")
    parser.add_argument("--domain", default=DEFAULT)
    parser.add_argument("--limit", type=_count, metavar="N", help="N rows of the file, evenly spaced")
    parser.add_argument("--seed", type=int, default=7, help="of the cross-validation")
    parser.add_argument(
        "--models", type=Path, default=CHECKOUT / MODEL_REPOSITORY, help="model repository with the heads"
    )
    parser.add_argument("--report", type=Path, default=REPORT, help="report of the training those heads come from")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where embeddings are kept")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
