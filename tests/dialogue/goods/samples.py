"""Products made by hand."""

from __future__ import annotations

from decimal import Decimal

from dialogue.shop.types import Product, ReviewSummary


def product(
    sku: str = "A001",
    name: str = "云朵加湿器",
    *,
    name_en: str = "Cloud Humidifier",
    price: str = "100",
    stock: int = 5,
    description: str = "",
    **attributes: str,
) -> Product:
    """A product of the catalogue."""
    return Product(
        sku, name, name_en, "小家电", Decimal(price), stock, True, 12, attributes, description or f"{name}：好用。"
    )


def reviews(*, count: int = 100, average: float = 4.5, praised: str = "", criticised: str = "") -> ReviewSummary:
    """What customers say; words by blanks."""
    return ReviewSummary("A001", count, average, tuple(praised.split()), tuple(criticised.split()))
