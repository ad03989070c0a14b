"""Secrets in files of their own, as Docker and Kubernetes mount them: ``token_file`` names the file of ``token``.

One secret is the file without the white space around it; of several (``api_keys``) each has a line; passwords by name
(``sip.users``) are lines ``name:password``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

_SUFFIX = "_file"


class SecretFileError(Exception):
    """A file of a secret cannot be used; the message names the setting, never the secret."""


def with_secrets_read(fields: Mapping[str, Any], section: str, model: type[BaseModel] | None) -> dict[str, Any]:
    """``fields`` of one source with each ``NAME_file`` replaced by its ``NAME``. Raises ``SecretFileError``."""
    known = model.model_fields if model else {}
    found: dict[str, Any] = {}
    for name, value in fields.items():
        of = name.removesuffix(_SUFFIX)
        kind = str(known[of].annotation) if of in known else ""
        if of == name or name in known or "SecretStr" not in kind:
            found[name] = value
            continue
        if of in fields:
            raise SecretFileError(f"settings '{section}.{of}' and '{section}.{name}' are both given: keep one")
        found[of] = _parsed(_read(Path(str(value)), f"{section}.{name}"), kind)
    return found


def _read(path: Path, setting: str) -> str:
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SecretFileError(f"setting '{setting}': {path} cannot be read: {reason}") from error
    if not text:
        raise SecretFileError(f"setting '{setting}': {path} is empty")
    return text


def _parsed(text: str, kind: str) -> Any:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if kind.startswith("tuple"):
        return tuple(lines)
    if kind.startswith("dict"):
        return {name.strip(): password.strip() for name, _, password in (line.partition(":") for line in lines)}
    return text
