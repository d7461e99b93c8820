"""`usance subscriptions`: what customers hold, and taking, changing and ending it by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, Session, session
from usance.cli.show import AsJson, paper, print_json, print_table
from usance.documents.plain import number
from usance.domain.calendar import instant_from
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId, FeatureId, PackageId
from usance.domain.plans.charges import BillingPeriod
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.requests import (
    KEEP,
    CancelRequest,
    ProvisionRequest,
    Schedule,
    TrialRequest,
    UpdateRequest,
)
from usance.domain.subscriptions.subscription import Status
from usance.domain.subscriptions.terms import UnitQuantity
from usance.flows.plays.subscribe import change_subscription, end_subscription, subscribe
from usance.store import subscription_lists, subscriptions
from usance.store.database import Tx
from usance.store.listings import Slot
from usance.store.subscription_lists import WantedSubscriptions
from usance.store.subscriptions import Kept

app = typer.Typer(no_args_is_help=True)

HEADINGS = ("id", "customer", "plan", "status", "from", "until", "units", "contract")
Units = Annotated[
    list[str] | None, typer.Option("--units", help="Of a feature, such as seats=10; repeatable.")
]
Addons = Annotated[
    list[str] | None, typer.Option("--addon", help="And how many, support=1; repeatable.")
]


@app.command("list")
def show_all(
    *,
    customer: Annotated[str | None, typer.Option("--customer")] = None,
    plan: Annotated[str | None, typer.Option("--plan")] = None,
    status: Annotated[list[Status] | None, typer.Option("--status")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 100,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """List subscriptions, oldest first."""
    wanted = WantedSubscriptions(
        customer_id=customer, plan_id=plan, statuses=list(status) if status else None
    )
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        ids = subscription_lists.page(tx, wanted, Slot(limit=limit), at=here.runtime.now(tx))
        rows = [_shown(here, tx, kept) for kept in subscription_lists.in_order(tx, ids)]
    if as_json:
        print_json(rows)
    else:
        print_table("Subscriptions", HEADINGS, [[row[name] for name in HEADINGS] for row in rows])


@app.command("show")
def show(
    subscription_id: str,
    *,
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show a subscription with the versions of its terms, those to come too."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        kept = subscriptions.one(tx, subscription_id)
        shown = _shown(here, tx, kept)
    spans = [
        {
            "from": start,
            "until": end,
            "version": version.number,
            "units": _units_of(version.terms.units),
            "addons": ", ".join(f"{e.id}={e.quantity}" for e in version.terms.addons),
            "billed": version.terms.billing_period,
        }
        for version, start, end in kept.subscription.spans()
    ]
    if as_json:
        print_json({**shown, "versions": spans})
        return
    print_table("Subscription", HEADINGS, [[shown[name] for name in HEADINGS]])
    headings = ("from", "until", "version", "units", "addons", "billed")
    print_table("Terms", headings, [[each[name] for name in headings] for each in spans])


@app.command("start")
def start(
    customer_id: str,
    plan_id: str,
    *,
    id: Annotated[str | None, typer.Option("--id", help="By default one is made.")] = None,
    units: Units = None,
    addons: Addons = None,
    period: Annotated[BillingPeriod | None, typer.Option("--every")] = None,
    on: Annotated[str | None, typer.Option("--on", help="A day or an instant.")] = None,
    has_no_trial: Annotated[bool, typer.Option("--no-trial")] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Give a customer a plan; what it had of the product until then ends."""
    request = ProvisionRequest(
        customer_id=CustomerId(customer_id),
        plan_id=PackageId(plan_id),
        id=id,
        units=_units(units),
        addons=_addons(addons),
        billing_period=period,
        starts_at=None if on is None else instant_from(on),
        trial=TrialRequest(is_trial=False) if has_no_trial else None,
    )
    with session(environment) as here:
        made = subscribe(here.runtime, here.scope, request, {})
        _tell(here, made)


@app.command("change")
def change(
    subscription_id: str,
    *,
    units: Units = None,
    addons: Addons = None,
    period: Annotated[BillingPeriod | None, typer.Option("--every")] = None,
    schedule: Annotated[
        Schedule | None, typer.Option("--when", help="Less to pay waits for the period's end.")
    ] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Change a subscription: other units, add-ons or billing period."""
    request = UpdateRequest(
        units=KEEP if units is None else _units(units),
        addons=KEEP if addons is None else _addons(addons),
        billing_period=KEEP if period is None else period,
        schedule=schedule,
    )
    with session(environment) as here:
        change_subscription(here.runtime, here.scope, subscription_id, request, {})
        _tell(here, subscription_id)


@app.command("cancel")
def cancel(
    subscription_id: str,
    *,
    time: Annotated[CancellationTime | None, typer.Option("--when")] = None,
    on: Annotated[str | None, typer.Option("--on", help="A day or an instant.")] = None,
    is_prorated: Annotated[
        bool, typer.Option("--refund", help="Give back what was paid for the days after.")
    ] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """End a subscription; by default as its product says."""
    if on is not None and time is None:
        time = CancellationTime.SPECIFIC_DATE
    request = CancelRequest(
        time=time,
        on=None if on is None else instant_from(on),
        is_prorated=True if is_prorated else None,
    )
    with session(environment) as here:
        end_subscription(here.runtime, here.scope, subscription_id, request)
        _tell(here, subscription_id)


def _tell(here: Session, subscription_id: str) -> None:
    with here.runtime.transaction(here.scope) as tx:
        row = _shown(here, tx, subscriptions.one(tx, subscription_id))
    end = f" until {row['until']}" if row["until"] else ""
    said = f"{row['id']}: {row['customer']} has {row['plan']}, {row['status']}"
    paper.print(f"{said} from {row['from']}{end}", markup=False)


def _shown(here: Session, tx: Tx, kept: Kept) -> dict[str, object]:
    held = kept.subscription
    at = here.runtime.now(tx, held.customer_id)
    return {
        "id": held.id,
        "customer": held.customer_id,
        "plan": held.plan_id,
        "status": held.status_at(at),
        "from": held.starts_at,
        "until": held.ends_at,
        "units": _units_of(held.version_at(at).terms.units),
        "contract": held.contract_id,
    }


def _units_of(units: tuple[UnitQuantity, ...]) -> str:
    return ", ".join(f"{each.feature_id}={each.quantity:f}" for each in units)


def _units(asked: list[str] | None) -> tuple[UnitQuantity, ...]:
    pairs = _pairs(asked, "units")
    return tuple(UnitQuantity(FeatureId(name), quantity) for name, quantity in pairs)


def _addons(asked: list[str] | None) -> tuple[tuple[PackageId, int], ...]:
    pairs = _pairs(asked, "addon")
    for name, quantity in pairs:
        if quantity != int(quantity):
            raise Invalid(Problem("InvalidQuantity", "addon", f"{name}={quantity}", "whole ones"))
    return tuple((PackageId(name), int(quantity)) for name, quantity in pairs)


def _pairs(asked: list[str] | None, path: str) -> list[tuple[str, Decimal]]:
    """`seats=10` told apart. Raises Invalid."""
    found = []
    for each in asked or ():
        name, equals, quantity = each.partition("=")
        if not equals or not name:
            expected = "a name and a quantity, such as seats=10"
            raise Invalid(Problem("InvalidQuantity", path, each[:80], expected))
        found.append((name, number(quantity, path)))
    return found
