"""``python -m nlu``."""

from __future__ import annotations

import argparse
import json

import pytest

from nlu.__main__ import expectation, main
from nlu.types import Expectation


def test_prints_the_parse_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["昨天花了十五块五买的，我要退货"]) == 0
    parse = json.loads(capsys.readouterr().out)
    assert parse["intent"] == "return_request"
    assert {slot["name"]: slot["value"] for slot in parse["slots"]}["amount"] == "15.5"


def test_expectation() -> None:
    assert expectation("digits:order_number:8") == Expectation("digits", "order_number", 8)
    assert expectation("yes_no") == Expectation("yes_no")
    for wrong in ("maybe", "digits:nothing", "digits:phone:x"):
        with pytest.raises(argparse.ArgumentTypeError):
            expectation(wrong)
