"""What every domain's back end has: who the customer is. Skills know the rest of theirs; a shop's is ``Shop``."""

from __future__ import annotations

from typing import Protocol


class Person(Protocol):
    """A customer as far as every domain knows one."""

    @property
    def customer_id(self) -> str:
        """Unique in the back end."""
        ...

    @property
    def name(self) -> str:
        """How they are called."""
        ...


class Backend(Protocol):
    """The system of record behind the skills. All methods raise ``ShopUnavailable`` when it does not answer."""

    async def customer(self, customer_id: str) -> Person | None:
        """READ the customer, None when unknown."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
