"""Fulfilment: an order's steps, computed from what exists."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import FREE, orders
from usance.domain.contracts.fulfilment import (
    Done,
    OrderNotNew,
    OrderStatus,
    StepKind,
    order_steps,
)
from usance.domain.contracts.order import Order, SubscriptionTerms
from usance.domain.due_items import LineKind

ORDERS = st.builds(
    lambda made, refs: replace(
        made,
        subscriptions=tuple(SubscriptionTerms(ref=ref, plan_id="pro") for ref in sorted(refs)),
    ),
    orders(pricing=st.just(FREE)),
    st.sets(st.sampled_from(["sub_a", "sub_b"])),
)
SOME = st.sets(st.sampled_from(["sub_a", "sub_b", "l0", "l1", "l2", "l3"]))


@given(ORDERS, st.booleans(), SOME, SOME)
def test_an_order_is_fulfilled_exactly_when_it_has_no_open_step(
    made: Order, is_published: bool, provisioned: set[str], mapped: set[str]
) -> None:
    done = Done(is_published=is_published, subscription_refs=provisioned, mapped_line_refs=mapped)
    promised = {each.ref for each in made.subscriptions}
    metered = {line.ref for line in made.lines if line.kind is LineKind.USAGE}
    steps = order_steps(made, done)
    is_fulfilled = is_published and promised <= provisioned and metered <= mapped
    assert all(step.is_done for step in steps) == is_fulfilled
    missing = {ref for step in steps for ref in step.missing} - {made.contract_id}
    assert missing == (promised - provisioned) | (metered - mapped)


@given(ORDERS)
def test_an_order_has_only_the_steps_it_needs(made: Order) -> None:
    kinds = [step.kind for step in order_steps(made, Done())]
    has_usage = any(line.kind is LineKind.USAGE for line in made.lines)
    assert kinds[0] is StepKind.CONTRACT_PUBLISHED
    assert (StepKind.SUBSCRIPTIONS_PROVISIONED in kinds) == bool(made.subscriptions)
    assert (StepKind.METERED_FEATURES_MAPPED in kinds) == has_usage
    assert not any(step.is_done for step in order_steps(made, Done()))


def test_a_refusal_names_the_state_the_order_is_in() -> None:
    refused = OrderNotNew("ord_1", OrderStatus.CANCELED)
    assert str(refused) == "Order ord_1 is CANCELED; only a NEW order can be changed."
    assert (refused.order_id, refused.status) == ("ord_1", OrderStatus.CANCELED)
