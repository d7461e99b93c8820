"""`usance access`: what a customer may use, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from usance.api.access.explained import ExplainedFeatureWire, ExplainedWire, SourceWire, explained
from usance.cli.session import DEFAULT_ENVIRONMENT, Environment, session
from usance.cli.show import AsJson, instant, paper, print_json, print_table
from usance.domain.ids import CustomerId
from usance.store import access_views
from usance.store.access_views import Asked

HEADINGS = ("feature", "may", "limit", "used", "until")
SOURCES = ("feature", "given by", "what", "from", "until", "decides")
TOLD = {True: "yes", False: "no"}

FeatureOption = Annotated[str, typer.Option("--feature", help="Only this feature.")]
ResourceOption = Annotated[str, typer.Option("--resource", help="For this part of the customer.")]


def access(
    customer_id: str,
    *,
    feature: FeatureOption = "",
    resource: ResourceOption = "",
    environment: Environment = DEFAULT_ENVIRONMENT,
    as_json: AsJson = False,
) -> None:
    """Show what a customer may use at this moment, and which plans, add-ons and gifts say so."""
    asked = Asked(CustomerId(customer_id), resource or None)
    with session(environment) as here, here.runtime.transaction(here.scope) as tx:
        view = access_views.views(tx, [asked], now=here.runtime.clock())[asked]
    found = explained(view, feature or None)
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    else:
        _print(found)


def _print(found: ExplainedWire) -> None:
    at = instant(found.at)
    if found.access_denied_reason is not None:
        reason = found.access_denied_reason
        paper.print(f"{found.customer_id} may use nothing at {at}: {reason}", markup=False)
    for each in found.subscriptions:
        budget = ", its budget is spent" if each.is_over_budget else ""
        paper.print(f"{each.id}: {each.plan_id}, {each.status}{budget}", markup=False)
    rows = [_row(each) for each in found.features]
    print_table(f"What {found.customer_id} may use at {at}", HEADINGS, rows, right="limit used")
    sources = [_source(each, source) for each in found.features for source in each.sources]
    print_table("Why", SOURCES, sources)


def _row(feature: ExplainedFeatureWire) -> tuple[object, ...]:
    limit = "unlimited" if feature.is_unlimited else feature.limit or ", ".join(feature.values)
    may = "yes" if feature.is_granted else feature.access_denied_reason
    return feature.feature_id, may, limit, feature.current_usage, feature.valid_until


def _source(feature: ExplainedFeatureWire, source: SourceWire) -> tuple[object, ...]:
    names = [str(source.by), source.package_id, source.subscription_id]
    if source.version is not None:
        names.insert(2, f"v{source.version}")
    if source.quantity != 1:
        names.append(f"x {source.quantity}")
    if source.is_trial:
        names.append("(trial)")
    return (
        feature.feature_id,
        " ".join(each for each in names if each),
        _what(source),
        source.starts_at,
        source.ends_at,
        TOLD[source.decides],
    )


def _what(source: SourceWire) -> str:
    """What it gives, in a few words: `100 soft a MONTH`."""
    if not source.is_granted:
        return "taken away"
    amount = "unlimited" if source.is_unlimited else source.limit or ", ".join(source.values)
    words = [amount or "granted", "soft" if source.is_soft else ""]
    words.append(f"a {source.reset_period}" if source.reset_period else "")
    return " ".join(word for word in words if word)
