"""The order form as OpenAPI describes it takes what the notation writes, of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.documents.order_values import orders
from usance.api.orders.form import EXAMPLE, OrderForm
from usance.documents.order_form import order_from, plain_order, read_form
from usance.domain.contracts.order import OrderKind
from usance.domain.ids import OrderId

CHANGES = sorted((Path(__file__).parents[2] / "examples" / "changes").iterdir())


@pytest.mark.parametrize("kind", OrderKind)
@settings(max_examples=20)
@given(choices=st.data())
def test_the_described_form_takes_every_order_written_back(
    kind: OrderKind, choices: st.DataObject
) -> None:
    OrderForm.model_validate(plain_order(choices.draw(orders(kind))))


@pytest.mark.parametrize("file", CHANGES, ids=lambda file: file.name)
def test_the_described_form_takes_the_example_of_a_contracts_life(file: Path) -> None:
    OrderForm.model_validate(read_form(file.read_text(encoding="utf-8")))


def test_the_example_of_the_description_is_an_order() -> None:
    assert order_from(EXAMPLE, order_id=OrderId("o")).contract_id == "nordlicht-2026"
