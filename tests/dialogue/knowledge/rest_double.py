"""A local double of the part of OpenSearch and Elasticsearch that ``RestEngine`` speaks. Strict: what the real ones
would refuse (an unknown field, a wrong dimension, NDJSON without its last newline, the other dialect) it refuses too.

Scores are not those of Lucene: words count characters in common, vectors compare by cosine, exactly.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from aiohttp import web

DIMENSION = 384
_OPENSEARCH_VECTOR = {
    "type": "knn_vector",
    "dimension": DIMENSION,
    "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"},
}
_ELASTIC_VECTOR = {"type": "dense_vector", "dims": DIMENSION, "index": True, "similarity": "cosine"}


class SearchDouble:
    """One server with any number of indices."""

    def __init__(self, dialect: str, key: str | None = None) -> None:
        self.dialect, self.key = dialect, key
        self.indices: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.down = False

    def app(self) -> web.Application:
        """Every route that is spoken, and no other."""
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self._gate])
        app.router.add_head("/{index}", self._exists)
        app.router.add_put("/{index}", self._create)
        app.router.add_get("/{index}/_mapping", self._mapping, allow_head=False)
        app.router.add_put("/{index}/_mapping", self._put_mapping)
        app.router.add_post("/{index}/_bulk", self._bulk)
        app.router.add_post("/{index}/_refresh", self._refresh)
        app.router.add_post("/{index}/_delete_by_query", self._delete_by_query)
        app.router.add_post("/_msearch", self._msearch)
        return app

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if self.down:
            raise web.HTTPServiceUnavailable
        if self.key and request.headers.get("Authorization") != f"ApiKey {self.key}":
            raise web.HTTPUnauthorized
        if request.can_read_body:
            bulk = request.path.endswith(("_bulk", "_msearch"))
            _must(request.content_type == ("application/x-ndjson" if bulk else "application/json"), "content type")
        response: web.StreamResponse = await handler(request)
        return response

    def _index(self, request: web.Request) -> dict[str, Any]:
        name = request.match_info["index"]
        if name not in self.indices:
            raise web.HTTPNotFound(text=json.dumps({"error": {"type": "index_not_found_exception"}}))
        return self.indices[name]

    async def _exists(self, request: web.Request) -> web.Response:
        self._index(request)
        return web.Response()

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        if request.match_info["index"] in self.indices:
            raise web.HTTPBadRequest(text="resource_already_exists_exception")
        opensearch = self.dialect == "opensearch"
        _must(set(body) == ({"settings", "mappings"} if opensearch else {"mappings"}), "body")
        _must(not opensearch or body["settings"] == {"index.knn": True}, "index.knn")
        properties = body["mappings"]["properties"]
        _must(properties["vector"] == (_OPENSEARCH_VECTOR if opensearch else _ELASTIC_VECTOR), "vector mapping")
        _must(properties["text"] == {"type": "text", "analyzer": "cjk"}, "text mapping")
        self.indices[request.match_info["index"]] = {"properties": properties, "meta": {}, "rows": {}, "searchable": {}}
        return web.json_response({"acknowledged": True})

    async def _mapping(self, request: web.Request) -> web.Response:
        index = self._index(request)
        mappings = {"properties": index["properties"], **({"_meta": index["meta"]} if index["meta"] else {})}
        return web.json_response({f"{request.match_info['index']}-000001": {"mappings": mappings}})

    async def _put_mapping(self, request: web.Request) -> web.Response:
        body = await request.json()
        _must(set(body) == {"_meta"}, "only _meta is changed")
        self._index(request)["meta"] = body["_meta"]
        return web.json_response({"acknowledged": True})

    async def _bulk(self, request: web.Request) -> web.Response:
        index, lines = self._index(request), await _lines(request)
        _must(len(lines) % 2 == 0, "pairs of lines")
        items = []
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            _must(set(action) == {"index"} and set(action["index"]) == {"_id"}, "bulk action")
            _must(len(action["index"]["_id"].encode()) <= 512, "id is at most 512 bytes")
            _must(set(source) == set(index["properties"]), f"fields {set(source) ^ set(index['properties'])}")
            _must(len(source["vector"]) == DIMENSION and any(source["vector"]), "vector")
            index["rows"][action["index"]["_id"]] = source
            items.append({"index": {"_id": action["index"]["_id"], "status": 201}})
        return web.json_response({"errors": False, "items": items})

    async def _refresh(self, request: web.Request) -> web.Response:
        index = self._index(request)
        index["searchable"] = dict(index["rows"])
        return web.json_response({"_shards": {}})

    async def _delete_by_query(self, request: web.Request) -> web.Response:
        index, body = self._index(request), await request.json()
        (clause,) = body["query"]["bool"]["must_not"]
        ((field, value),) = clause["term"].items()
        _must(index["properties"][field]["type"] == "keyword", "term needs a keyword field")
        gone = [key for key, row in index["searchable"].items() if row[field] != value]
        for key in gone:
            index["rows"].pop(key, None)
            index["searchable"].pop(key)
        return web.json_response({"deleted": len(gone), "failures": []})

    async def _msearch(self, request: web.Request) -> web.Response:
        lines = await _lines(request)
        _must(len(lines) % 2 == 0, "pairs of lines")
        responses = []
        for head, body in zip(lines[::2], lines[1::2], strict=True):
            if head["index"] not in self.indices:
                responses.append({"error": {"type": "index_not_found_exception"}, "status": 404})
                continue
            rows = self.indices[head["index"]]["searchable"]
            responses.append({"hits": {"hits": self._found(rows, body)}, "status": 200})
        return web.json_response({"responses": responses})

    def _found(self, rows: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
        extra = set(body) - {"query", "knn", "size", "_source"}
        _must(not extra, f"unknown {extra}")
        if "knn" in body:
            _must(self.dialect == "elasticsearch", "top-level knn is Elasticsearch's")
            clause = body["knn"]
            _must(set(clause) == {"field", "query_vector", "k", "num_candidates", "filter"}, "knn clause")
            _must(clause["k"] <= clause["num_candidates"] <= 10_000, "num_candidates")
            vector, held = clause["query_vector"], clause["filter"]
        elif "knn" in body["query"]:
            _must(self.dialect == "opensearch", "a knn query with a nested field is OpenSearch's")
            ((field, clause),) = body["query"]["knn"].items()
            _must(field == "vector" and set(clause) == {"vector", "k", "filter"}, "knn query")
            vector, held = clause["vector"], clause["filter"]
        else:
            (match,) = body["query"]["bool"]["must"]
            text = match["match"]["text"]
            scores = {key: len(set(text) & set(row["text"])) for key, row in rows.items()}
            return _hits(rows, {key: score for key, score in scores.items() if score}, body["query"], body)
        _must(len(vector) == DIMENSION, "dimension")
        cosines = {key: 1 + float(np.dot(row["vector"], vector)) for key, row in rows.items()}
        return _hits(rows, cosines, held, body)


def _hits(
    rows: dict[str, Any], scores: dict[str, float], held: dict[str, Any], body: dict[str, Any]
) -> list[dict[str, Any]]:
    kept = [key for key in scores if all(_holds(rows[key], clause) for clause in held["bool"]["filter"])]
    best = sorted(kept, key=lambda key: (-scores[key], key))[: body["size"]]
    return [
        {"_id": key, "_score": scores[key], "_source": {name: rows[key][name] for name in body["_source"]}}
        for key in best
    ]


def _holds(row: dict[str, Any], clause: dict[str, Any]) -> bool:
    ((field, bounds),) = clause["range"].items()
    ((bound, day),) = bounds.items()
    return bool(row[field] <= day if bound == "lte" else row[field] >= day)


async def _lines(request: web.Request) -> list[Any]:
    text = await request.text()
    _must(text.endswith("\n"), "NDJSON ends with a newline")
    return [json.loads(line) for line in text.splitlines()]


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise web.HTTPBadRequest(text=json.dumps({"error": {"type": "parsing_exception", "reason": what}}))
