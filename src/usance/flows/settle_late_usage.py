"""Settle late usage: what was billed of a window, and is no longer what was used in it.

Marks the pieces; the next billing run puts them right as their contract says: on the next invoice,
or by a credit and a new invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import islice

from usance.domain.contracts.contract import Contract
from usance.domain.contracts.items import Items
from usance.domain.contracts.schedule import slices
from usance.domain.contracts.terms import LateUsage
from usance.domain.due_items import DueItem, LineKind, Piece
from usance.domain.ids import ContractId, CustomerId
from usance.domain.invoicing.history import Account
from usance.domain.invoicing.rated_items import rated
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contracts,
    coverage,
    desk,
    due_contracts,
    parties,
    payers,
)
from usance.store.database import Tx

BATCH = 100
COUNTED = (LineKind.USAGE, LineKind.COMMITMENT)


def settle_late_usage(
    runtime: Runtime,
    scope: Scope,
    *,
    today: date | None = None,
    customer_id: CustomerId | None = None,
) -> list[ContractId]:
    """The contracts of which something billed by usage turned out to be otherwise.

    Windows are looked at as long after their end as their contract holds usage and accepts late
    events, counted in days of the legal entity. May be run twice: a piece is marked once.
    """
    with runtime.transaction(scope) as tx:
        ids = coverage.contracts_billed_by_usage(tx, customer_id=customer_id)
    found: list[ContractId] = []
    remaining = iter(ids)
    while batch := list(islice(remaining, BATCH)):
        with runtime.transaction(scope) as tx:
            found += _settle(runtime, scope, tx, batch, today)
    return found


def _settle(
    runtime: Runtime, scope: Scope, tx: Tx, ids: Sequence[ContractId], today: date | None
) -> list[ContractId]:
    signed = [contract for contract in contracts.many(tx, ids) if contract.is_billed]
    payers.lock_all(tx, {each.customer_id for each in signed})
    days = {
        each.id: today or runtime.today(tx, each.zone) for each in parties.entities(tx).values()
    }
    standing = coverage.standing_issued(
        tx, [line.id for each in signed for line in each.lines if line.sold.kind in COUNTED]
    )
    moved: list[ContractId] = []
    for contract in signed:
        on = days[contract.legal_entity_id]
        if contract.on(on).terms.late_usage is LateUsage.IGNORE:
            continue
        late = _moved(tx, contract, standing, on)
        if late:
            coverage.mark_late(tx, [(piece.line_id, piece.start) for piece in late], on=on)
            due_contracts.save_due_again(tx, [contract.id], on=min(piece.start for piece in late))
            after = {"windows": [f"{piece.start}..{piece.end}" for piece in late]}
            runtime.note(tx, scope, "usage.late", contract.id, after=after)
            moved.append(contract.id)
    return moved


def _moved(tx: Tx, contract: Contract, standing: dict[str, list[Piece]], on: date) -> list[Piece]:
    """The pieces that would be billed otherwise now."""
    items = Items(contract)
    asked: list[tuple[Piece, DueItem]] = []
    for position, line in enumerate(contract.lines):
        own = standing.get(line.id, ())
        pieces = {piece.start: piece for piece in own if _changes_on(contract, piece, on)}
        for each in slices(line, terms=contract.terms) if pieces else ():
            piece = pieces.get(each.period.start)
            key = items.key(position, each)
            if piece is not None and (piece.end, piece.terms_key) == (each.period.end, key):
                asked.append((piece, items.charge(position, each, key)))
    if not asked:
        return []
    by_account: dict[Account, list[DueItem]] = {}
    for _, item in asked:
        account = Account(item.customer_id, item.legal_entity_id, contract.currency)
        by_account.setdefault(account, []).append(item)
    sellers = parties.entities(tx, {each.legal_entity_id for each in by_account})
    counted = desk.usage_of(tx, by_account, sellers)
    billed = _billed(tx, asked)
    return [
        piece
        for piece, item in asked
        if rated(item, contract.currency, counted).net.minor != billed[piece]
    ]


def _changes_on(contract: Contract, piece: Piece, on: date) -> bool:
    """True while events of that day still change what was billed of a window."""
    terms = contract.on(piece.end - timedelta(days=1)).terms
    return piece.end >= on - timedelta(days=terms.usage_hold_days + terms.late_usage_days)


def _billed(tx: Tx, asked: Sequence[tuple[Piece, DueItem]]) -> dict[Piece, int]:
    """What each piece was rated at when it was billed, in minor units: with its tax, where its
    price holds it.
    """
    inclusive = {piece.source for piece, item in asked if item.is_tax_inclusive}
    lines = coverage.sources(tx, inclusive)
    found = {piece: piece.net_minor for piece, _ in asked}
    for piece, item in asked:
        if item.is_tax_inclusive:
            line = lines[piece.source]
            found[piece] = line.net_minor + line.tax_minor
    return found
