"""Billing by difference: whatever the way there, in the end the final timeline is billed."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.contracts.lives import (
    FAR,
    Books,
    contract_of,
    first_orders,
    later_orders,
    price_of,
)
from usance.domain.contracts.order import Order


@st.composite
def lives(draw: st.DrawFn) -> tuple[Order, list[Order]]:
    """A first order, and those that follow it."""
    first = draw(first_orders())
    return first, draw(later_orders(first))


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_what_stands_in_the_end_comes_to_the_price_of_the_final_timeline(
    life: tuple[Order, list[Order]], chance: random.Random
) -> None:
    """What stands in the end comes to the price of the final timeline, to the minor unit a line,
    whatever was billed before each order was known.
    """
    first, later = life
    books, known = Books(), [first]
    for order in chance.sample(later, len(later)):
        day = first.term.start + timedelta(days=chance.randint(-10, first.term.days + 10))
        books.bill(contract_of(known), day)
        known.append(order)
        books.since = None
    final = contract_of(known)
    books.bill(final, FAR)
    assert {k: v for k, v in books.billed.items() if v} == {
        k: v for k, v in price_of(final).items() if v
    }
    assert books.bill(final, FAR) == [], "a second run finds nothing"


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_timeline_does_not_depend_on_the_sequence_in_which_orders_are_typed(
    life: tuple[Order, list[Order]], chance: random.Random
) -> None:
    """The timeline does not depend on the sequence in which orders are typed."""
    first, later = life
    orders = [first, *later]
    assert contract_of(orders) == contract_of(chance.sample(orders, len(orders)))


@given(lives(), st.lists(st.integers(0, 900), max_size=6))
@settings(max_examples=150, deadline=None)
def test_splitting_a_run_into_many_changes_nothing(
    life: tuple[Order, list[Order]], days: list[int]
) -> None:
    """Splitting a run into many does not change what each line comes to."""
    first, later = life
    contract = contract_of([first, *later])
    once, often = Books(), Books()
    once.bill(contract, FAR)
    for day in [*sorted(days), None]:
        through = FAR if day is None else first.term.start + timedelta(days=day)
        often.bill(contract, through)
    assert once.billed == often.billed
