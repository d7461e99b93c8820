"""`usance customers`: what is asked about who buys, and what is given to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, instant, paper, print_json, print_table
from usance.documents.plain import number
from usance.domain.calendar import instant_from
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.entitlements import PackageEntitlement, ResetPeriod
from usance.domain.plans.promotion import Grant, GrantPeriod, Promotion
from usance.domain.tax.checks import TaxIdCheck
from usance.flows.check_tax_id import check_tax_id
from usance.flows.grant_promotions import grant_promotions
from usance.flows.revoke_promotion import revoke_promotion
from usance.flows.update_customer import update_customer
from usance.store import parties, promotions

app = typer.Typer(no_args_is_help=True)

HEADINGS = ("kind", "value", "isValid", "consultation", "name")
PROMOTION_HEADINGS = ("feature", "status", "given", "from", "until", "id")

Feature = Annotated[str, typer.Argument(metavar="FEATURE")]


@app.command("check-tax-id")
def check(
    customer_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """Look up a customer's VAT ids at VIES and keep what it said as evidence."""
    with session(environment) as here:
        made = check_tax_id(here.runtime, here.scope, CustomerId(customer_id))
    rows = [_shown(each) for each in made]
    if as_json:
        print_json(rows)
    else:
        print_table("Tax ids", HEADINGS, [[row[name] for name in HEADINGS] for row in rows])


@app.command("parent")
def parent(
    customer_id: str,
    parent_id: Annotated[str | None, typer.Argument(help="Left out: none any more.")] = None,
    *,
    pays: Annotated[bool, typer.Option("--pays", help="Invoices go to the parent.")] = False,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Say which account a customer belongs to, and whether that one pays."""
    changes: dict[str, object] = {"parentId": parent_id, "billTo": "PARENT" if pays else None}
    with session(environment) as here:
        changed = update_customer(here.runtime, here.scope, CustomerId(customer_id), changes)
    above = changed.parent_id or "no account"
    payer = "which pays" if pays else "paying its own invoices"
    paper.print(f"{customer_id} belongs to {above}, {payer}", markup=False)


@app.command("promote")
def promote(
    customer_id: str,
    feature: Feature,
    *,
    period: Annotated[GrantPeriod, typer.Option("--for")] = GrantPeriod.MONTH,
    until: Annotated[
        str | None, typer.Option("--until", help="A day or an instant; the period is custom then.")
    ] = None,
    limit: Annotated[str | None, typer.Option("--limit", help="Of a number.")] = None,
    is_unlimited: Annotated[bool, typer.Option("--unlimited", help="Of a number.")] = False,
    is_soft: Annotated[bool, typer.Option("--soft", help="The limit only warns.")] = False,
    reset: Annotated[
        ResetPeriod | None, typer.Option("--reset", help="How often usage starts from zero.")
    ] = None,
    values: Annotated[list[str] | None, typer.Option("--value", help="Of an enum.")] = None,
    environment: Environment = DEFAULT_ENVIRONMENT,
) -> None:
    """Give a customer a feature beside its subscriptions; given before, it is replaced."""
    with session(environment) as here:
        with here.runtime.transaction(here.scope) as tx:
            now = here.runtime.now(tx)
        value = PackageEntitlement(
            feature_id=FeatureId(feature),
            created_at=now,
            updated_at=now,
            usage_limit=None if limit is None else number(limit, "limit"),
            has_unlimited_usage=is_unlimited,
            has_soft_limit=is_soft,
            reset_period=reset,
            enum_values=tuple(values or ()),
        )
        grant = Grant(
            value=value,
            period=GrantPeriod.CUSTOM if until else period,
            custom_end_at=None if until is None else instant_from(until),
        )
        [made] = grant_promotions(here.runtime, here.scope, CustomerId(customer_id), [grant])
    end = "for good" if made.ends_at is None else f"until {instant(made.ends_at)}"
    paper.print(f"{customer_id} has {_given(made)} of {feature} {end}", markup=False)


@app.command("revoke")
def revoke(
    customer_id: str, feature: Feature, *, environment: Environment = DEFAULT_ENVIRONMENT
) -> None:
    """Take back a feature a customer was given; what its subscriptions give stays."""
    with session(environment) as here:
        revoke_promotion(here.runtime, here.scope, CustomerId(customer_id), FeatureId(feature))
    paper.print(f"{feature} was taken back from {customer_id}", markup=False)


@app.command("promotions")
def show_promotions(
    customer_id: str, *, environment: Environment = DEFAULT_ENVIRONMENT, as_json: AsJson = False
) -> None:
    """List the features a customer was given, those that are over too."""
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        parties.customer(tx, CustomerId(customer_id))
        now = here.runtime.now(tx, customer_id)
        rows = [_row(each, now) for each in promotions.in_force(tx, [CustomerId(customer_id)])]
    if as_json:
        print_json(rows)
    else:
        cells = [[row[name] for name in PROMOTION_HEADINGS] for row in rows]
        print_table("Promotions", PROMOTION_HEADINGS, cells)


def _row(promotion: Promotion, now: datetime) -> dict[str, object]:
    return {
        "id": promotion.id,
        "feature": promotion.value.feature_id,
        "status": promotion.status(now),
        "given": _given(promotion),
        "from": promotion.starts_at,
        "until": promotion.ends_at,
    }


def _given(promotion: Promotion) -> str:
    """How much: a limit, values, or all of it."""
    value = promotion.value
    if value.usage_limit is not None:
        return f"{value.usage_limit:f}{' (soft)' if value.has_soft_limit else ''}"
    return ", ".join(value.enum_values) or "all"


def _shown(check: TaxIdCheck) -> dict[str, object]:
    return {
        "kind": check.tax_id.kind,
        "value": check.tax_id.value,
        "isValid": check.is_valid,
        "checkedAt": check.checked_at,
        "consultation": check.consultation,
        "name": check.name,
    }
