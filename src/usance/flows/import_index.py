"""Import the published figures of a price index: each month once, restatements only when said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from usance.documents.order_form import read_order
from usance.domain.ids import ContractId, parse_ref
from usance.domain.price_index import added, written_month
from usance.flows.runtime import Runtime, Scope
from usance.store import (
    contracts,
    desk,
    payers,
    price_indices,
    timelines,
)


def import_index(
    runtime: Runtime,
    scope: Scope,
    series_id: str,
    figures: Mapping[date, Decimal],
    *,
    may_restate: bool = False,
) -> dict[date, Decimal]:
    """What was new, by month; importing the same again adds nothing. Contracts whose prices follow
    the index are priced anew from it; what of them was issued is put right by the next billing run.

    Raises Invalid: InvalidId, InvalidMonth, InvalidIndexValue, IndexAlreadyPublished.
    """
    parse_ref(series_id, path="series")
    with runtime.transaction(scope) as tx:
        known = price_indices.lock_series(tx, series_id)

        new = added(known, figures, may_restate=may_restate)

        if new:
            price_indices.append(tx, series_id, new, at=runtime.now(tx))
            before = {written_month(each): known.values.get(each) for each in new}
            after = {written_month(each): value for each, value in new.items()}
            runtime.note(tx, scope, "price_index.imported", series_id, before=before, after=after)
        following = timelines.following(tx, series_id) if new else []
    for contract_id in following:
        _price_anew(runtime, scope, contract_id)
    return new


def _price_anew(runtime: Runtime, scope: Scope, contract_id: ContractId) -> None:
    """One contract as its orders make it with what is published now. May be done again."""
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, contracts.owner(tx, contract_id))
        timelines.refuse_inactive(tx, contract_id)
        before = contracts.one(tx, contract_id)
        told = timelines.told(tx, contract_id, read=read_order, new_id=runtime.line_id)
        if told.contract.lines != before.lines:
            at = runtime.now(tx)
            timelines.keep(tx, told.contract, at=at)
            desk.redraft_contract(tx, contract_id, runtime.invoice_id, at=at, actor=scope.actor)
            runtime.note(tx, scope, "contract.priced_anew", contract_id)
