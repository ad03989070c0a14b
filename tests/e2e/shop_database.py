"""The gateway's SQLite file, read by the tests from outside: what is in the shop and what was kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.shop.demo import DEMO_CUSTOMER_ID


@dataclass(frozen=True, slots=True)
class ShopDatabase:
    """Opened for every question, so that it holds no lock."""

    path: Path

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The answer of ``query``."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        """The only value of the answer."""
        ((value,),) = self.rows(query, *values)
        return value

    def carrier(self, order_number: str) -> str:
        """Who brings this order."""
        return str(self.one("SELECT carrier FROM shop_shipments WHERE order_number = ?", order_number))

    def returns(self, order_number: str) -> list[tuple[Any, ...]]:
        """(return_number, kind, skus) of this order."""
        query = "SELECT return_number, kind, skus FROM shop_returns WHERE order_number = ?"
        return self.rows(query, order_number)

    def foreign_order(self) -> str:
        """A shipped order of another customer than the one who is signed in; always the same one.

        Without 0, 1 and 4, which whisper may hear as 00, 要 and 次: the question here is only whose order it is.
        """
        query = "SELECT min(order_number) FROM shop_orders WHERE status = 'shipped' AND customer_id != ?"
        return str(self.one(f"{query} AND order_number NOT GLOB '*[014]*'", DEMO_CUSTOMER_ID))

    def secrets_of(self, order_number: str) -> list[str]:
        """What only the owner of this order may hear."""
        parcels = "SELECT tracking_number, carrier, carrier_en FROM shop_shipments WHERE order_number = ?"
        lines = "SELECT name, name_en FROM shop_order_lines WHERE order_number = ?"
        owner = "SELECT c.name, c.phone, c.address FROM shop_customers c JOIN shop_orders USING (customer_id)"
        found = [*self.rows(parcels, order_number), *self.rows(lines, order_number)]
        found += self.rows(f"{owner} WHERE order_number = ?", order_number)
        return [str(value) for row in found for value in row]

    @contextmanager
    def another_delivered_order(self, order_number: str) -> Iterator[str]:
        """The signed-in customer's delivered order once more, under ``order_number``; taken away afterwards."""
        like = "SELECT order_number FROM shop_orders WHERE customer_id = ? AND status = 'delivered'"
        original = str(self.one(like, DEMO_CUSTOMER_ID))
        with closing(sqlite3.connect(self.path, timeout=10)) as connection, connection:
            for table in ("shop_orders", "shop_order_lines"):
                row = connection.execute(f"SELECT * FROM {table} WHERE order_number = ?", (original,))
                names = [column[0] for column in row.description]
                copied = [
                    tuple(order_number if n == "order_number" else v for n, v in zip(names, r, strict=True))
                    for r in row
                ]
                connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(names))})", copied)
        yield order_number
        with closing(sqlite3.connect(self.path, timeout=10)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM shop_orders WHERE order_number = ?", (order_number,))
