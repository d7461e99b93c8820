"""Which usage a contract bills, to hold beside what subscriptions bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from usance.domain.calendar import start_of_day
from usance.domain.contracts.contract import Contract
from usance.domain.due_items import LineKind
from usance.domain.subscriptions.billed_once import FOR_EVER, BilledUsage


def contract_usage(
    contract: Contract, where: ZoneInfo, refs: Sequence[str] = ()
) -> Iterator[BilledUsage]:
    """Whose usage of what its lines bill, in the days of `where`; for ever where it is renewed by
    itself. `refs`: the lines of an order, which are named by their place in it.
    """
    renewal = contract.terms.renewal
    is_renewed = renewal is not None and renewal.is_automatic and contract.terminated_on is None
    for line in contract.lines:
        sold = line.sold
        if sold.kind is not LineKind.USAGE or sold.is_void or sold.feature_id is None:
            continue
        user, resource = sold.used_by or (contract.customer_id, None)
        goes_on = is_renewed and sold.window.end == contract.term.end
        place = f"lines[{refs.index(sold.ref)}].featureId" if sold.ref in refs else "lines"
        yield BilledUsage(
            by=f"contract {contract.id}",
            customer_id=user,
            resource_id=resource,
            feature_id=sold.feature_id,
            start=start_of_day(sold.window.start, where),
            end=FOR_EVER if goes_on else start_of_day(sold.window.end, where),
            path=place,
            value=sold.feature_id,
        )
