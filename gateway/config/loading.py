"""All settings, and where they come from. Sources, strongest first: environment, the TOML file, the defaults."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.config.answers import Dialogue, Domain, Functions, Generate, Knowledge, Nlu, Shop, Triton
from gateway.config.secret_files import SecretFileError, with_secrets_read
from gateway.config.section import Section
from gateway.config.server import Database, Gateway, Log, Webrtc
from gateway.config.telephones import Asterisk, Exotel, Jambonz, Phone, Plivo, Sip, Telnyx, Twilio, Vonage
from gateway.config.voice import Asr, Floor, Listen, Tts

ENV_PREFIX = "KEFU_"


class ConfigError(Exception):
    """A setting is wrong; the message names it, where it came from and what it may be."""

    code = "config_error"


class Settings(Section):
    """All settings."""

    gateway: Gateway = Gateway()
    webrtc: Webrtc = Webrtc()
    asr: Asr = Asr()
    phone: Phone = Phone()
    twilio: Twilio = Twilio()
    telnyx: Telnyx = Telnyx()
    plivo: Plivo = Plivo()
    exotel: Exotel = Exotel()
    vonage: Vonage = Vonage()
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
    functions: Functions = Functions()
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
    origin: dict[str, str] = {}
    try:
        for section, fields in values.items():
            if isinstance(fields, dict):
                values[section] = with_secrets_read(fields, section, _model(section))
                origin |= {f"{section}.{name}": str(path) for name in values[section]}
        for section, fields in _from_environment(env).items():
            read = with_secrets_read(fields, section, _model(section))
            given = values.setdefault(section, {})
            if not isinstance(given, dict):
                raise ConfigError(f"setting '{section}' (from {path}) must be a table: [{section}]")
            given.update(read)
            origin |= {f"{section}.{name}": "environment " + f"{ENV_PREFIX}{section}_{name}".upper() for name in read}
    except SecretFileError as error:
        raise ConfigError(str(error)) from error
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


def _from_environment(env: dict[str, str]) -> dict[str, dict[str, Any]]:
    """By section and name."""
    found: dict[str, dict[str, Any]] = {}
    for variable, text in sorted(env.items()):
        if not variable.startswith(ENV_PREFIX) or variable in _OTHER_VARIABLES:
            continue
        section, _, name = variable.removeprefix(ENV_PREFIX).lower().partition("_")
        found.setdefault(section, {})[name] = _parse_env(section, name, text)
    return found


def _model(section: str) -> type[BaseModel] | None:
    field = Settings.model_fields.get(section)
    return field.annotation if field and isinstance(field.annotation, type) else None


def _parse_env(section: str, name: str, text: str) -> Any:
    """Lists are comma separated; everything else is left to pydantic."""
    model = _model(section)
    field = model.model_fields.get(name) if model else None
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
