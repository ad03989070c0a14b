"""AdamW with warm-up, early stopping on the development macro F1, and checkpoints from which a run goes on exactly.

<folder>/settings.json             what the run was started with; another run does not go on from it
<folder>/metrics.jsonl             one line per step and per evaluation
<folder>/best.safetensors          the weights that move, at the best evaluation
<folder>/checkpoint-<step>/        weights, optimizer and random state, place in the data
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from sklearn.metrics import f1_score

from nlu.train.finetune.model import Classifier, Mode, scores

Told = Callable[[str, int, int], None]
"""What is being done, how many are done, of how many."""


class ResumeError(RuntimeError):
    """The folder holds another run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the outcome of a run, beside the data."""

    mode: Mode = "lora"
    base: str = "e5"
    """What is fine-tuned, as it was named."""
    epochs: int = 5
    batch: int = 32
    max_length: int = 64
    """Pieces."""
    patience: int = 2
    """Evaluations without a better macro F1 before it stops."""
    seed: int = 7
    rate: float = 5e-4
    """Highest learning rate; for ``full`` a tenth of it."""
    warm_up: float = 0.1
    """Share of all steps."""
    weight_decay: float = 0.01
    save_every: int = 100
    """Steps."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as the model takes them."""

    pieces: Sequence[Sequence[int]]
    labels: NDArray[np.int64]


@dataclass(slots=True)
class Place:
    """How far a run is."""

    step: int = 0
    """Optimizer steps done."""
    best: float = -1.0
    """Macro F1."""
    worse: int = 0
    """Evaluations since the best."""


def fine_tune(
    model: Classifier, train: Encoded, development: Encoded, settings: Settings, folder: Path, told: Told
) -> float:
    """Train, and leave the best weights in ``model``; goes on from the last checkpoint in ``folder``. The macro F1."""
    folder.mkdir(parents=True, exist_ok=True)
    _check_same(folder / "settings.json", asdict(settings) | {"data": _digest(train, development)})
    optimizer = torch.optim.AdamW(
        list(model.trainable().values()), lr=settings.rate, weight_decay=settings.weight_decay
    )
    torch.manual_seed(settings.seed)
    place = _restore(folder, model, optimizer)
    each = -(-len(train.labels) // settings.batch)
    loss_of = _balanced(train.labels, model.head.out_features)
    while place.step < each * settings.epochs and place.worse < settings.patience:
        epoch, start = divmod(place.step, each)
        for part in _batches(len(train.labels), settings, epoch)[start:]:
            rate = _rate(place.step, each * settings.epochs, settings)
            loss = _step(model, optimizer, train, part, loss_of, rate)
            place.step += 1
            _log(folder, {"step": place.step, "epoch": epoch + 1, "loss": loss, "rate": rate})
            if place.step % settings.save_every == 0 and place.step % each:
                _save(folder, model, optimizer, place)
            told("fine-tuning", place.step, each * settings.epochs)
        _evaluate(model, development, folder, place, epoch + 1)
        _save(folder, model, optimizer, place)
    model.restore(load_file(folder / "best.safetensors"))
    return place.best


def _step(
    model: Classifier, optimizer: Any, train: Encoded, part: list[int], loss_of: Callable[[Any, Any], Any], rate: float
) -> float:
    model.encoder.train()
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss = loss_of(model.logits([train.pieces[at] for at in part]), torch.from_numpy(train.labels[part]))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(model.trainable().values()), 1.0)
    optimizer.step()
    return float(loss.item())


def _evaluate(model: Classifier, development: Encoded, folder: Path, place: Place, epoch: int) -> None:
    guess = scores(model, development.pieces).argmax(axis=1)
    accuracy = float((guess == development.labels).mean())
    macro_f1 = float(f1_score(development.labels, guess, average="macro", zero_division=0))
    _log(folder, {"step": place.step, "epoch": epoch, "accuracy": accuracy, "macro_f1": macro_f1})
    if macro_f1 > place.best:
        place.best, place.worse = macro_f1, 0
        _write_weights(folder / "best.safetensors", model)
    else:
        place.worse += 1


def _balanced(labels: NDArray[np.int64], count: int) -> Callable[[Any, Any], Any]:
    """Cross-entropy to which every label adds the same, however many rows it has."""
    found = np.bincount(labels, minlength=count)
    weights = len(labels) / (count * np.maximum(found, 1))
    loss: Callable[[Any, Any], Any] = torch.nn.CrossEntropyLoss(torch.tensor(weights, dtype=torch.float32))
    return loss


def _batches(rows: int, settings: Settings, epoch: int) -> list[list[int]]:
    order = list(range(rows))
    random.Random(f"{settings.seed} {epoch}").shuffle(order)
    return [order[start : start + settings.batch] for start in range(0, rows, settings.batch)]


def _rate(step: int, steps: int, settings: Settings) -> float:
    """Rises to the highest rate, then falls to nought, both in a straight line."""
    highest = settings.rate if settings.mode == "lora" else settings.rate / 10
    rising = max(1, round(settings.warm_up * steps))
    if step < rising:
        return highest * (step + 1) / rising
    return highest * (steps - step) / max(1, steps - rising)


def _check_same(path: Path, settings: dict[str, Any]) -> None:
    if path.exists() and json.loads(path.read_text("utf-8")) != settings:
        raise ResumeError(f"{path} is of a run with other settings or data: give those, or another --out")
    path.write_text(json.dumps(settings, indent=1) + "\n", "utf-8")


def _digest(*sides: Encoded) -> str:
    rows = [
        [list(pieces), int(label)] for side in sides for pieces, label in zip(side.pieces, side.labels, strict=True)
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _log(folder: Path, line: dict[str, Any]) -> None:
    with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _write_weights(path: Path, model: Classifier) -> None:
    fresh = path.with_suffix(".new")
    save_file({name: parameter.detach().contiguous() for name, parameter in model.trainable().items()}, fresh)
    fresh.replace(path)


def _save(folder: Path, model: Classifier, optimizer: Any, place: Place) -> None:
    """A checkpoint is whole or not there: it gets its name last."""
    fresh, final = folder / "unfinished", folder / f"checkpoint-{place.step}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    _write_weights(fresh / "weights.safetensors", model)
    torch.save({"optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}, fresh / "state.pt")
    (fresh / "place.json").write_text(json.dumps(asdict(place)), "utf-8")
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)
    for older in _checkpoints(folder)[:-1]:
        shutil.rmtree(older)


def _restore(folder: Path, model: Classifier, optimizer: Any) -> Place:
    """The last checkpoint; metrics of steps that came after it are forgotten, they will be made again."""
    found = _checkpoints(folder)
    place = Place()
    if found:
        model.restore(load_file(found[-1] / "weights.safetensors"))
        state = torch.load(found[-1] / "state.pt", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        place = Place(**json.loads((found[-1] / "place.json").read_text("utf-8")))
    metrics = folder / "metrics.jsonl"
    lines = metrics.read_text("utf-8").splitlines(keepends=True) if metrics.exists() else []
    # A line may be cut where the machine went down.
    whole = [line for line in lines if line.endswith("\n")]
    metrics.write_text("".join(line for line in whole if json.loads(line)["step"] <= place.step), "utf-8")
    return place


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
