"""Another process holds the database while a customer confirms: the answer comes late, the return is made once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.gateway_process import GatewayProcess
from tests.e2e.customer import say
from tests.e2e.shop_database import ShopDatabase

HELD_S = 2.0
WRITTEN_S = 10.0
ORDER = "42851470"
CONVERSATION = "e2e-locked"
HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Nobody else can write for ``HELD_S`` seconds."""
    command = [sys.executable, "-c", HOLD, str(path), str(HELD_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
    assert holder.returncode == 0


def test_a_return_confirmed_while_the_database_is_held_is_made_once(
    gateway: GatewayProcess, shop: ShopDatabase
) -> None:
    with shop.another_delivered_order(ORDER):
        for text in (f"订单{ORDER}我要退货", "全部", "不想要了"):
            read_back = say(gateway.url, text, CONVERSATION)
        assert "确认" in read_back["text"]
        with held(shop.path):
            started = time.monotonic()
            answer = say(gateway.url, "确认", CONVERSATION)
            waited_s = time.monotonic() - started
        assert waited_s > HELD_S / 2
        ((return_number, _, _),) = shop.returns(ORDER)
        assert return_number in answer["text"].replace(" ", "")

        # The words of the turn were not lost either; they are written when the store is back, without another turn.
        kept = "SELECT reply FROM turns WHERE conversation_id = ? ORDER BY turn_id DESC LIMIT 1"
        deadline = time.monotonic() + WRITTEN_S
        while return_number not in (shop.one(kept, answer["conversation_id"]) or "").replace(" ", ""):
            assert time.monotonic() < deadline, "the words of the turn were never written down"
            time.sleep(0.2)
        assert say(gateway.url, "确认", CONVERSATION)["text"]
        assert len(shop.returns(ORDER)) == 1
