"""A multipart form (RFC 7578) with one file: fields as text, the file in memory, both bounded."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import BodyPartReader, MultipartReader, web

from gateway.errors import ProtocolError

_FIELD_BYTES = 8192
_FIELDS = 40


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
    except (ValueError, AssertionError, KeyError, web.RequestPayloadError) as error:
        raise ProtocolError(
            "the body must be multipart/form-data with a part 'file' and the field 'model'", code="bad_form"
        ) from error
    return form


async def _take(form: Form, part: BodyPartReader, max_bytes: int) -> None:
    name = (part.name or "").removesuffix("[]")
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
