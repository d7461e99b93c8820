"""First orders of one line, for tests of what a line may say."""

from __future__ import annotations

from typing import Any

import pytest

from usance.documents.order_form import order_from, plain_order
from usance.domain.contracts.order import Order, OrderLine
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import OrderId

FLAT = {"model": "FLAT", "amount": "1200.00"}
MONTHLY = {"every": {"unit": "MONTH"}}
USAGE = {
    "kind": "USAGE",
    "price": {"model": "PER_UNIT", "unitAmount": "0.01"},
    "billing": MONTHLY,
    "featureId": "api",
}
MINIMUM = {"kind": "COMMITMENT", "amount": "500.00", "billing": MONTHLY}


def form(*lines: dict[str, Any], **order: Any) -> dict[str, Any]:
    """A year from January 2025 of lines that are recurring unless they say otherwise."""
    usual = {"name": "A line", "kind": "RECURRING"}
    named = [{"lineId": f"l{index}"} | usual | line for index, line in enumerate(lines)]
    parties = {"customerId": "acme", "legalEntityId": "usance-us", "currency": "USD"}
    return {"term": {"start": "2025-01-01", "months": 12}, "lines": named} | parties | order


def read(*lines: dict[str, Any], **order: Any) -> Order:
    """The order of these lines, which is the same when written and read again."""
    made = order_from(form(*lines, **order), order_id=OrderId("ord_1"))
    assert order_from(plain_order(made), order_id=OrderId("ord_2")) == made
    return made


def line(**fields: Any) -> OrderLine:
    """The only line of an order, recurring at 1,200.00 unless it says otherwise."""
    return read(fields).lines[0]


def refused(*lines: dict[str, Any], **order: Any) -> list[Problem]:
    """What is wrong with an order of these lines."""
    with pytest.raises(Invalid) as found:
        order_from(form(*lines, **order), order_id=OrderId("ord_1"))
    return list(found.value.problems)


def codes(*lines: dict[str, Any], **order: Any) -> list[tuple[str, str]]:
    """Code and path of each problem."""
    return [(problem.code, problem.path) for problem in refused(*lines, **order)]
