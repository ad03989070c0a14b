"""What the shop allows, as data: ``shop.yaml``, or the file that ``[shop] policies`` names, in; ``Policies`` out.

``dialogue.shop.rules`` reads the values; nothing else knows a number of days. A file must be whole: what it leaves out
is an error, not a default of ours. Errors name the file, the field and what is allowed there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from dialogue.errors import PoliciesInvalid
from dialogue.policies.schema import Policies

__all__ = ["Policies", "facts", "load_policies", "shipped_policies"]

SHIPPED = Path(__file__).parent / "shop.yaml"


@cache
def shipped_policies() -> Policies:
    """The demo shop's."""
    return load_policies(SHIPPED)


def load_policies(path: Path) -> Policies:
    """The policies in ``path``. Raises ``PoliciesInvalid``."""
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise PoliciesInvalid(f"cannot read the policies {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PoliciesInvalid(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return Policies.model_validate(data)
    except ValidationError as error:
        raise PoliciesInvalid("; ".join(_explain(item, path) for item in error.errors())) from error


def facts(policies: Policies) -> dict[str, Any]:
    """The numbers that texts quote, by a flat name: ``{return_days}`` in an answer is filled in with them."""
    returns = policies.returns
    return {
        "return_days": returns.reasons["no_reason"].days,
        "quality_days": returns.reasons["quality"].days,
        "return_freight": f"{returns.freight_yuan.normalize():f}",
        "refund_days": policies.refund.returned.days,
        "cancel_refund_days": policies.refund.cancelled.days,
        "price_days": policies.price_protection.days,
        "urge_hours": policies.urge.every_hours,
        "restore_minutes": policies.undo.restore_minutes,
        "pickup_first_day": policies.pickup.first_day,
        "pickup_last_day": policies.pickup.last_day,
        "pickup_morning": policies.pickup.parts["morning"].text,
        "pickup_afternoon": policies.pickup.parts["afternoon"].text,
        "points_per_yuan": policies.membership.points_per_yuan,
        "points_for_one_yuan": policies.membership.points_for_one_yuan,
        "points_months": policies.membership.points_months,
    }


def _explain(item: Any, path: Path) -> str:
    loc, message = item["loc"], item["msg"].removeprefix("Value error, ")
    field = ".".join(str(part) for part in loc)
    match item["type"]:
        case "extra_forbidden":
            return f"{path}: {field} does not exist; allowed here: {', '.join(_fields_at(loc[:-1]))}"
        case "missing":
            return f"{path}: {field} is missing"
        case _:
            given = item["input"]
            shown = f" (it is {given!r})" if isinstance(given, str | int | float) else ""
            return ": ".join(part for part in (str(path), field, message) if part) + shown


def _fields_at(loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """The fields of the model at ``loc``; an open mapping passes its value's model on."""
    model: Any = Policies
    for part in loc:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[str(part)].annotation
        else:
            model = next((each for each in getattr(model, "__args__", ()) if _is_model(each)), model)
    return tuple(model.model_fields) if _is_model(model) else ()


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
