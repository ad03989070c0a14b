"""The tables of what a shop ingested. Chunks go with their document (ON DELETE CASCADE)."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Date, ForeignKey, Integer, LargeBinary, String, Table, Text

from dialogue.database import UtcDateTime, metadata

documents = Table(
    "knowledge_documents",
    metadata,
    Column("document_id", String(12), primary_key=True),
    Column("uri", Text, nullable=False),
    # What was ingested: a document that is gone from it goes with its next ingest.
    Column("root", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("ingested_at", UtcDateTime, nullable=False),
)

chunks = Table(
    "knowledge_chunks",
    metadata,
    Column(
        "document_id",
        ForeignKey("knowledge_documents.document_id", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    ),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("questions", JSON, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    # float16 [texts, 384], little-endian; null until a model has embedded them.
    Column("vectors", LargeBinary),
    # float16 [384]: the probe's vector by that model.
    Column("probe", LargeBinary),
)
