"""What counts as one customer at the door."""

from __future__ import annotations

import pytest

from gateway.address import rate_key


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_customer_has_a_whole_network(address: str, key: str) -> None:
    assert rate_key(address) == key
