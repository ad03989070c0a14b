"""What texts are compared by: words that could be found again."""

from __future__ import annotations

import pytest

from dialogue.knowledge.bm25 import Bm25
from dialogue.knowledge.lexical import tokens


@pytest.mark.parametrize("text", ["E卡怎么用", "e", "ee", "the e", "充值E卡的说明"])
def test_no_token_is_empty(text: str) -> None:
    assert all(tokens(text))


def test_a_lone_letter_searches() -> None:
    scores = Bm25(["E卡的使用说明", "运费多少"]).scores("我想问一下E卡")
    assert scores[0] > scores[1]
