"""Understanding, what is said, and where facts come from: the models, the business, its shop and its knowledge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from dialogue.domains import businesses
from dialogue.prompts import Prompts
from gateway.config.section import PositiveSeconds, Section


class Triton(Section):
    """The model server."""

    url: str = ""
    """gRPC address of a Triton that already runs (host:port or unix:/path); empty: start the bundled one."""
    runtime_dir: str = "build/triton"
    """Where the bundled one keeps its socket, its back end and its log; one gateway each."""
    deadline_s: PositiveSeconds = 2.0
    max_concurrency: Annotated[int, Field(ge=1)] = 64
    generate_model: str = ""
    """Directory of a causal language model (transformers format); empty: SmolLM2-135M-Instruct, English only."""


class Nlu(Section):
    """Understanding."""

    classifier: Literal["triton", "keyword"] = "triton"
    deadline_s: PositiveSeconds = 1.0


class Dialogue(Section):
    """What is said."""

    notice_zh: str = ""
    """A notice before the first greeting, e.g. that calls are recorded; empty: none."""
    notice_en: str = ""
    uninterruptible: tuple[str, ...] = ("greeting.notice",)
    """Words that the customer cannot talk over: keys of dialogue/wording/zh.yaml; greeting.notice is the notice."""

    @field_validator("uninterruptible")
    @classmethod
    def _known(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        return Prompts(uninterruptible=keys).uninterruptible


class Generate(Section):
    """Free text by a language model; facts always come from shop and knowledge base, and every sentence is checked."""

    backend: Literal["triton", "openai", "off"] = "triton"
    mode: Literal["smalltalk", "rephrase", "answer"] = "smalltalk"
    """What it writes: small talk; also the skills' replies in other words; also answers that no skill has (openai)."""
    chinese: bool = False
    """True when the configured model writes Chinese (the bundled one does not)."""
    openai_url: str = ""
    """Base URL of an OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1."""
    openai_model: str = ""
    openai_key: SecretStr | None = None
    deadline_s: PositiveSeconds = 6.0
    max_tokens: Annotated[int, Field(ge=1, le=1024)] = 60
    first_sentence_s: PositiveSeconds = 2.5
    """A skill's reply is said as it is when its rewriting has not begun by then."""
    answer_deadline_s: PositiveSeconds = 10.0
    """For an answer with tool calls, all of them together; must end before turn_deadline_s."""
    answer_tokens: Annotated[int, Field(ge=1, le=4096)] = 300
    tool_calls: Annotated[int, Field(ge=1, le=16)] = 4
    """Look-ups that one answer may make."""


class Functions(Section):
    """Functions that clients of the Realtime API and of chat completions offer."""

    deadline_s: PositiveSeconds = 15.0
    """A function that gives nothing back for so long is given up with an apology (Realtime)."""
    intents: dict[str, str] = {}  # noqa: RUF012 - a model of pydantic copies its defaults
    """Function to the intent that it is called for, where it is not named like one."""


class Domain(Section):
    """The kind of business: what customers want, what is said, and which skills serve them."""

    name: str = "shop"
    """One of dialogue/domains, with the folder of the same name in nlu/domains; or the path of a folder of your own."""

    @field_validator("name")
    @classmethod
    def _exists(cls, name: str) -> str:
        if "/" not in name and name not in businesses():
            raise ValueError(f"there is no domain of this name; there are {', '.join(businesses())}")
        if "/" in name and not (Path(name) / "domain.yaml").is_file():
            raise ValueError(f"there is no {name}/domain.yaml; 'kefu domain new {name}' makes one")
        return name


class Shop(Section):
    """The shop back end."""

    backend: str = "sql"
    """``sql``: in Kefu's own database; ``rest``: behind the shop's HTTP API (dialogue/shop/rest_openapi.yaml)."""
    url: str = ""
    """Base address of that API, e.g. https://shop.example.com/kefu/v1."""
    token: SecretStr | None = None
    """Sent to it as Authorization: Bearer."""
    deadline_s: PositiveSeconds = 3.0
    """How long it may take to answer, all tries together; then the customer hears that it is away."""
    demo_data: bool = True
    """Seed the demo shop when the database is empty."""
    policies: str = ""
    """File with what the shop allows; empty: dialogue/policies/shop.yaml."""


class Knowledge(Section):
    """What the shop tells everybody: entries, and the documents that 'kefu kb ingest' has read."""

    entries: str = ""
    """Folder of entries (YAML) of the shop's own; empty: the demo shop's; none: only what was ingested."""
    engine: Literal["local", "opensearch", "elasticsearch"] = "local"
    """What searches: local is in process; the others ask a server that the shop runs."""
    url: str = Field("", repr=False)
    """Address of that server, user and password in it where it wants them, e.g. http://127.0.0.1:9200."""
    key: SecretStr | None = None
    """API key of that server, instead of user and password."""
    index: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")] = "kefu-knowledge"
    """Name of the index that Kefu keeps there."""
    refresh_s: PositiveSeconds = 30
    """How often the gateway looks for what 'kefu kb' has changed."""
