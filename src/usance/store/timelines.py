"""Timelines: the orders that made a contract, and the contract they make, kept together.

`contracts` and `contract_lines` hold what the orders fold to and nothing else: after every change
of what is known (an order fulfilled, a milestone reached, an index published) they are written
anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from usance.domain.contracts.contract import Contract, ContractStatus
from usance.domain.contracts.order import Order
from usance.domain.contracts.timeline import Known, Timeline, timeline
from usance.domain.errors import Invalid, NotAllowedNow, Problem
from usance.domain.ids import ContractId, LineId, OrderId
from usance.store import contracts, orders, price_indices
from usance.store.database import Row, Tx

MILESTONES = """
SELECT line_ref, done_on, evidence, created_at
  FROM milestones
 WHERE tenant_id = %(tenant_id)s
   AND contract_id = %(contract_id)s
"""
ADD_MILESTONE = """
INSERT INTO milestones (tenant_id, contract_id, line_ref, done_on, evidence, created_at)
VALUES (%(tenant_id)s, %(contract_id)s, %(line_ref)s, %(done_on)s, %(evidence)s, %(at)s)
ON CONFLICT (tenant_id, contract_id, line_ref) DO NOTHING
"""
FOLLOWING = """
SELECT DISTINCT o.contract_id
  FROM orders o
  JOIN contracts c ON c.tenant_id = %(tenant_id)s AND c.id = o.contract_id
 WHERE o.tenant_id = %(tenant_id)s
   AND o.fulfilled_at IS NOT NULL
   AND c.status IN ('ACTIVE', 'END_BILLING')
   AND jsonb_path_exists(o.form, '$.**.index ? (@ == $series)',
                         jsonb_build_object('series', %(series)s::text))
 ORDER BY o.contract_id
"""


ReadOrder = Callable[[Mapping[str, Any], OrderId], Order]  # an order from its stored notation


class ContractNotActive(NotAllowedNow):
    """Only a contract that runs can be amended."""

    code = "ContractNotActive"


def orders_of(tx: Tx, contract_id: ContractId, read: ReadOrder) -> list[Order]:
    """The orders that have been fulfilled on a contract, by effective day."""
    return [
        read(row.form, OrderId(row.id))
        for row in orders.of_contract(tx, contract_id)
        if row.fulfilled_at is not None
    ]


def known(tx: Tx, contract_id: ContractId, agreed: Sequence[Order]) -> Known:
    """What the timeline of these orders needs to know beside them."""
    rows = milestones(tx, contract_id)
    return Known(
        indices=price_indices.series(tx, indices_named(agreed)),
        done={row.line_ref: row.done_on for row in rows},
    )


def indices_named(agreed: Sequence[Order]) -> set[str]:
    """The index series that uplifts of these orders follow."""
    rules = [order.uplift for order in agreed]
    for order in agreed:
        for terms in (order.terms, order.terms_change):
            rules.append(terms.uplift)
            if terms.renewal is not None:
                rules.append(terms.renewal.uplift)
    return {rule.index for rule in rules if rule is not None and rule.index is not None}


def told(
    tx: Tx,
    contract_id: ContractId,
    *,
    read: ReadOrder,
    with_order: Order | None = None,
    new_id: Callable[[], LineId],
) -> Timeline:
    """The timeline of a contract as its orders tell it, one more among them or not.

    Raises Invalid when that one cannot take effect, or keeps a later one from doing so.
    """
    agreed = orders_of(tx, contract_id, read)
    ids = contracts.line_ids(tx, contract_id)

    def line_id(ref: str, opened_on: date) -> LineId:
        if (ref, opened_on) not in ids:
            ids[ref, opened_on] = new_id()
        return ids[ref, opened_on]

    if with_order is None:
        return timeline(agreed, line_id=line_id, known=known(tx, contract_id, agreed))
    every = [*agreed, with_order]
    facts = known(tx, contract_id, every)
    made = timeline(every, line_id=line_id, known=facts)
    own = [each.problem for each in made.troubles if each.order_id == with_order.id]
    if not own and made.troubles:
        before = {each.order_id for each in timeline(agreed, line_id=line_id, known=facts).troubles}
        own = [
            _broken(with_order, each.order_id, each.problem)
            for each in made.troubles
            if each.order_id not in before
        ]
    if own:
        raise Invalid(*own)
    return made


class Agreed(NamedTuple):
    """All that a contract's timeline is told from, and the contract as it is kept."""

    contract: Contract
    orders: list[Order]
    known: Known
    line_id: Callable[[str, date], LineId]

    def after(self, taken: Sequence[Order]) -> Contract:
        """The contract as these of its orders make it."""
        made = timeline(taken, line_id=self.line_id, known=self.known).contract
        return replace(made, name=self.contract.name, status=self.contract.status)


