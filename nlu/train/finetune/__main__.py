"""``python -m nlu.train.finetune``: fine-tunes an encoder on the intents of a domain, shows it beside the linear head
on the same held-out rows, and exports it for the model repository. The linear head stays what is served."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress
from transformers.utils.logging import disable_progress_bar

from inference_server.weights import WeightsError
from nlu.domains import DEFAULT, DomainError, load_domain
from nlu.train import e5
from nlu.train.__main__ import bars
from nlu.train.data import DataError, load
from nlu.train.embeddings import CHECKOUT, EncoderError, embed, server_python, subprocess_encoder
from nlu.train.finetune.data import Rows, Split, split
from nlu.train.finetune.export import export
from nlu.train.finetune.loop import Encoded, ResumeError, Settings, Told, fine_tune
from nlu.train.finetune.model import Base, build, checkpoint, pieces, scores, start_linear, vectors
from nlu.train.finetune.report import compared, judged, linear_head, table

OUT = CHECKOUT / "build" / "nlu" / "finetune"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with one line that says what to do."""
    options = _options().parse_args(arguments)
    console = Console()
    if options.threads:
        torch.set_num_threads(options.threads)
    disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has a bar of its own for saving
    try:
        domain = load_domain(options.domain)
        sides = split(load(domain.intents, domain.labels), domain.labels, options.seed, options.limit)
        out = options.out / options.mode
        if not options.resume and (out / "settings.json").exists():
            shutil.rmtree(out)  # an earlier run, and nothing else
        with Progress(console=console, transient=True) as progress:
            run(options, sides, domain.labels, out, bars(progress))
    except (DataError, DomainError, EncoderError, WeightsError, ResumeError, OSError) as error:
        console.print(f"[red]{error}[/]", highlight=False)
        return 1
    comparison = json.loads((out / "report.json").read_text("utf-8"))
    console.print(table(comparison))
    console.print(f"wrote {out / 'model_repository'}; {_advice(comparison['wins'])}", highlight=False)
    return 0


def run(options: argparse.Namespace, sides: Split, names: Sequence[str], out: Path, told: Told) -> None:
    """Linear head, fine-tuning, report.json and export under ``out``."""
    settings = Settings(**{field.name: getattr(options, field.name) for field in fields(Settings)})
    local = subprocess_encoder(server_python(CHECKOUT), options.threads)
    parts: dict[str, Rows] = {"train": sides.train, "development": sides.development, "test": sides.test}
    frozen = {
        side: embed(rows.texts, local, done=lambda done, of, side=side: told(f"embedding {side}", done, of))  # type: ignore[misc]
        for side, rows in parts.items()
    }
    linear, _ = linear_head(frozen, sides, names)
    base = _base(options.base)
    encoded = {
        side: Encoded(pieces(base, rows.texts, settings.max_length), rows.labels) for side, rows in parts.items()
    }
    model = build(base.encoder, len(names), settings.mode, settings.seed)
    start = frozen["train"] if options.base == "e5" else vectors(model.encoder, encoded["train"].pieces, model.padding)
    start_linear(model, start, sides.train.labels)
    fine_tune(model, encoded["train"], encoded["development"], settings, out, told)
    logits = {side: scores(model, encoded[side].pieces) for side in ("development", "test")}
    tuned, temperature = judged(logits["development"], logits["test"], sides, names)
    (out / "report.json").write_text(json.dumps(compared(linear, tuned, sides), indent=1) + "\n", "utf-8")
    export(model, base, out / "model_repository", "intent", names, temperature, settings.max_length)


def _base(name: str) -> Base:
    if name != "e5":
        return checkpoint(Path(name), "")
    return Base(e5.encoder(e5.weights_file(server_python(CHECKOUT))), e5.tokenizer_file(), e5.PREFIX)


def _advice(wins: bool) -> str:
    if wins:
        return "it wins here: to serve it, put its folder in the place of the model repository's own"
    return "the linear head is better here and stays"


def _options() -> argparse.ArgumentParser:
    usual = Settings()
    parser = argparse.ArgumentParser(prog="python -m nlu.train.finetune", description=__doc__)
    parser.add_argument("--domain", default=DEFAULT, help="a folder of nlu/domains")
    parser.add_argument("--mode", choices=("full", "lora"), default=usual.mode)
    parser.add_argument("--base", default="e5", help="e5, or the folder of a transformers encoder with tokenizer.json")
    parser.add_argument("--epochs", type=int, default=usual.epochs)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--max-length", type=int, default=usual.max_length, help="pieces of a text")
    parser.add_argument("--patience", type=int, default=usual.patience, help="evaluations without a better macro F1")
    parser.add_argument("--rate", type=float, default=usual.rate, help="highest learning rate; full: a tenth of it")
    parser.add_argument("--warm-up", type=float, default=usual.warm_up, help="share of all steps")
    parser.add_argument("--weight-decay", type=float, default=usual.weight_decay)
    parser.add_argument("--save-every", type=int, default=usual.save_every, help="steps between checkpoints")
    parser.add_argument("--limit", type=int, help="training rows; a third of it for development and test each")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--threads", type=int, help="of torch and of the embedding")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out")
    parser.add_argument("--out", type=Path, default=OUT, help="checkpoints, metrics, report and export, by mode")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
