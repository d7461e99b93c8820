"""The history of a contract: what each order changed, and what the contract was worth after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from usance.domain.contracts.agreement import Raise
from usance.domain.contracts.changes_between import Changes, changes_between
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Order
from usance.domain.contracts.timeline import Known, LineIds, unfolded
from usance.domain.contracts.value import ContractValue, contract_value, line_values
from usance.domain.contracts.valuing import Revaluing
from usance.domain.errors import Problem


@dataclass(frozen=True, slots=True)
class Chapter:
    """One order: the contract after it, how that differs from before, and what it is worth.

    `raises` are the contract's uplifts as agreed by then, in time; `troubles` what of the order
    could not take effect.
    """

    order: Order
    contract: Contract
    changes: Changes
    value: ContractValue
    raises: tuple[Raise, ...]
    troubles: tuple[Problem, ...]


def history(
    orders: Iterable[Order], *, line_id: LineIds, known: Known | None = None
) -> Iterator[Chapter]:
    """The orders of a contract by the day they take effect, with what each of them changed.

    One fold for all of them: an order costs what it changes, however many came before it.
    """
    before: Contract | None = None
    revalued = Revaluing()
    for each in unfolded(orders, line_id=line_id, known=known):
        changes = changes_between(before, each.contract)
        value = contract_value(each.contract, line_values(each.contract, revalued))
        yield Chapter(each.order, each.contract, changes, value, each.raises, each.troubles)
        before = each.contract