def agreed(tx: Tx, contract_id: ContractId, read: ReadOrder) -> Agreed:
    """What was agreed on a contract, by rank. Raises NotFound while nothing is."""
    kept = contracts.one(tx, contract_id)
    ids = contracts.line_ids(tx, contract_id)
    taken = sorted(orders_of(tx, contract_id, read), key=lambda order: order.rank)

    def line_id(ref: str, opened_on: date) -> LineId:
        return ids.get((ref, opened_on), LineId(f"{ref}@{opened_on}"))  # gone by now: no id of ours

    return Agreed(kept, taken, known(tx, contract_id, taken), line_id)


def keep(tx: Tx, contract: Contract, *, at: datetime, is_amended: bool = True) -> bool:
    """Write down what the orders of a contract fold to now, to be billed from its first day on.

    False, and nothing done, when another customer has a contract of that id.
    """
    named = contracts.as_set_by_hand(tx, contract)
    first_day = _first_day(contract)
    if not contracts.save(tx, named, next_due_on=first_day, at=at, is_amended=is_amended):
        return False
    contracts.save_lines(tx, contract.id, contract.lines)
    return True


def refuse_inactive(tx: Tx, contract_id: ContractId) -> None:
    """Hold the contract until `tx` ends. Raises NotFound; ContractNotActive unless it runs."""
    contracts.lock_any(tx, contract_id)
    status = contracts.stamps(tx, contract_id).status
    if status not in (ContractStatus.ACTIVE, ContractStatus.END_BILLING):
        raise ContractNotActive(f"Contract {contract_id} is {status}; it cannot be amended.")


def add_milestone(
    tx: Tx, contract_id: ContractId, line_ref: str, *, done_on: date, evidence: str, at: datetime
) -> bool:
    """Note that a milestone was reached; False, and nothing done, when it was before."""
    return bool(
        tx.run(
            ADD_MILESTONE,
            contract_id=contract_id,
            line_ref=line_ref,
            done_on=done_on,
            evidence=evidence,
            at=at,
        )
    )


def milestones(tx: Tx, contract_id: ContractId) -> list[Row]:
    """line_ref, done_on, evidence, created_at of what was marked done on a contract."""
    return tx.all(MILESTONES, contract_id=contract_id)


def following(tx: Tx, series: str) -> list[ContractId]:
    """The contracts whose prices follow that index."""
    return [row.contract_id for row in tx.all(FOLLOWING, series=series)]


def _broken(order: Order, other: OrderId, problem: Problem) -> Problem:
    expected = f"a day on which order {other} still holds: there, {problem.message}"
    return Problem("LaterOrderBroken", "effectiveOn", str(order.effective_on), expected)


def _first_day(contract: Contract) -> date:
    """The first day on which anything may fall due: a deposit does before the term."""
    days = [line.sold.window.start for line in contract.lines]
    planned = [part.on for line in contract.lines for part in line.sold.plan]
    return min([contract.term.start, *days, *planned])
