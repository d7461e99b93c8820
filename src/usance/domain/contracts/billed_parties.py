"""Billed parties: to whom, and by whom, days were billed, where a contract has changed hands.

The key of the terms a piece was billed at ends in a mark where its parties are not the first ones.
So an assignment that is entered late bills again, to the right one, what was billed to another; and
whatever is given back goes to who was charged for it, by who charged it.
"""

from __future__ import annotations

from hashlib import blake2b

from usance.domain.contracts.contract import Contract, Version

MARK = "@"


def mark_of(contract: Contract, version: Version) -> str:
    """The mark of a version's parties; empty for those the contract began with."""
    first = contract.earlier[0] if contract.earlier else version
    parties = version.customer_id, version.legal_entity_id
    if parties == (first.customer_id, first.legal_entity_id):
        return ""
    return MARK + blake2b("|".join(parties).encode(), digest_size=4).hexdigest()


def mark_in(terms_key: str) -> str:
    """The mark that the key of a piece carries."""
    _, mark, parties = terms_key.partition(MARK)
    return mark + parties


def version_marked(contract: Contract, mark: str) -> Version:
    """The latest version of a contract with the parties of that mark."""
    latest = contract.on(contract.term.start if contract.since is None else contract.since)
    for version in (latest, *reversed(contract.earlier)):
        if mark_of(contract, version) == mark:
            return version
    raise AssertionError("nobody was billed who was no party")
