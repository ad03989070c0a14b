"""The understanding on our own utterances, held out, on the data sets of a folder, and timed through Triton.

Every figure is that of ``python -m nlu.evaluate``. ``--data FOLDER`` (or ``BENCH_DATA``) names a folder with data sets;
a file is known by its name, wherever it lies below it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from inference_server.launch import REPOSITORY, Triton, server_python
from nlu.domains import load_domain
from nlu.evaluate.latency import latency
from nlu.evaluate.product import Served
from nlu.train.data import load
from tests.bench.results import Result, Results

CHECKOUT = Path(__file__).parents[2]
QUICK_ROWS = 200
_TIMED = 300

SETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("cic", "--cic", ("*ecom_intent_cic_t*.jsonl",)),
    ("bitext", "--bitext", ("*intent_bitext_*.jsonl",)),
    ("natcs", "--natcs", ("*intent_natcs_*.jsonl",)),
    ("oos_en", "--oos", ("*clinc150_*.jsonl",)),
    ("oos_zh", "--oos", ("*oos_assistant_*.jsonl",)),
    ("eprstmt", "--sentiment", ("*eprstmt_*.jsonl",)),
    ("reviews", "--sentiment", ("*sentiment_10cats_*.jsonl",)),
    ("lcqmc", "--retrieval", ("*qmatch_lcqmc_*.jsonl",)),
    ("afqmc", "--retrieval", ("*retrieval_afqmc_queries.jsonl", "*retrieval_afqmc_corpus.jsonl")),
)
"""Name of the figures, option of ``nlu.evaluate``, and the files' names."""
_FIGURES = (
    "coarse_accuracy", "accuracy", "category_accuracy", "macro_f1", "unmapped_refused", "oos_recall", "auroc", "ece",
    "recall_at_1", "recall_at_5", "mrr",
)  # fmt: skip
_FLOORS = {"cic_coarse_accuracy": 0.874, "lcqmc_recall_at_1": 0.829}
"""Named references: a linear model trained on the set's own labels, and the floor in the data's README."""


async def measure(folder: Path, data: Path | None, *, quick: bool = False) -> Results:
    """Own cross-validation (not when ``quick``: minutes), every data set found in ``data``, latency."""
    found: Results = {}
    if not quick:
        own = await _evaluate()
        for head in ("intent", "sentiment"):
            found |= _figures(f"own_{head}", own[head], own[head]["examples"])
    limit = ["--limit", str(QUICK_ROWS)] if quick else []
    for name, option, files in _sets(data) if data else ():
        scores = await _evaluate(option, *map(str, files), *limit)
        found |= _figures(name, scores, scores["n"])
    return found | await _timed(folder, 40 if quick else _TIMED)


def _sets(data: Path) -> list[tuple[str, str, list[Path]]]:
    """The sets that lie in ``data`` with all their files."""
    found = [
        (name, option, [path for pattern in patterns for path in sorted(data.rglob(pattern))[:1]])
        for name, option, patterns in SETS
    ]
    return [
        (name, option, files) for (name, option, files), of in zip(found, SETS, strict=True) if len(files) == len(of[2])
    ]


async def _timed(folder: Path, count: int) -> Results:
    """Messages one after the other, each new to the server."""
    domain = load_domain()
    examples = load(domain.intents, domain.labels)
    texts = [f"{examples[n * len(examples) // count].text} {n}" for n in range(count)]
    models = ("embed", "intent", "sentiment")
    async with Triton(
        REPOSITORY, models=models, server_python=server_python(), runtime_dir=folder, on_event=lambda line: None
    ) as triton:
        served = Served(triton.url)
        await asyncio.to_thread(served.understand, texts)
    times = latency(served)
    return {
        f"understand_{share}": Result(times[f"latency_{share}_ms"], "ms", times["latency_n"])
        for share in ("p50", "p99")
    }


async def _evaluate(*arguments: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "nlu.evaluate", *arguments, "--json", cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"nlu.evaluate {' '.join(arguments)} failed")
    scores: dict[str, Any] = json.loads(out)
    return scores


def _figures(name: str, scores: dict[str, Any], count: int) -> Results:
    """The known figures of ``scores``, those with a named reference beside it."""
    return {
        f"{name}_{figure}": Result(
            scores[figure], "", count, reference=_FLOORS.get(f"{name}_{figure}"), more_is_better=figure != "ece"
        )
        for figure in _FIGURES
        if scores.get(figure) is not None
    }
