"""tau2's world as Kefu sees it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dialogue.errors import ActionRefused
from dialogue.shop.types import LineChange, OrderStatus, PostalAddress
from tests.worlds.tau2_sample import AWAY, records
from tests.worlds.tau2_shop import RetailShop

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NEW = PostalAddress("2 High Road", "Suite 3", "Ely", "NV", "89301")


@pytest.fixture
def shop() -> RetailShop:
    return RetailShop(records(), NOW)


async def test_customers_are_found_by_mail_and_by_name(shop: RetailShop) -> None:
    by_mail = await shop.customer_by_email("Nora.Bell@example.com")
    assert by_mail == await shop.customer_by_name("nora bell", "89501") == await shop.customer("nora_bell_1")
    assert by_mail is not None
    assert by_mail.address == "1 Low Road, Reno, NV 89501, USA"
    assert await shop.customer_by_name("nora bell", "10001") is None
    assert await shop.customer_by_phone("19900000000") is None


async def test_orders_in_kefus_terms(shop: RetailShop) -> None:
    pending, delivered, processed = await shop.orders("nora_bell_1")
    assert [order.status for order in (pending, delivered, processed)] == [
        OrderStatus.PAID,
        OrderStatus.DELIVERED,
        OrderStatus.SHIPPED,
    ]
    assert delivered.lines[0].quantity == 2
    assert (pending.total, pending.payment_method) == (Decimal("15.50"), "gift_card_1")
    assert await shop.order("w0000001") == pending


async def test_products_variants_and_payment_methods(shop: RetailShop) -> None:
    assert [(one.sku, one.stock > 0) for one in await shop.variants("11")] == [
        ("11", True),
        ("12", True),
        ("13", False),
        ("14", True),
    ]
    assert [found.name for found in await shop.search_products("lamp")][:1] == ["Lamp"]
    methods = await shop.payment_methods("nora_bell_1")
    assert [(one.kind, one.label_en, one.balance) for one in methods] == [
        ("gift_card", "gift card", Decimal("15.00")),
        ("paypal", "PayPal", None),
        ("card", "Visa ending in 1234", None),
    ]


async def test_each_write_happens_once_for_its_key(shop: RetailShop) -> None:
    first = await shop.modify_order(
        "#W0000001", (LineChange("11", "12"),), payment_method="paypal_1", idempotency_key="k"
    )
    again = await shop.modify_order(
        "#W0000001", (LineChange("11", "12"),), payment_method="paypal_1", idempotency_key="k"
    )
    assert first == again
    assert first.modified
    with pytest.raises(ActionRefused, match="idempotency_key_reused"):
        await shop.cancel_order("#W0000001", "no longer needed", idempotency_key="k")


async def test_a_refused_write_leaves_its_key_free(shop: RetailShop) -> None:
    with pytest.raises(ActionRefused, match="refund_not_there"):
        await shop.create_return("#W0000002", ("12",), "", payment_method="credit_card_1", idempotency_key="k")
    made = await shop.create_return("#W0000002", ("12",), "", idempotency_key="k")
    assert (made.payment_method, made.amount) == ("paypal_1", Decimal("40.00"))
    assert shop.records.orders["#W0000002"]["return_items"] == ["12", "12"]


async def test_an_exchange_of_a_line_of_two_takes_both(shop: RetailShop) -> None:
    made = await shop.create_return("#W0000002", ("12",), "", kind="exchange", new_skus=("11",), idempotency_key="k")
    assert (made.kind, made.difference) == ("exchange", Decimal("-20.00"))


async def test_addresses_are_kept_in_parts(shop: RetailShop) -> None:
    order = await shop.change_address("#W0000001", NEW, idempotency_key="a")
    customer = await shop.change_account_address("nora_bell_1", NEW, idempotency_key="b")
    assert shop.records.orders["#W0000001"]["address"] == AWAY
    assert str(order.postal_address) == str(customer.postal_address) == "2 High Road, Suite 3, Ely, NV 89301, USA"
    with pytest.raises(ActionRefused, match="empty_address"):
        await shop.change_address("#W0000001", "somewhere", idempotency_key="c")


async def test_payment_changes_and_what_the_shop_does_not_have(shop: RetailShop) -> None:
    order = await shop.change_payment("#W0000001", "paypal_1", idempotency_key="a")
    assert order.payment_method == "paypal_1"
    with pytest.raises(ActionRefused, match="undo_over"):
        await shop.restore_order("#W0000001", idempotency_key="b")
    ticket = await shop.open_ticket(
        "complaint", customer_id="nora_bell_1", order_number=None, text="x", idempotency_key="c"
    )
    assert await shop.tickets("nora_bell_1") == (ticket,)
