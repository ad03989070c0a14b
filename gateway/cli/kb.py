"""``kefu kb``: what the shop tells everybody. ``ingest`` folders, files and URLs; ``list``, ``search``, ``remove``.

JSON: ``ingest`` {"root", "added", "changed", "unchanged", "removed", "failed", "skipped": [...], "chunks", "embedded",
"problems": [{"uri", "problem"}]}; ``list`` {"documents": [{"id", "uri", "root", "title", "chunks", "embedded",
"ingested_at"}]}; ``search`` {"hits": [{"id", "score", "confident", "title", "answer", "source"}]}; ``remove``
{"removed": n}.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from dialogue.database import migrate, open_database
from dialogue.knowledge.document_vectors import complete
from dialogue.knowledge.documents import language_of
from dialogue.knowledge.embedder import PROBE, EmbeddingClient, embed
from dialogue.knowledge.index import KnowledgeIndex
from dialogue.knowledge.ingest import Step, ingest
from dialogue.knowledge.sources import sources
from dialogue.knowledge.store import DocumentStore, Kept
from dialogue.policies import load_policies
from dialogue.shop.clock import wall_clock
from gateway.cli import ConfigOption, JsonOption, fail, run_or_fail, settings_or_fail
from gateway.config import ConfigError, Settings
from gateway.knowledge import shipped_entries
from inference_server.client import InferenceClient
from inference_server.errors import InferenceError

app = typer.Typer(no_args_is_help=True, help="Ingest, list, search and remove what the shop tells everybody.")
_MARKS = {
    "added": "[green]+[/]",
    "changed": "[green]~[/]",
    "unchanged": "[dim]=[/]",
    "removed": "[yellow]-[/]",
    "failed": "[red]✗[/]",
}
_PROBE_S = 2.0


@app.command("ingest")
def ingest_command(
    target: Annotated[str, typer.Argument(help="A folder, a file, a list of URLs (.txt, one a line) or a URL.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    force: Annotated[bool, typer.Option("--force", help="Read unchanged documents again.")] = False,
) -> None:
    """Bring the knowledge base up to date with Markdown, CSV, XLSX, HTML and PDF."""
    console = Console(stderr=True, highlight=False)
    found = _run(config, lambda settings, store: _ingest(settings, store, target, console, force=force))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    raise SystemExit(1 if found["failed"] else 0)


@app.command("list")
def list_command(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say which documents are kept."""
    kept: tuple[Kept, ...] = _run(config, lambda settings, store: store.list())
    if as_json:
        print(json.dumps({"documents": [_document(one) for one in kept]}, ensure_ascii=False))
        return
    root = ""
    for one in kept:
        if one.root != root:
            root = one.root
            print(root)
        waiting = f", {one.chunk_count - one.embedded} without vectors" if one.embedded < one.chunk_count else ""
        print(f"  {one.document_id}  {one.uri}  ({one.chunk_count} chunks{waiting})")
    if not kept:
        print("no documents; add some with: kefu kb ingest FOLDER")


