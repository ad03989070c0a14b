"""Labelled scenes: what the bot says, what the customer's side does and when, and what ought to happen.

Scenes are YAML, a file for each kind in ``scenes/``; README.md says how to write one. ``load_scenes`` checks every
field and names the scene in its ``SceneError``.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import yaml

from nlu.types import Expectation
from speech.types import Language
from tests.turn_taking.words import digits

FOLDER = Path(__file__).parent / "scenes"

Kind = Literal[
    "barge_in", "stop_command", "backchannel", "backchannel_as_answer", "noise", "vocal_tic", "side_talk", "echo",
    "pause_in_number", "hesitation", "question", "yes_no", "address", "no_input",
]  # fmt: skip
Style = Literal["near", "soft", "far", "tv"]
Noise = Literal[
    "cough", "throat", "laugh", "breath", "sneeze", "knock", "typing", "traffic", "babble", "dog", "phone", "horn",
    "siren", "door",
]  # fmt: skip
Anchor = Literal["start", "end", "after"]
BotLabel = Literal["keep", "yield", "any"]


class SceneError(Exception):
    """A scene is not well-formed; the message names the file, the scene and the field."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing at the customer's end."""

    anchor: Anchor
    """``start``: of the bot's speech; ``end``: of the bot's speech; ``after``: the end of the item before."""
    offset_ms: float
    says: tuple[str | float, ...] = ()
    """Words, and between them pauses in milliseconds."""
    noise: Noise | None = None
    noise_ms: float = 0.0
    """How long a lasting noise lasts; 0: the noise's own length."""
    recording: Path | None = None
    """A recording of ``says`` by a person (audio only); a pause in it is put where the recording is silent."""
    style: Style = "near"
    """``near``: the customer to us; ``soft``: the same, quietly; ``far``: somebody across the room; ``tv``."""

    @property
    def text(self) -> str:
        """The words, without their pauses."""
        return " ".join(part for part in self.says if isinstance(part, str))

    @property
    def is_customers(self) -> bool:
        """Whether the customer says words close to the microphone."""
        return bool(self.says) and self.style in {"near", "soft"}


@dataclass(frozen=True, slots=True)
class Label:
    """What ought to happen."""

    bot: BotLabel = "any"
    """What becomes of the bot's running answer: ``keep`` (said to its end, nothing lost), ``yield``, or not judged."""
    turns: tuple[str, ...] = ()
    """Each of these is one turn, whole, and nothing else is a turn."""
    optional: bool = False
    """No turn at all is right too (a stop command needs no answer)."""
    prompted_within_ms: float | None = None
    """The bot speaks up by itself, at most this long after its own last word (no-input policy)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One labelled scene. Invariant: ``label.turns`` needs something said."""

    name: str
    kind: Kind
    language: Language
    bot: str
    """The words of the answer that the bot is giving when the scene begins; empty: the bot says nothing."""
    expects: Expectation
    """What the dialogue waits for after (and during) those words."""
    customer: tuple[Item, ...]
    label: Label
    opening: Literal["typed", "spoken"] = "typed"
    """How the customer got that answer; ``spoken``: the gateway has heard the customer's voice before."""
    interruptible: bool = True
    echo_db: float | None = None
    """The loudspeaker's sound comes back to the microphone at this gain, 150 ms late; None: it does not."""
    ambience: tuple[Noise, float] | None = None
    """Noise behind the whole scene and its signal-to-noise ratio in dB (audio only)."""
    audio: bool = True
    """Whether the audio runner plays it too."""

    @property
    def id(self) -> str:
        """Unique: kind and name."""
        return f"{self.kind}/{self.name}"

    @property
    def number(self) -> str | None:
        """The number that is said, digits only; None when there is none of six digits or more."""
        said = max((digits(text) for text in self.label.turns), key=len, default="")
        return said if len(said) >= 6 else None


@functools.cache
def load_scenes(folder: Path = FOLDER) -> tuple[Scene, ...]:
    """Every scene of every file. Raises ``SceneError``."""
    scenes = [
        scene for path in sorted(folder.glob("*.yaml")) for scene in parse_file(path.name, path.read_text("utf-8"))
    ]
    seen: set[str] = set()
    for scene in scenes:
        if scene.id in seen:
            raise SceneError(f"two scenes are called {scene.id}")
        seen.add(scene.id)
    return tuple(scenes)


def parse_file(name: str, text: str) -> list[Scene]:
    """The scenes of one file. Raises ``SceneError``."""
    document = yaml.safe_load(text)
    if not isinstance(document, dict) or not {"kind", "scenes"} <= set(document) <= {
        "kind",
        "scenes",
        "defaults",
        "bots",
    }:
        raise SceneError(f"{name}: a file has 'kind' and 'scenes', and may have 'defaults' and 'bots'")
    if document["kind"] not in get_args(Kind):
        raise SceneError(f"{name}: kind '{document['kind']}' is none of {', '.join(get_args(Kind))}")
    defaults = document.get("defaults", {})
    return [
        _scene(f"{name}: {raw.get('name', '?')}", {**defaults, **raw}, document["kind"]) for raw in document["scenes"]
    ]


_FIELDS = {
    "name",
    "language",
    "bot",
    "expects",
    "customer",
    "expect",
    "opening",
    "interruptible",
    "echo_db",
    "ambience",
    "audio",
}


