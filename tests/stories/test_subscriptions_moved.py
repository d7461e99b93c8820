"""Subscriptions whose plan, currency or price became another, or cannot be billed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.stories.billed import change, net, seats, sold_by_halden_de, until
from tests.stories.shop import ANNUAL, FREE, MADE, flat, per_seat, plan, subscribe
from tests.stories.world import World
from usance.domain.ids import PackageId
from usance.domain.plans.package import PackagePricing, PricingType
from usance.domain.subscriptions.requests import Schedule
from usance.flows.migrate_subscription import migrate_subscription
from usance.store import packages, subscription_billing


@pytest.fixture
def shop(world: World) -> World:
    """The example company, with a catalogue that its German company sells."""
    return sold_by_halden_de(world).on("2025-01-10")


def publish(world: World, name: str, pricing: PackagePricing) -> None:
    """A further plan of the shop's."""
    made = replace(plan(name, PricingType.PAID), pricing=pricing)
    with world.runtime.transaction(world.scope) as tx:
        packages.add(tx, made, at=MADE)
        packages.save_published(tx, made, at=MADE)


def test_a_plan_that_became_free_gives_back_what_is_left_of_its_month(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-20")
    free = replace(FREE, id=PackageId("team"), version=2)
    with shop.runtime.transaction(shop.scope) as tx:
        packages.add_version(tx, free, at=MADE)
        packages.save_published(tx, free, at=MADE)
    migrate_subscription(shop.runtime, shop.scope, team, Schedule.IMMEDIATE)
    until(shop, "2025-03-01")
    assert net(shop) == Decimal("50.00") - Decimal("20.32") - Decimal("13.55")


def test_in_another_currency_one_agreement_ends_and_another_begins(shop: World) -> None:
    euros = flat("30"), flat("250", ANNUAL, currency="USD")
    publish(shop, "worldly", PackagePricing(type=PricingType.PAID, charges=euros))
    worldly = subscribe(shop, "worldly")
    until(shop, "2025-01-20")
    change(shop, worldly, billing_period=ANNUAL, schedule=Schedule.IMMEDIATE)
    until(shop, "2025-02-10")
    assert set(shop.invoices()) == {
        "2025-01-10  Worldly  2025-01-10..2025-02-10  30.00 EUR",
        "2025-01-20  Worldly  2025-01-20..2025-02-10  -20.32 EUR",  # a credit note
        "2025-01-20  Worldly  2025-01-20..2026-01-10  243.15 USD",  # 250 x 355/365
    }


def test_what_cannot_be_billed_is_put_off_and_holds_up_no_other(shop: World) -> None:
    pricing = PackagePricing(type=PricingType.PAID, charges=(flat("30"),))
    publish(
        shop, "odd", replace(pricing, charges=(flat("999999999999.99"), per_seat("999999999999")))
    )
    odd = subscribe(shop, "odd", units=seats(2**52), resource_id="north")
    subscribe(shop, "team")
    until(shop, "2025-01-10")
    assert net(shop) == Decimal("50.00")
    with shop.runtime.transaction(shop.scope) as tx:
        assert subscription_billing.behind(tx, at=shop.runtime.now(tx)) == []
        look_at = subscription_billing.progress(tx, odd).look_at
    assert look_at is not None
    assert look_at.date().isoformat() == "2025-01-11"