@app.command("search")
def search_command(
    text: Annotated[str, typer.Argument(help="What a customer would ask.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    count: Annotated[int, typer.Option("--count", "-k", min=1, max=50)] = 5,
) -> None:
    """Show what would be found, best first; * marks what would be told."""
    hits = _run(config, lambda settings, store: _search(settings, store, text, count))
    if as_json:
        print(json.dumps({"hits": hits}, ensure_ascii=False))
        return
    for hit in hits:
        mark = "*" if hit["confident"] else " "
        print(f"{mark} {hit['score']:.2f}  {hit['title']}  [{hit['source']}]\n        {hit['answer']}")


@app.command("remove")
def remove_command(
    names: Annotated[list[str], typer.Argument(help="Ids, or what was ingested (folder, file, URL), as 'list' shows.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove documents."""
    removed = _run(config, lambda settings, store: _remove(store, names))
    if not removed:
        fail("no such document; 'kefu kb list' shows them")
    print(json.dumps({"removed": removed}) if as_json else f"removed {removed}")


async def _ingest(
    settings: Settings, store: DocumentStore, target: str, console: Console, *, force: bool
) -> dict[str, Any]:
    found = await asyncio.to_thread(sources, target)
    steps: list[Step] = []
    async for step in ingest(store, found, wall_clock, force=force):
        steps.append(step)
        detail = escape(step.problem) if step.problem else f"{step.chunks} chunks"
        console.print(
            f"{_MARKS[step.outcome]} [{len(steps)}/{len(found.found)}] {escape(step.uri)}: {detail}", soft_wrap=True
        )
    for uri in found.skipped:
        console.print(f"[dim]· {escape(uri)}: format not read[/]", soft_wrap=True)
    embedded = await _embed(settings, store, console)
    counts = Counter(step.outcome for step in steps)
    outcomes = {outcome: counts[outcome] for outcome in _MARKS}  # type: ignore[index]
    return {
        "root": found.root,
        **outcomes,
        "skipped": list(found.skipped),
        "chunks": sum(step.chunks for step in steps if step.outcome != "removed"),
        "embedded": embedded,
        "problems": [{"uri": step.uri, "problem": step.problem} for step in steps if step.problem],
    }


async def _embed(settings: Settings, store: DocumentStore, console: Console) -> bool:
    """Whether every chunk has its vectors now."""
    async with _client(settings) as client:
        try:
            if client is None:
                raise InferenceError
            probe = (await embed(client, [PROBE], "query", _PROBE_S))[0]
            with console.status("embedding") as status:
                kept = await store.entries()
                await complete(
                    store, kept, client, probe, lambda done, total: status.update(f"embedding {done}/{total}")
                )
        except InferenceError:
            console.print("the model server does not run: a gateway makes the vectors when it does", soft_wrap=True)
            return False
    return True


async def _search(settings: Settings, store: DocumentStore, text: str, count: int) -> list[dict[str, Any]]:
    policies = load_policies(Path(settings.shop.policies)) if settings.shop.policies else None
    async with _client(settings) as client:
        index = await KnowledgeIndex.open(client, shipped_entries(settings, policies), documents=store)
        language = language_of(text)
        hits = await index.search(text, language, count)
    return [
        {
            "id": hit.entry.entry_id,
            "score": round(hit.score, 4),
            "confident": hit.confident,
            "title": hit.entry.title(language),
            "answer": hit.entry.answer(language),
            "source": hit.entry.source,
        }
        for hit in hits
    ]


async def _remove(store: DocumentStore, names: list[str]) -> int:
    meant = {*names, *map(_resolved, names)}
    kept = await store.list()
    return await store.remove([one.document_id for one in kept if {one.document_id, one.root, one.uri} & meant])


def _resolved(name: str) -> str:
    return str(Path(name).expanduser().resolve())


def _url(settings: Settings) -> str:
    """The configured model server, or the one that a running gateway has started."""
    sockets = sorted(Path(settings.triton.runtime_dir).resolve().glob("triton-*.sock:*"))
    return settings.triton.url or (f"unix:{sockets[-1]}" if sockets else "")


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[EmbeddingClient | None]:
    """Of the model server; None where there is none."""
    url = _url(settings)
    if not url:
        yield None
        return
    client = InferenceClient(url, deadline_s=settings.triton.deadline_s)
    try:
        yield client
    finally:
        await client.close()


def _document(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.document_id,
        "uri": kept.uri,
        "root": kept.root,
        "title": kept.title,
        "chunks": kept.chunk_count,
        "embedded": kept.embedded,
        "ingested_at": kept.ingested_at.isoformat(),
    }


def _run(config: Path | None, command: Callable[[Settings, DocumentStore], Awaitable[Any]]) -> Any:
    settings = settings_or_fail(config)

    async def with_store() -> Any:
        engine = open_database(settings.database.url)
        try:
            await migrate(engine)
            return await command(settings, DocumentStore(engine))
        finally:
            await engine.dispose()

    try:
        return run_or_fail(lambda: asyncio.run(with_store()))
    except ConfigError as error:
        fail(str(error), 2)
