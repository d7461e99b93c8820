"""Price sources: which prices of contract lines came from a rate card, and what followed them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from usance.domain.ids import ContractId
from usance.domain.invoicing.history import PriceSet
from usance.store.database import Row, Tx

ORDERS = """
SELECT contract_id, effective_on, form
  FROM orders
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = ANY(%(ids)s)
   AND fulfilled_at IS NOT NULL
   AND contract_id IN (SELECT contract_id
                         FROM orders
                        WHERE tenant_id = %(tenant_id)s
                          AND contract_id = ANY(%(ids)s)
                          AND form ? 'priceSources')
 ORDER BY contract_id, effective_on, created_at, id
"""
Prices = Mapping[tuple[ContractId, str], tuple[PriceSet, ...]]


def prices(tx: Tx, ids: Collection[ContractId]) -> Prices:
    """When the price of each line was set, in time, by contract and line; only of contracts that
    have a price of a rate card.
    """
    found: dict[tuple[ContractId, str], list[PriceSet]] = {}
    for row in tx.all(ORDERS, ids=list(ids)):
        for line_ref, each in _set_by(row):
            found.setdefault((row.contract_id, line_ref), []).append(each)
    return {
        key: tuple(sorted(members, key=lambda each: each.starts_on))
        for key, members in found.items()
    }


def _set_by(row: Row) -> Iterator[tuple[str, PriceSet]]:
    """The prices that one order set: of the lines it sold, and of those it changed."""
    cards = {source["at"]: source["rateCard"] for source in row.form.get("priceSources", ())}
    for index, line in enumerate(row.form.get("lines", ())):
        named = (card for at, card in cards.items() if at.startswith(f"lines[{index}]."))
        yield line["lineId"], PriceSet(row.effective_on, None, next(named, ""))
    for index, change in enumerate(row.form.get("changes", ())):
        if "price" in change:
            card = cards.get(f"changes[{index}].price", "")
            until = _day(change, "until")
            starts_on = _day(change, "from") or row.effective_on
            yield change["lineId"], PriceSet(starts_on, until, card)


def _day(change: Mapping[str, Any], key: str) -> date | None:
    return None if change.get(key) is None else date.fromisoformat(change[key])
