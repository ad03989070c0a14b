"""What ``kefu kb ingest`` is given, a folder, a file, a list of addresses or one address; out come documents' bytes.

A list of addresses is a text file whose lines are all URLs, blank or comments (#).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from dialogue.knowledge.documents import BadDocument
from dialogue.knowledge.readers import READERS

MOST_BYTES = 50 * 1024 * 1024
_FETCH_S = 30.0
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_TYPES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it was found."""

    suffix: str
    """In lower case, with its dot."""
    data: bytes


Load = Callable[[], Awaitable[Fetched]]


@dataclass(frozen=True, slots=True)
class Source:
    """One document to be read."""

    uri: str
    load: Load
    """Raises ``BadDocument``."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to ingest."""

    root: str
    found: tuple[Source, ...]
    skipped: tuple[str, ...]
    """Files of a folder whose format cannot be read."""


def sources(target: str) -> Sources:
    """The documents of ``target``. Raises ``BadDocument`` where there is nothing."""
    if _URL.fullmatch(target):
        return Sources(target, (_of_url(target),), ())
    path = Path(target).expanduser().resolve()
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise BadDocument("there is no such file or folder", "give a folder, a file or a URL", target)
    urls = tuple(_urls(path))
    if urls:
        return Sources(str(path), tuple(_of_url(url) for url in urls), ())
    return Sources(str(path), (_of_file(path, path.name),), ())


def _of_folder(folder: Path) -> Sources:
    found, skipped = [], []
    for path in sorted(folder.rglob("*")):
        uri = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith((".", "~$")) for part in Path(uri).parts):
            continue
        if path.suffix.lower() in READERS:
            found.append(_of_file(path, uri))
        else:
            skipped.append(uri)
    return Sources(str(folder), tuple(found), tuple(skipped))


def _urls(path: Path) -> Iterator[str]:
    if path.suffix.lower() not in {".txt", ".urls", ".list"} or path.stat().st_size > MOST_BYTES:
        return
    lines = [line.strip() for line in path.read_text("utf-8", errors="replace").splitlines()]
    meant = [line for line in lines if line and not line.startswith("#")]
    if all(_URL.fullmatch(line) for line in meant):
        yield from dict.fromkeys(meant)


def _of_file(path: Path, uri: str) -> Source:
    async def load() -> Fetched:
        return await asyncio.to_thread(_read, path)

    return Source(uri, load)


def _read(path: Path) -> Fetched:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadDocument(f"it is larger than {MOST_BYTES >> 20} MiB", "split it")
        return Fetched(path.suffix.lower(), path.read_bytes())
    except OSError as error:
        raise BadDocument(f"it cannot be opened ({error.strerror})", "check that it may be read") from error


def _of_url(url: str) -> Source:
    async def load() -> Fetched:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_FETCH_S)) as session,
                session.get(url) as response,
            ):
                if response.status != 200:
                    raise BadDocument(f"the server answered {response.status}", "check the address")
                data = await response.content.read(MOST_BYTES + 1)
                while len(data) <= MOST_BYTES and (more := await response.content.read(MOST_BYTES)):
                    data += more
                kind = response.content_type
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise BadDocument(
                f"it cannot be fetched ({type(error).__name__})", "check the address and try again"
            ) from error
        if len(data) > MOST_BYTES:
            raise BadDocument(f"it is larger than {MOST_BYTES >> 20} MiB", "split it")
        path = Path(url.split("?", 1)[0].split("#", 1)[0]).suffix.lower()
        # Servers send Markdown and CSV as plain text; a suffix that can be read says more.
        suffix = (
            path if kind in {"text/plain", "application/octet-stream"} and path in READERS else _TYPES.get(kind, path)
        )
        return Fetched(suffix, data)

    return Source(url, load)
