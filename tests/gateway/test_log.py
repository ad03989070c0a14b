"""What a log line may carry: ids, codes, counts and times; never words, numbers or the insides of a function."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import pytest

import gateway
from gateway import log

PHONE = "19912345678"


def logged(style: str, write: Callable[[], object], level: str = "info") -> str:
    """What ``write`` puts on standard error."""
    out = io.StringIO()
    with redirect_stderr(out):
        log.configure(level, style)
        write()
    return out.getvalue()


@pytest.mark.parametrize("style", ["json", "console"])
def test_fields_that_are_not_listed_are_not_logged(style: str) -> None:
    text = logged(style, lambda: log.logger(phone=PHONE).info("turn", intent="order_status", text=f"电话{PHONE}"))
    assert PHONE not in text
    assert "order_status" in text
    assert "<not logged>" in text


def test_a_line_is_one_json_object() -> None:
    def write() -> None:
        log.logger(conversation_id="web-1").warning("turn", turn_id=3, degraded=True)

    line = json.loads(logged("json", write))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "turn", "level": "warning", "conversation_id": "web-1", "turn_id": 3, "degraded": True
    }  # fmt: skip


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_where_and_no_values(style: str) -> None:
    def failing() -> None:
        customer_phone = PHONE
        try:
            raise ValueError(len(customer_phone) * "")
        except ValueError:
            log.logger().error("turn failed", code="internal", exc_info=True)

    text = logged(style, failing)
    assert "Traceback" in text
    assert "test_log.py" in text
    assert "customer_phone = PHONE" not in text
    assert PHONE not in text


class OurError(Exception):
    """As our packages raise them; their words hold no personal data."""


OurError.__module__ = "gateway.errors"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_librarys_words_are_not_logged_but_ours_are(style: str) -> None:
    def failing() -> None:
        try:
            try:
                raise ValueError(f"bad address: {PHONE}")
            except ValueError as error:
                raise OurError("the shop does not answer") from error
        except OurError:
            log.logger().error("turn failed", code="internal", exc_info=True)

    text = logged(style, failing)
    assert PHONE not in text
    assert "ValueError" in text
    assert "OurError: the shop does not answer" in text


def test_the_level_holds() -> None:
    assert logged("json", lambda: log.logger().info("turn"), level="warning") == ""
    assert logged("json", lambda: log.logger().debug("turn"), level="debug")


def _logged_fields() -> set[tuple[str, str]]:
    """(file, field) of every logging call in the gateway."""
    found = set()
    for file in Path(next(iter(gateway.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            owner = ast.unparse(node.func.value)
            if node.func.attr in {"info", "warning", "error", "debug"} and ("log" in owner or "events" in owner):
                found |= {(file.name, keyword.arg or "**") for keyword in node.keywords}
            if ast.unparse(node.func) == "log.logger":
                found |= {(file.name, keyword.arg or "**") for keyword in node.keywords}
    return found


def test_every_field_the_gateway_logs_is_listed() -> None:
    fields = _logged_fields()
    assert len(fields) > 20
    assert {(file, name) for file, name in fields if name not in log.ALLOWED_FIELDS} == set()


def test_no_message_is_made_of_values() -> None:
    for file in Path(next(iter(gateway.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"info", "warning", "error", "debug"}
                and "log" in ast.unparse(node.func.value)
            ):
                assert isinstance(node.args[0], ast.Constant), f"{file.name}:{node.lineno}"
