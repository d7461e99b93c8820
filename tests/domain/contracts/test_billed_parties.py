"""Who was billed, read from the mark on a piece."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deals import contracts
from usance.domain.contracts.billed_parties import Parties, mark_in, mark_of, parties_marked
from usance.domain.contracts.contract import Contract, Version
from usance.domain.ids import CustomerId, LegalEntityId

EVERYBODY = [
    Parties(CustomerId(customer), LegalEntityId(entity))
    for customer, entity in product(("a", "b", "c"), ("de", "us"))
]


def held_by(contract: Contract, *parties: Parties) -> Contract:
    """The contract as those had it, one after another, a day each."""
    versions = [
        Version(date(2025, 1, 1 + index), *each, contract.terms)
        for index, each in enumerate(parties)
    ]
    last = versions[-1]
    return replace(
        contract,
        customer_id=last.customer_id,
        legal_entity_id=last.legal_entity_id,
        earlier=tuple(versions[:-1]),
        since=last.starts_on if len(versions) > 1 else None,
    )


@given(contracts(), st.lists(st.sampled_from(EVERYBODY), min_size=1, max_size=5))
def test_whoever_was_billed_is_known_by_the_mark(made: Contract, parties: list[Parties]) -> None:
    contract = held_by(made, *parties)
    for index, each in enumerate(parties):
        mark = mark_of(contract, contract.on(date(2025, 1, 1 + index)))
        assert mark_in(f"terms{mark}") == mark
        assert parties_marked(contract, mark) == each
        assert (mark == "") == (each == parties[0])


@given(contracts(), st.sampled_from(EVERYBODY), st.sampled_from(EVERYBODY))
def test_a_pair_that_an_order_typed_since_has_parted_is_known_too(
    made: Contract, first: Parties, last: Parties
) -> None:
    before = held_by(made, first, Parties(last.customer_id, first.legal_entity_id))
    billed = before.on(date(2025, 1, 2))
    between = Parties(first.customer_id, last.legal_entity_id)
    after = held_by(made, first, between, last)
    found = parties_marked(after, mark_of(before, billed))
    assert found == (billed.customer_id, billed.legal_entity_id)
