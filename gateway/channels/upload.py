"""Forms: multipart (RFC 7578) with one file, fields as text, the file in memory, both bounded; those of webhooks."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.errors import ProtocolError

_FIELD_BYTES = 8192
_FIELDS = 40
_URL_ENCODED = "application/x-www-form-urlencoded"
UNREADABLE = (
    *(ValueError, AssertionError, LookupError, RuntimeError),
    *(HttpProcessingError, web.RequestPayloadError, zlib.error),
)
"""What aiohttp's reader raises: a boundary, a header, an encoding, a character set, a length that is none."""


@dataclass(slots=True)
class Form:
    """What a form held."""

    file: bytes | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)
    """Values by name, in order; ``name[]`` counts as ``name``."""

    def one(self, name: str) -> str | None:
        """The last value of this name."""
        return self.fields.get(name, [None])[-1]


async def read_form(request: web.Request, max_bytes: int) -> Form:
    """The request's form; its file is the part ``file``, of at most ``max_bytes``. Raises ``ProtocolError``."""
    try:
        form = Form()
        parts: MultipartReader = await request.multipart()
        async for part in parts:
            if not isinstance(part, BodyPartReader):
                raise ProtocolError("a part of the form is a form itself; send plain fields and one file")
            await _take(form, part, max_bytes)
    except UNREADABLE as error:
        raise ProtocolError(
            "the body must be multipart/form-data with a part 'file' and the field 'model'", code="bad_form"
        ) from error
    return form


async def read_pairs(request: web.Request) -> list[tuple[str, str]]:
    """Names and values of a webhook's form, in order; nothing of a body that is no form, or cannot be read.

    Providers send URL-encoded forms in UTF-8; whether what was read is theirs is for the signature to say.
    """
    if request.content_type != _URL_ENCODED:
        return []
    text = (await request.read()).decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True)


async def _take(form: Form, part: BodyPartReader, max_bytes: int) -> None:
    # Bytes of a header that are no text come as halves of characters, which could not be sent back.
    name = (part.name or "").removesuffix("[]").encode("utf-8", "replace").decode()
    if name == "file":
        if form.file is not None:
            raise ProtocolError("field 'file' may come only once", param="file")
        form.file = await _bounded(part, max_bytes, "file")
        return
    if sum(map(len, form.fields.values())) >= _FIELDS:
        raise ProtocolError(f"the form has more than {_FIELDS} fields")
    value = await _bounded(part, _FIELD_BYTES, name)
    form.fields.setdefault(name, []).append(value.decode("utf-8", "replace"))


async def _bounded(part: BodyPartReader, limit: int, name: str) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(65536):
        data += chunk
        if len(data) > limit:
            raise ProtocolError(
                f"field '{name}' is larger than {limit} bytes", code="body_too_large", param=name, status=413
            )
    return bytes(part.decode(data)) if part.headers.get("Content-Transfer-Encoding") else bytes(data)
