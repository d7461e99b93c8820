"""Accounts that belong to others: who pays, and what is no parent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.customer import BillTo, Customer, parent_problems, payer_of
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId


def account(
    customer_id: str, parent_id: str | None = None, bill_to: BillTo = BillTo.SELF
) -> Customer:
    """A customer and the account it belongs to."""
    above = None if parent_id is None else CustomerId(parent_id)
    return Customer(id=CustomerId(customer_id), name="ACME", parent_id=above, bill_to=bill_to)


@given(st.lists(st.sampled_from(BillTo), min_size=1, max_size=6))
def test_who_pays_for_a_customer_is_the_first_one_above_it_or_itself_that_pays_its_own_invoices(
    wishes: list[BillTo],
) -> None:
    last = len(wishes) - 1
    line = [
        account(f"c{at}", f"c{at + 1}", wish) if at < last else account(f"c{at}")
        for at, wish in enumerate(wishes)
    ]
    payer = payer_of(CustomerId("c0"), {each.id: each for each in line})
    at = line.index(payer)
    assert payer.bill_to is BillTo.SELF
    assert all(each.bill_to is BillTo.PARENT for each in line[:at])


@pytest.mark.parametrize(
    ("parent_id", "above", "code"),
    [
        ("holding", {"holding"}, None),
        ("holding", {"holding", "group"}, None),
        (None, set(), None),
        ("holding", set(), "UnknownParent"),
        ("shop", {"shop"}, "ParentCycle"),
        ("shop", set(), "ParentCycle"),
        ("holding", {"holding", "shop"}, "ParentCycle"),
    ],
)
def test_a_parent_is_another_account_that_does_not_belong_to_this_one(
    parent_id: str | None, above: set[CustomerId], code: str | None
) -> None:
    found = [(each.code, each.path) for each in parent_problems(account("shop", parent_id), above)]
    assert found == ([] if code is None else [(code, "parentId")])


def test_nobody_pays_for_a_customer_without_a_parent() -> None:
    with pytest.raises(Invalid) as refused:
        account("shop", bill_to=BillTo.PARENT)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("ParentMissing", "billTo")
