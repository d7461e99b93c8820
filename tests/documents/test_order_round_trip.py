"""Orders written as forms and read again: the same order, whatever its kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.documents.order_values import orders
from usance.documents.order_form import order_from, plain_order, read_form
from usance.domain.contracts.order import Order, OrderKind
from usance.domain.ids import OrderId


def again(order: Order) -> Order:
    """Written as JSON text and read, by somebody who knows nothing else of the contract."""
    text = json.dumps(plain_order(order), ensure_ascii=False)
    return order_from(read_form(text), order_id=OrderId("another"))


@pytest.mark.parametrize("kind", OrderKind)
@given(choices=st.data())
def test_an_order_written_as_a_form_and_read_again_is_the_same_order(
    kind: OrderKind, choices: st.DataObject
) -> None:
    order = choices.draw(orders(kind))
    assert again(order) == order
