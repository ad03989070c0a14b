"""What a menu's file may hold. Every name of a node is checked, and that every text is there in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from nlu.types import Language

Text = Annotated[str, Field(min_length=1, max_length=500)]
Texts = Mapping[Language, Text]
Key = Annotated[str, Field(pattern=r"^[0-9*]$")]
"""A key to choose by; # belongs to numbers."""
NodeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Consent = Literal["granted", "refused"]


def _both(texts: Texts) -> Texts:
    missing = [language for language in ("zh", "en") if language not in texts]
    if missing:
        raise ValueError(f"the text for {' and '.join(missing)} is missing")
    return texts


Said = Annotated[Texts, AfterValidator(_both)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Part):
    """One of a node's choices: by key, by words, or by what was meant."""

    key: Key
    words: Mapping[Language, tuple[Text, ...]] = {}
    """Any of them, anywhere in what the caller says."""
    intents: tuple[str, ...] = ()
    """What the understanding calls it, e.g. talk_to_human."""
    language: Language | None = None
    """The call goes on in this language."""
    consent: Consent | None = None
    """The answer to the question about recording."""
    to: NodeName


Seconds = Annotated[float, Field(gt=0, le=60)]


class Collect(_Part):
    """Digits, typed or spoken. ``end`` or a rest of ``next_digit_s`` ends what is typed, or the last of ``max``."""

    name: NodeName
    min: Annotated[int, Field(ge=1, le=24)]
    max: Annotated[int, Field(ge=1, le=24)]
    first_digit_s: Seconds | None = None
    """Without any for so long it is asked again; None: as for every question (floor.no_input_s)."""
    next_digit_s: Seconds = 3.0
    end: Literal["#", "*", "none"] = "#"
    """The key that ends the number; ``*`` forgets what was typed, or ``#`` where ``*`` ends."""
    read_back: Said | None = None
    """Said with {digits} before going on; 1 or yes is right, 2 or no asks again."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


class PutThrough(_Part):
    """To a person."""

    to: Text
    """A number (E.164) or a name that the dialplan knows."""
    warm: bool = False
    """Whether the person is told the summary first."""
    summary: Texts = {}
    """With {names} of what was collected."""


class Node(_Part):
    """A place of the menu: asks (``choices``, ``collect``) or leads out (``transfer``, ``hang_up``, ``assistant``)."""

    say: Said | None = None
    choices: tuple[Choice, ...] = ()
    collect: Collect | None = None
    transfer: PutThrough | None = None
    hang_up: bool = False
    assistant: bool = False
    """The dialogue takes over: it answers what the caller just said, or ``ask``, else it greets."""
    ask: Texts = {}
    """What the caller is taken to have said, with {names} of what was collected."""
    to: NodeName | None = None
    """After ``collect``."""
    otherwise: NodeName | None = None
    """Where to go with words that are no choice; without it they are asked again."""
    tries: Annotated[int, Field(ge=1, le=9)] = 3
    failed: NodeName | None = None
    """After so many answers, or silences, that were none."""
    when_closed: NodeName | None = None
    """In place of this node outside the hours."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [bool(self.choices), self.collect is not None, self.transfer is not None, self.hang_up, self.assistant]
        if sum(kinds) != 1:
            raise ValueError("a node has one of choices, collect, transfer, hang_up, assistant")
        if self.asks and (self.say is None or self.failed is None):
            raise ValueError("a node that asks needs 'say' and 'failed'")
        if self.collect is not None and self.to is None:
            raise ValueError("a node that collects needs 'to'")
        keys = [choice.key for choice in self.choices]
        if len(set(keys)) < len(keys):
            raise ValueError("two choices have the same key")
        return self

    @property
    def asks(self) -> bool:
        """Whether the caller is to answer."""
        return bool(self.choices) or self.collect is not None

    @property
    def leads_to(self) -> Iterator[str]:
        """Names of nodes that come next."""
        yield from (choice.to for choice in self.choices)
        yield from (name for name in (self.to, self.otherwise, self.failed, self.when_closed) if name)


class Span(_Part):
    """Hours of a day; ``until`` is not in it."""

    begin: time = Field(alias="from")
    until: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begin >= self.until:
            raise ValueError("'from' must come before 'until'; split hours over midnight")
        return self


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Hours(_Part):
    """When people answer."""

    timezone: str = "Asia/Shanghai"
    open: Mapping[Weekday, tuple[Span, ...]]
    holidays: tuple[date, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("no such time zone; e.g. Asia/Shanghai") from error
        return name


class Recording(_Part):
    """What callers are told of recording. The law of the place decides which is enough."""

    consent: Literal["notice", "ask"]
    """``notice``: told before the first prompt, staying is consent; ``ask``: a choice with ``consent`` grants it."""
    notice: Said | None = None

    @model_validator(mode="after")
    def _says_so(self) -> Self:
        if self.consent == "notice" and self.notice is None:
            raise ValueError("consent 'notice' needs the notice")
        return self


class Menu(_Part):
    """A whole menu."""

    start: NodeName
    nodes: Mapping[NodeName, Node]
    hours: Hours | None = None
    recording: Recording | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name, node in {"": Node(assistant=True, to=self.start), **self.nodes}.items():
            unknown = [other for other in node.leads_to if other not in self.nodes]
            if unknown:
                raise ValueError(f"{'node ' + name if name else 'start'} leads to {unknown[0]!r}, which is no node")
        self._check_out()
        if self.hours is None and any(node.when_closed for node in self.nodes.values()):
            raise ValueError("'when_closed' needs 'hours'")
        asked = any(choice.consent == "granted" for node in self.nodes.values() for choice in node.choices)
        if self.recording is not None and self.recording.consent == "ask" and not asked:
            raise ValueError("consent 'ask' needs a choice with consent: granted")
        return self

    def _check_out(self) -> None:
        """No caller is caught: ``failed`` and ``when_closed`` lead out, and not round in a circle."""
        for name, node in self.nodes.items():
            seen, at = {name}, node
            while (after := at.failed or at.when_closed) is not None:
                if after in seen:
                    raise ValueError(f"node {name}: 'failed' and 'when_closed' go round in a circle")
                seen.add(after)
                at = self.nodes[after]
