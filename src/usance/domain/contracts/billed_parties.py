"""Billed parties: to whom, and by whom, days were billed, where a contract has changed hands.

The key of the terms a piece was billed at ends in a mark where its parties are not the first ones.
So an assignment that is entered late bills again, to the right one, what was billed to another; and
whatever is given back goes to who was charged for it, by who charged it.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import product
from typing import NamedTuple

from usance.domain.contracts.contract import Contract, Version
from usance.domain.ids import CustomerId, LegalEntityId

MARK = "@"


class Parties(NamedTuple):
    """To whom, and by whom, something is billed."""

    customer_id: CustomerId
    legal_entity_id: LegalEntityId


def mark_of(contract: Contract, version: Version) -> str:
    """The mark of a version's parties; empty for those the contract began with."""
    first = contract.earlier[0] if contract.earlier else version
    return _mark(_parties(version), _parties(first))


def mark_in(terms_key: str) -> str:
    """The mark that the key of a piece carries."""
    _, mark, parties = terms_key.partition(MARK)
    return mark + parties


def parties_marked(contract: Contract, mark: str) -> Parties:
    """Those of that mark: any customer and legal entity the contract ever had, for an order typed
    since may have paired them otherwise.
    """
    latest = contract.on(contract.term.start if contract.since is None else contract.since)
    every = [_parties(version) for version in (*contract.earlier, latest)]
    customers = dict.fromkeys(each.customer_id for each in every)
    entities = dict.fromkeys(each.legal_entity_id for each in every)
    for found in map(Parties._make, product(customers, entities)):
        if _mark(found, every[0]) == mark:
            return found
    raise AssertionError("nobody was billed who was no party")


def _parties(version: Version) -> Parties:
    return Parties(version.customer_id, version.legal_entity_id)


def _mark(parties: Parties, first: Parties) -> str:
    if parties == first:
        return ""
    return MARK + blake2b("|".join(parties).encode(), digest_size=4).hexdigest()
