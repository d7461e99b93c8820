"""Prices by dimension values: usage by cell, each with its unit amount, none of it lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from usance.domain.rating.prices import ZERO, Cell, Matrix
from usance.domain.rating.working import Fact, Working

NO_VALUE = "(none)"  # how a dimension that the events lack is shown


class CellUsage(NamedTuple):
    """Usage under one combination of dimension values; a dimension that is absent has none."""

    values: Mapping[str, str | None]
    quantity: Decimal


class IncludedRule(StrEnum):
    """Which cells of a matrix a common number of included units is taken from."""

    PRO_RATA = "PRO_RATA"  # each by its share of the usage: our default
    DEAREST_FIRST = "DEAREST_FIRST"
    CHEAPEST_FIRST = "CHEAPEST_FIRST"


def by_cell(
    price: Matrix,
    usage: Sequence[CellUsage],
    *,
    included: Decimal = ZERO,
    rule: IncludedRule = IncludedRule.PRO_RATA,
) -> tuple[Decimal, Working, Decimal]:
    """The amount of all usage, its working, and the units in no cell, which nothing prices.

    Each usage is priced by its cell, after the included units common to all are taken off.
    """
    rates = [unit_amount_for(price, one.values) for one in usage]
    free = _included_split(usage, rates, included, rule)
    parts: list[Working] = []
    amount = unpriced = ZERO
    for one, unit_amount, taken in zip(usage, rates, free, strict=True):
        charged = one.quantity - taken
        facts: dict[str, Fact] = {"cell": _shown(price, one.values), "quantity": one.quantity}
        if included:
            facts |= {"included": taken, "charged": charged}
        if unit_amount is None:
            unpriced += charged
            parts.append(Working("unpriced", facts | {"amount": ZERO}))
            continue
        cost = charged * unit_amount
        amount += cost
        parts.append(Working("cell", facts | {"unitAmount": unit_amount, "amount": cost}))
    return amount, Working("matrix", {"amount": amount}, tuple(parts)), unpriced


def unit_amount_for(price: Matrix, values: Mapping[str, str | None]) -> Decimal | None:
    """The unit amount of the exact cell, else of the one with fewest open values, else default."""
    wanted = tuple(values.get(dimension) for dimension in price.dimensions)
    found = [cell for cell in price.cells if _matches(cell, wanted)]
    if not found:
        return price.default_unit_amount
    return min(found, key=lambda cell: cell.values.count(None)).unit_amount


def _matches(cell: Cell, wanted: Sequence[str | None]) -> bool:
    return all(
        value is None or value == want for value, want in zip(cell.values, wanted, strict=True)
    )


def _included_split(
    usage: Sequence[CellUsage],
    rates: Sequence[Decimal | None],
    included: Decimal,
    rule: IncludedRule,
) -> list[Decimal]:
    """How many of the included units each usage takes; together never more than there is."""
    whole = sum((one.quantity for one in usage), ZERO)
    left = min(included, abs(whole))
    free = [ZERO] * len(usage)
    if not left:
        return free
    if rule is IncludedRule.PRO_RATA:
        return [left * one.quantity / abs(whole) for one in usage]
    dearest = rule is IncludedRule.DEAREST_FIRST
    for index in sorted(range(len(usage)), key=lambda i: rates[i] or ZERO, reverse=dearest):
        free[index] = min(left, usage[index].quantity)
        left -= free[index]
    return free


def _shown(price: Matrix, values: Mapping[str, str | None]) -> str:
    found = [(name, values.get(name)) for name in price.dimensions]
    return ", ".join(f"{name}={NO_VALUE if value is None else value}" for name, value in found)
