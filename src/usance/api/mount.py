"""Mount the API: its routes, its refusals, its description."""

from __future__ import annotations

from fastapi import FastAPI

from usance.api import (
    account_balance,
    api_keys,
    billing_runs,
    clock,
    credit_notes,
    events,
    features,
    fx_rates,
    ledger,
    legal_entities,
    payments,
    price_indices,
    rate_cards,
    refunds,
    tasks,
    tax_id_checks,
    usage_estimates,
    usage_history,
    usage_receipts,
    usage_reports,
)
from usance.api.access import news as access_news
from usance.api.access import routes as access
from usance.api.access.checking import Checks
from usance.api.access.lane import Lane
from usance.api.access.streams import Streams
from usance.api.catalog import addons, coupons, plans, products
from usance.api.connections import routes as connections
from usance.api.contracts import billing as contract_billing
from usance.api.contracts import (
    comparison,
    editing,
    lookups,
    milestones,
    rehearsals,
    timeline,
    usage,
    value,
)
from usance.api.contracts import links as contract_links
from usance.api.contracts import routes as contracts
from usance.api.cross_origin import CrossOrigin
from usance.api.customers import contracts as customer_contracts
from usance.api.customers import integrations, payment_method, promotions
from usance.api.customers import routes as customers
from usance.api.errors import answer_refusals
from usance.api.events_lane import EventsLane, Passes
from usance.api.invoices import corrections, review
from usance.api.invoices import routes as invoices
from usance.api.openapi import describe
from usance.api.orders import routes as orders
from usance.api.route import Door, open_door
from usance.api.subscriptions import billing as subscription_billing
from usance.api.subscriptions import changes as subscription_changes
from usance.api.subscriptions import preview as subscription_preview
from usance.api.subscriptions import routes as subscriptions

ROUTERS = (
    access.quick,  # first: it is asked most
    access.router,
    access_news.router,
    customers.router,
    customer_contracts.router,
    integrations.router,
    payment_method.router,
    promotions.router,
    legal_entities.router,
    features.router,
    products.router,
    plans.router,
    addons.router,
    coupons.router,
    subscriptions.router,
    subscription_changes.router,
    subscription_preview.router,
    subscription_billing.router,
    tasks.router,
    orders.router,
    lookups.router,  # before routes whose paths have an id in their place
    contracts.router,
    contract_links.router,
    contract_billing.router,
    rehearsals.router,
    timeline.router,
    editing.router,
    milestones.router,
    usage.router,
    comparison.router,
    value.router,
    events.router,
    usage_receipts.router,
    usage_reports.router,
    usage_reports.router_v2,
    usage_history.router,
    usage_estimates.usages,
    usage_estimates.events,
    connections.router,
    billing_runs.router,
    clock.router,
    corrections.router,  # before routes whose paths have an id in their place
    invoices.router,
    review.router,
    payments.router,
    credit_notes.router,
    refunds.router,
    account_balance.router,
    ledger.router,
    price_indices.router,
    fx_rates.router,
    rate_cards.router,
    tax_id_checks.router,
    api_keys.keys,
    api_keys.signing_secret,
)


def mount_api(app: FastAPI, door: Door) -> None:
    """Add the API to `app`."""
    open_door(app, door)
    app.state.checks = Checks(door)
    app.state.passes = Passes(door)
    app.state.streams = Streams(door.runtime)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(CrossOrigin)
    app.add_middleware(Lane, checks=app.state.checks)
    app.add_middleware(EventsLane, passes=app.state.passes)
    answer_refusals(app)
    describe(app)
