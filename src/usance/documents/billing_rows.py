"""Prices as rows of a pricing model, and rows as prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from usance.documents.pricing_models import PRICING_MODELS, PricingModel, RowInput
from usance.domain.contracts.billing_draft import BillingRow
from usance.domain.contracts.order import Segment
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.rating.prices import Flat, Graduated, Package, PerUnit, Tier, Volume

ONE = Decimal(1)
MODEL_OF = {model.id: model for model in PRICING_MODELS}
FIELDS = {
    RowInput.QUANTITY: "quantity",
    RowInput.PRICE: "price",
    RowInput.FROM: "start",
    RowInput.TO: "end",
    RowInput.PACKAGE_SIZE: "package_size",
}


class Priced(NamedTuple):
    """A price in the order form's notation, and how many; None: counted, or one."""

    price: dict[str, object]
    quantity: Decimal | None


class Rowed(NamedTuple):
    """A pricing model and its rows."""

    model_id: str
    rows: tuple[BillingRow, ...]


def model_of(model_id: str, path: str) -> PricingModel:
    """The pricing model of that id. Raises Invalid (UnknownPricingModel)."""
    if model_id not in MODEL_OF:
        expected = " or ".join(MODEL_OF)
        raise Invalid(Problem("UnknownPricingModel", path, model_id[:80], expected))
    return MODEL_OF[model_id]


def check_rows(model: PricingModel, rows: Sequence[BillingRow], path: str) -> None:
    """Raises Invalid with every row that the model does not have."""
    refuse_if(list(_row_problems(model, rows, path)))


def priced(model: PricingModel, rows: Sequence[BillingRow]) -> Priced:
    """What the rows come to; they were checked."""
    quantity = rows[0].quantity if RowInput.QUANTITY in model.inputs else None
    price: dict[str, object] = {"model": model.model}
    match model.model:
        case "FLAT":
            price["amount"] = _text(rows[0].price)
        case "PER_UNIT":
            price["unitAmount"] = _text(rows[0].price)
        case "PACKAGE":
            price["packageAmount"] = _text(rows[0].price)
            price["packageSize"] = _text(rows[0].package_size)
        case _:
            price["tiers"] = [
                {
                    "upTo": None if row.end is None else _text(row.end),
                    "unitAmount": _text(row.price),
                }
                for row in rows
            ]
    return Priced(price, quantity)


def rows_of(segment: Segment, kind: LineKind) -> Rowed | None:
    """The rows that say what a step of a line costs; None: no pricing model says that."""
    is_usage = kind is LineKind.USAGE
    quantity = None if is_usage else segment.quantity
    prefix = "usage-" if is_usage else ""
    match segment.pricing.price:
        case Flat(amount) if not is_usage and segment.quantity == ONE:
            return Rowed("flat-fee", (BillingRow(price=amount),))
        case PerUnit(amount):
            return Rowed(f"{prefix}per-unit", (BillingRow(quantity=quantity, price=amount),))
        case Package(size, amount) as package if package == Package(size, amount):
            row = BillingRow(quantity=quantity, price=amount, package_size=size)
            return Rowed(f"{prefix}package", (row,))
        case Graduated(tiers) as price if price == Graduated(tiers) and _are_plain(tiers):
            return Rowed(f"{prefix}graduated", tuple(_tier_rows(tiers, quantity)))
        case Volume(tiers) as price if price == Volume(tiers) and _are_plain(tiers):
            return Rowed(f"{prefix}volume", tuple(_tier_rows(tiers, quantity)))
        case _:
            return None


def _are_plain(tiers: Sequence[Tier]) -> bool:
    return all(tier == Tier(tier.up_to, tier.unit_amount) for tier in tiers)


def _tier_rows(tiers: Sequence[Tier], quantity: Decimal | None) -> Iterator[BillingRow]:
    start = Decimal(0)
    for tier in tiers:
        yield BillingRow(quantity=quantity, price=tier.unit_amount, start=start, end=tier.up_to)
        start = start if tier.up_to is None else tier.up_to


def _row_problems(model: PricingModel, rows: Sequence[BillingRow], path: str) -> Iterator[Problem]:
    is_tiered = RowInput.TO in model.inputs
    if not rows or (len(rows) > 1 and not is_tiered):
        expected = "one row or more" if is_tiered else "one row"
        yield Problem("WrongRows", path, str(len(rows)), f"{expected}, for {model.name} has that")
        return
    for index, row in enumerate(rows):
        yield from _own_problems(model, row, f"{path}[{index}]", is_first=index == 0)
    if is_tiered:
        yield from _tier_problems(rows, path)


def _own_problems(
    model: PricingModel, row: BillingRow, path: str, *, is_first: bool
) -> Iterator[Problem]:
    for name, field in FIELDS.items():
        value = getattr(row, field)
        if value is not None and name not in model.inputs:
            inputs = ", ".join(model.inputs)
            expected = f"nothing: {model.name} has {inputs}"
            yield Problem("NotOfThisModel", f"{path}.{name}", f"{value:f}", expected)
        is_needed = name in (RowInput.PRICE, RowInput.PACKAGE_SIZE) or (
            name is RowInput.QUANTITY and is_first
        )
        if value is None and is_needed and name in model.inputs:
            yield Problem("MissingField", f"{path}.{name}", "", f"a {name}")


def _tier_problems(rows: Sequence[BillingRow], path: str) -> Iterator[Problem]:
    """A tier begins where the one before it ends, or one unit later."""
    reached: Decimal | None = Decimal(0)
    for index, row in enumerate(rows):
        if reached is None:
            expected = "the end of the tier before it"
            yield Problem("TierGap", f"{path}[{index - 1}].to", "", expected)
            return
        if row.start is not None and row.start not in (reached, reached + 1):
            expected = f"{reached:f}, where the tier before it ends"
            yield Problem("TierGap", f"{path}[{index}].from", f"{row.start:f}", expected)
        reached = row.end
    if reached is not None:
        expected = "nothing: the last tier has no end"
        yield Problem("LastTierEnds", f"{path}[{len(rows) - 1}].to", f"{reached:f}", expected)


def _text(value: Decimal | None) -> str:
    assert value is not None, "the rows were checked"
    return f"{value:f}"