def _scene(where: str, raw: dict[str, Any], kind: Kind) -> Scene:
    if unknown := set(raw) - _FIELDS:
        raise SceneError(f"{where}: unknown field {', '.join(sorted(unknown))}")
    name = raw.get("name", "")
    if not re.fullmatch(r"(zh|en)_[a-z0-9_]+", name):
        raise SceneError(f"{where}: a name begins with the language (zh_ or en_) and is of a-z, 0-9 and _")
    customer = tuple(_item(where, item) for item in raw.get("customer", ()))
    scene = Scene(
        name=name,
        kind=kind,
        language=name[:2],
        bot=raw.get("bot", ""),
        expects=_expectation(where, raw.get("expects", "free")),
        customer=customer,
        label=_label(where, raw.get("expect", {}), customer),
        opening=_one_of(where, "opening", raw.get("opening", "typed"), ("typed", "spoken")),
        interruptible=bool(raw.get("interruptible", True)),
        echo_db=raw.get("echo_db"),
        ambience=_ambience(where, raw.get("ambience")),
        audio=bool(raw.get("audio", True)),
    )
    _check(where, scene)
    return scene


def _check(where: str, scene: Scene) -> None:
    if not scene.bot:
        raise SceneError(f"{where}: 'bot' is what the bot says when the scene begins")
    if scene.customer and scene.customer[0].anchor == "after":
        raise SceneError(f"{where}: the first item cannot come 'after' another")
    if scene.label.turns and not any(item.says for item in scene.customer):
        raise SceneError(f"{where}: turns are expected but nobody says anything")
    if scene.label.bot != "any" and any(item.anchor == "end" for item in scene.customer[:1]):
        raise SceneError(f"{where}: bot: {scene.label.bot} needs something that happens while the bot speaks")


_ITEM = re.compile(r"(start|end|after)\+(\d+)\s+(?:\((\w+)\)\s*)?(?:\[(\w+)(?:\s+(\d+))?\]|(.+))")


def _item(where: str, text: object) -> Item:
    match = _ITEM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise SceneError(f"{where}: '{text}' is not like 'start+300 words {{800}} words' or 'end+500 (far) [cough]'")
    anchor, offset, style, noise, noise_ms, words = match.groups()
    return Item(
        anchor=_one_of(where, "anchor", anchor, get_args(Anchor)),
        offset_ms=float(offset),
        says=_says(where, words) if words else (),
        noise=_one_of(where, "noise", noise, get_args(Noise)) if noise else None,
        noise_ms=float(noise_ms or 0),
        style=_one_of(where, "style", style or "near", get_args(Style)),
    )


def _says(where: str, words: str) -> tuple[str | float, ...]:
    parts: list[str | float] = []
    for index, part in enumerate(re.split(r"\{(\d+)\}", words)):
        if index % 2:
            parts.append(float(part))
        elif part.strip():
            parts.append(part.strip())
    if isinstance(parts[0], float) or isinstance(parts[-1], float):
        raise SceneError(f"{where}: a pause stands between words")
    return tuple(parts)


def _label(where: str, raw: dict[str, Any], customer: tuple[Item, ...]) -> Label:
    if unknown := set(raw) - {"bot", "turns", "optional", "prompted_within_ms"}:
        raise SceneError(f"{where}: unknown field in expect: {', '.join(sorted(unknown))}")
    turns = raw.get("turns", [])
    if turns == "said":
        turns = [item.text for item in customer if item.is_customers]
    elif turns == "said_together":
        turns = [" ".join(item.text for item in customer if item.is_customers)]
    if not isinstance(turns, list):
        raise SceneError(f"{where}: turns is a list of texts, 'said' or 'said_together'")
    return Label(
        bot=_one_of(where, "bot", raw.get("bot", "any"), get_args(BotLabel)),
        turns=tuple(str(turn) for turn in turns),
        optional=bool(raw.get("optional", False)),
        prompted_within_ms=raw.get("prompted_within_ms"),
    )


def _expectation(where: str, text: str) -> Expectation:
    match text.split():
        case ["free"]:
            return Expectation()
        case ["yes_no"]:
            return Expectation("yes_no")
        case ["digits"]:
            return Expectation("digits")
        case ["digits", count, *slot] if count.isdigit():
            return Expectation("digits", slot=slot[0] if slot else None, digits=int(count))
        case ["address"]:
            return address_expectation()
        case _:
            raise SceneError(f"{where}: expects is free, yes_no, address, or digits with their number and a slot")


def address_expectation() -> Expectation:
    """What the dialogue passes down while it waits for an address."""
    kinds = get_args(get_type_hints(Expectation)["kind"])
    return Expectation("address") if "address" in kinds else Expectation()  # type: ignore[arg-type]


def _ambience(where: str, text: str | None) -> tuple[Noise, float] | None:
    if text is None:
        return None
    match text.split():
        case [noise, snr_db]:
            return _one_of(where, "ambience", noise, get_args(Noise)), float(snr_db)
        case _:
            raise SceneError(f"{where}: ambience is a noise and a signal-to-noise ratio, like 'babble 15'")


def _one_of(where: str, field: str, value: Any, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise SceneError(f"{where}: {field} '{value}' is none of {', '.join(allowed)}")
    return value
