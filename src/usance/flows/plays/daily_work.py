"""The work of a day: what happens to contracts and invoices without being asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from usance.domain.ids import CustomerId
from usance.domain.invoicing.invoice import Draft
from usance.flows.announce_moments import announce_moments
from usance.flows.charge_late_fees import charge_late_fees
from usance.flows.plays.bill_subscriptions import bill_subscriptions
from usance.flows.refresh_drafts import refresh_drafts
from usance.flows.renew_contracts import renew_contracts
from usance.flows.run_billing import BillingRun, run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.settle_late_usage import settle_late_usage


def do_daily_work(
    runtime: Runtime,
    scope: Scope,
    *,
    through: date | None = None,
    customer_id: CustomerId | None = None,
    see: Callable[[Sequence[Draft]], None] = lambda _drafts: None,
) -> BillingRun:
    """Everything that is to happen by `through`, each entity's today when None: what time brought
    is announced, what subscriptions became is agreed, contracts renew, drafts follow their usage,
    late usage is settled, what is due is drafted, lateness is charged.

    Of one customer alone when `customer_id` is given (late fees are then left to the next whole
    day). May be played twice, or weeks late.
    """
    announce_moments(runtime, scope)
    bill_subscriptions(runtime, scope, through=through, customer_id=customer_id)
    renew_contracts(runtime, scope, through=through, customer_id=customer_id)
    refresh_drafts(runtime, scope)
    settle_late_usage(runtime, scope, today=through, customer_id=customer_id)
    run = run_billing(runtime, scope, through=through, customer_id=customer_id, see=see)
    if customer_id is None:
        charge_late_fees(runtime, scope, through=through)
    return run
