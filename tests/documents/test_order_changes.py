"""Changes of lines that are there: each says one thing, and what an expansion may say is less."""

from __future__ import annotations

from typing import Any

import pytest

from tests.documents.test_order_kinds import ON, problems, read

PRICE = {"model": "FLAT", "amount": "9.00"}


def found(kind: str = "AMENDMENT", **change: Any) -> list[tuple[str, str]]:
    return problems(kind, **ON, changes=[{"lineId": "seats", **change}])


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({}, "EmptyChange", ""),
        ({"from": "2025-08-01"}, "EmptyChange", ""),
        ({"end": False}, "EmptyChange", ""),
        ({"quantity": 1, "addQuantity": 1}, "AmbiguousChange", ".addQuantity"),
        ({"end": True, "quantity": 1}, "AmbiguousChange", ".quantity"),
        ({"end": True, "until": "2026-01-01"}, "AmbiguousChange", ".until"),
        ({"quantity": -1}, "NegativeQuantity", ".quantity"),
        ({"quantity": 1, "from": "2025-06-30"}, "ChangeBeforeOrder", ".from"),
        ({"quantity": 1, "until": "2025-07-01"}, "EmptyPeriod", ".until"),
        ({"price": {"model": "FLAT", "amount": -1}}, "NegativePrice", ".price.amount"),
        ({"discount": {"percent": 101}}, "InvalidDiscount", ".discount.percent"),
        ({"discount": {"reason": "none"}}, "InvalidDiscount", ".discount.percent"),
        ({"quantity": 1, "colour": "red"}, "UnknownField", ".colour"),
    ],
)
def test_a_change_says_one_thing_that_can_be(change: dict[str, Any], code: str, path: str) -> None:
    assert found(**change) == [(code, f"changes[0]{path}")]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 9},
        {"addQuantity": 0},
        {"addQuantity": -3},
        {"price": PRICE},
        {"discount": {"percent": 5}},
        {"end": True},
    ],
)
def test_an_expansion_adds_and_nothing_else(change: dict[str, Any]) -> None:
    codes = [code for code, _ in found("EXPANSION", **change)]
    assert "NotOfThisKind" in codes


def test_an_amendment_may_take_away() -> None:
    order = read("AMENDMENT", **ON, changes=[{"lineId": "seats", "addQuantity": -3}])
    assert order.changes[0].adds == -3
