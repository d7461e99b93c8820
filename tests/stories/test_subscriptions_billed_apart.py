"""What stands beside a subscription's billing: payers, resources, contracts, entities, races."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier, Thread

import pytest

from tests.stories.billed import NO_TRIAL, cancel, change, net, seats, sold_by_halden_de, until
from tests.stories.shop import (
    ANNUAL,
    MADE,
    flat,
    grants,
    held,
    per_call,
    per_seat,
    plan,
    stock,
    subscribe,
)
from tests.stories.test_contracts_amended import SEATS as SEATS_CONTRACT
from tests.stories.world import World, halden
from usance.domain.errors import Invalid
from usance.domain.ids import CustomerId, PackageId
from usance.domain.metering.events import EventKey, UsageEvent
from usance.domain.plans.charges import ChargeCadence
from usance.domain.plans.package import PackagePricing, PricingType
from usance.domain.plans.product import CancellationTime
from usance.domain.subscriptions.billing import NoInvoiceIssued, SubscriptionNotBilled
from usance.domain.subscriptions.requests import (
    CouponRequest,
    ProvisionRequest,
    Schedule,
    UpdateRequest,
)
from usance.domain.subscriptions.terms import PriceOverride
from usance.flows.bill_subscription import bill_subscription
from usance.flows.define_feature import define_feature
from usance.flows.ingest_usage import ingest_usage
from usance.flows.plays.bill_subscriptions import bill_subscriptions
from usance.flows.plays.charge_usage import charge_usage
from usance.flows.plays.daily_work import do_daily_work
from usance.flows.plays.pay_subscription import pay_subscription
from usance.flows.plays.preview_subscription import Preview, preview_subscription
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates
from usance.flows.transfer_subscription import transfer_subscription
from usance.flows.update_subscription import update_subscription
from usance.store import listings, packages, subscription_billing, subscriptions, usage_receipts
from usance.store.listings import Slot


@pytest.fixture
def shop(world: World) -> World:
    """The example company, with a catalogue that its German company sells."""
    return sold_by_halden_de(world).on("2025-01-10")


def preview(world: World, plan_id: str, **more: object) -> Preview:
    fields = {"customer_id": CustomerId("nordlicht"), "plan_id": PackageId(plan_id), **more}
    request = ProvisionRequest(**fields)  # type: ignore[arg-type]
    return preview_subscription(world.runtime, world.scope, request)


def publish(world: World, name: str, pricing: PackagePricing, **more: object) -> None:
    """A further plan of the shop's."""
    made = replace(plan(name, PricingType.PAID), pricing=pricing, **more)  # type: ignore[arg-type]
    with world.runtime.transaction(world.scope) as tx:
        packages.add(tx, made, at=MADE)
        packages.save_published(tx, made, at=MADE)


def calls(world: World, at: str, count: int, **more: object) -> None:
    """Calls of a customer, or one of its resources."""
    fields = {
        "customer_id": CustomerId("nordlicht"),
        "event_name": "api_calls",
        "idempotency_key": f"{at}-{count}-{more}",
        "occurred_at": datetime.fromisoformat(f"{at}T12:00:00+00:00"),
        "dimensions": {"calls": Decimal(count)},
        **more,
    }
    ingest_usage(world.runtime, world.scope, [UsageEvent(**fields)])  # type: ignore[arg-type]


def test_while_nobody_sells_there_is_access_and_billing_catches_up(
    runtime: Runtime, scope: Scope
) -> None:
    company, world = halden(), World(runtime, scope)
    for feature in company.features:
        define_feature(runtime, scope, feature)
    for customer in company.customers:
        save_customer(runtime, scope, customer)
    stock(world).on("2025-01-10")
    team = subscribe(world, "team")
    until(world, "2025-03-01")
    assert held(world, team).is_running(datetime(2025, 3, 1, tzinfo=UTC))
    assert world.invoices() == []

    entity = next(each for each in company.legal_entities if each.id == "halden-de")
    save_legal_entity(runtime, scope, entity)
    save_tax_rates(runtime, scope, entity.id, company.tax_rates[entity.id])
    until(world, "2025-03-02")
    fees = [line for line in world.invoices() if "Seats" not in line]
    assert fees == [
        "2025-01-10  Team  2025-01-10..2025-02-10  30.00 EUR",
        "2025-02-10  Team  2025-02-10..2025-03-10  30.00 EUR",
    ]
    world.audit()


def test_a_stopped_worker_bills_all_that_it_missed_when_it_goes_on(shop: World) -> None:
    team = subscribe(shop, "team")
    shop.on("2025-01-20")
    request = UpdateRequest(units=seats(4))
    update_subscription(shop.runtime, shop.scope, team, request)
    shop.on("2026-03-01")
    do_daily_work(shop.runtime, shop.scope)
    assert [line for line in shop.invoices() if "Seats" in line][:3] == [
        "2025-01-10  Team: Seats  2025-01-10..2025-01-20  6.45 EUR",  # 20 x 10/31
        "2025-01-10  Team: Seats  2025-01-20..2025-02-10  27.10 EUR",  # 40 x 21/31
        "2025-02-10  Team: Seats  2025-02-10..2025-03-10  40.00 EUR",
    ]
    assert len([line for line in shop.invoices() if "Seats" not in line]) == 14


def test_billing_it_again_changes_nothing(shop: World) -> None:
    team = subscribe(shop, "team")
    made = bill_subscription(shop.runtime, shop.scope, team)
    assert len(made) == 1
    for _ in range(3):
        assert bill_subscription(shop.runtime, shop.scope, team) == []


def test_two_workers_at_once_make_one_agreement(shop: World) -> None:
    team = subscribe(shop, "team")
    barrier, made = Barrier(2), []

    def bill() -> None:
        barrier.wait()
        made.extend(bill_subscription(shop.runtime, shop.scope, team))

    threads = [Thread(target=bill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    until(shop, "2025-01-10")
    assert net(shop) == Decimal("50.00")


def test_who_was_killed_between_providing_and_billing_is_followed_by_the_next(
    shop: World,
) -> None:
    team = subscribe(shop, "team")  # and no billing: the process is gone
    with shop.runtime.transaction(shop.scope) as tx:
        assert subscription_billing.behind(tx, at=shop.runtime.now(tx)) == [team]
    assert len(bill_subscriptions(shop.runtime, shop.scope)) == 1
    with shop.runtime.transaction(shop.scope) as tx:
        assert subscription_billing.behind(tx, at=shop.runtime.now(tx)) == []


def test_it_shares_an_invoice_with_a_contract_of_its_customer(shop: World) -> None:
    shop.sign(SEATS_CONTRACT % ("", "MONTH"))
    shop.on("2025-02-01")
    subscribe(shop, "team")
    until(shop, "2025-02-01")
    both = shop.documents()[-1]
    assert both == "HDE-2025-00002  OPEN  Team + Team: Seats + Seats  416.50 EUR"


def test_the_contract_it_is_billed_by_is_in_no_list_of_contracts(shop: World) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-10")
    with shop.runtime.transaction(shop.scope) as tx:
        assert subscriptions.one(tx, team).subscription.agreement_id is not None
        assert listings.contract_page(tx, Slot(limit=10)) == []


def test_who_pays_gets_the_invoices_and_the_usage_is_of_who_uses(shop: World) -> None:
    pays = CustomerId("larkspur")
    subscribe(shop, "business", trial=NO_TRIAL, paying_customer_id=pays)
    until(shop, "2025-01-20")
    calls(shop, "2025-01-15", 500)
    calls(shop, "2025-01-15", 70, customer_id=pays)
    until(shop, "2025-02-10")
    assert {stored.draft.customer_id for stored in shop.every()} == {pays}
    assert "2025-02-10  Business: API calls  2025-01-10..2025-02-10  5.00 EUR" in shop.invoices()


def test_an_event_is_followed_to_the_invoice_of_who_pays_for_its_resource(shop: World) -> None:
    pays = CustomerId("larkspur")
    subscribe(shop, "business", trial=NO_TRIAL, paying_customer_id=pays, resource_id="north")
    until(shop, "2025-01-20")
    calls(shop, "2025-01-15", 1, resource_id="north", idempotency_key="north")
    calls(shop, "2025-01-16", 1, resource_id="south", idempotency_key="south")
    until(shop, "2025-02-10")
    states = []
    for key in ("north", "south"):
        named = EventKey(CustomerId("nordlicht"), "api_calls", key)
        with shop.runtime.transaction(shop.scope) as tx:
            states.append(usage_receipts.one(tx, named).state.value)
    assert states == ["INVOICED", "ACCEPTED"]


def test_each_resource_is_billed_for_its_own_usage(shop: World) -> None:
    for resource in ("north", "south"):
        subscribe(shop, "business", trial=NO_TRIAL, resource_id=resource)
    until(shop, "2025-01-20")
    calls(shop, "2025-01-15", 500, resource_id="north")
    calls(shop, "2025-01-15", 200, resource_id="south")
    until(shop, "2025-02-10")
    used = [line[-8:] for line in shop.invoices() if "API" in line]
    assert used == ["5.00 EUR", "2.00 EUR"]


def test_what_moves_to_another_resource_counts_there_from_that_day_on(shop: World) -> None:
    business = subscribe(shop, "business", trial=NO_TRIAL, resource_id="north")
    until(shop, "2025-01-20")
    calls(shop, "2025-01-15", 500, resource_id="north")
    transfer_subscription(shop.runtime, shop.scope, business, "south")
    until(shop, "2025-01-25")
    calls(shop, "2025-01-22", 200, resource_id="south")
    calls(shop, "2025-01-22", 999, resource_id="north")
    until(shop, "2025-02-10")
    used = [line[12:] for line in shop.invoices() if "API" in line]
    assert used == [
        "Business: API calls  2025-01-10..2025-01-20  5.00 EUR",
        "Business: API calls  2025-01-20..2025-02-10  2.00 EUR",
    ]


def test_beyond_what_is_included_usage_is_charged(shop: World) -> None:
    over = per_call("0.10")
    pricing = PackagePricing(type=PricingType.PAID, charges=(flat("30"),), overages=(over,))
    publish(shop, "metered", pricing, entitlements=(grants("api-calls", 1000),))
    subscribe(shop, "metered")
    until(shop, "2025-01-20")
    calls(shop, "2025-01-15", 1010)
    until(shop, "2025-02-10")
    assert [line[12:] for line in shop.invoices() if "API" in line] == [
        "Metered: extra API calls  2025-01-10..2025-02-10  1.00 EUR"
    ]


def test_what_is_due_once_is_charged_once_whatever_changes_after(shop: World) -> None:
    setup = flat("99", cadence=ChargeCadence.ONE_OFF)
    pricing = PackagePricing(type=PricingType.PAID, charges=(per_seat("10"), setup))
    publish(shop, "guided", pricing)
    guided = subscribe(shop, "guided", units=seats(1))
    until(shop, "2025-01-20")
    change(shop, guided, units=seats(2))
    until(shop, "2026-02-10")
    assert [line for line in shop.invoices() if "99.00" in line] == [
        "2025-01-10  Guided: one-time fee  2025-01-10..2025-01-11  99.00 EUR"
    ]


def test_a_fee_a_period_and_a_fee_due_once_stand_in_one_plan(shop: World) -> None:
    setup = flat("99", cadence=ChargeCadence.ONE_OFF)
    pricing = PackagePricing(
        type=PricingType.PAID, charges=(flat("40"), setup, flat("400", ANNUAL))
    )
    publish(shop, "guided", pricing, compatible_addon_ids=(PackageId("support"),))
    shown = preview(shop, "guided")
    assert shown.immediate is not None
    assert shown.recurring is not None
    assert (str(shown.immediate.subtotal), str(shown.recurring.subtotal)) == (
        "139.00 EUR",
        "40.00 EUR",
    )
    guided = subscribe(shop, "guided", prices=(PriceOverride(amount=Decimal(35), currency="EUR"),))
    until(shop, "2025-01-20")
    change(shop, guided, addons=((PackageId("support"), 1),))
    until(shop, "2025-03-10")
    change(shop, guided, billing_period=ANNUAL, schedule=Schedule.IMMEDIATE)
    until(shop, "2025-05-10")
    assert [line for line in shop.invoices() if "Support" not in line][:4] == [
        "2025-01-10  Guided  2025-01-10..2025-02-10  35.00 EUR",  # as agreed
        "2025-01-10  Guided: one-time fee  2025-01-10..2025-01-11  99.00 EUR",  # as the plan has it
        "2025-02-10  Guided  2025-02-10..2025-03-10  35.00 EUR",
        "2025-03-10  Guided  2025-03-10..2025-04-10  35.00 EUR",
    ]
    assert sum("one-time" in line for line in shop.invoices()) == 1


def test_a_fee_due_once_is_not_charged_again_in_another_currency(shop: World) -> None:
    once = ChargeCadence.ONE_OFF
    euros = flat("40"), flat("99", cadence=once)
    dollars = flat("450", ANNUAL, currency="USD"), flat("120", ANNUAL, currency="USD", cadence=once)
    publish(shop, "guided", PackagePricing(type=PricingType.PAID, charges=(*euros, *dollars)))
    guided = subscribe(shop, "guided")
    until(shop, "2025-01-20")
    change(shop, guided, billing_period=ANNUAL, schedule=Schedule.IMMEDIATE)
    until(shop, "2025-02-10")
    change(shop, guided, days_until_due=20)
    assert [line for line in shop.invoices() if "one-time" in line] == [
        "2025-01-10  Guided: one-time fee  2025-01-10..2025-01-11  99.00 EUR"
    ]
    assert any("USD" in line for line in shop.invoices())


def test_usage_can_be_charged_before_its_month_is_over_and_nothing_is_counted_twice(
    shop: World,
) -> None:
    business = subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-01-20")
    calls(shop, "2025-01-15", 500)
    first = charge_usage(shop.runtime, shop.scope, business)
    assert first.used == (("api-calls", Decimal(500)),)
    again = charge_usage(shop.runtime, shop.scope, business)
    assert (again.invoice_id, again.used) == (first.invoice_id, first.used)
    until(shop, "2025-01-25")
    calls(shop, "2025-01-21", 30)
    until(shop, "2025-02-10")
    assert [line for line in shop.invoices() if "API" in line] == [
        "2025-01-20  Business: API calls  2025-01-10..2025-01-20  5.00 EUR",
        "2025-02-10  Business: API calls  2025-01-20..2025-02-10  0.30 EUR",
    ]


def test_usage_is_charged_of_what_is_billed_here_and_up_to_now(shop: World) -> None:
    free = subscribe(shop, "free")
    with pytest.raises(SubscriptionNotBilled):
        charge_usage(shop.runtime, shop.scope, free)
    business = subscribe(shop, "business", trial=NO_TRIAL)
    later = datetime(2025, 2, 1, tzinfo=UTC)
    with pytest.raises(Invalid):
        charge_usage(shop.runtime, shop.scope, business, until=later)


def test_its_last_invoice_is_marked_as_paid_once(shop: World) -> None:
    team = subscribe(shop, "team")
    with pytest.raises(NoInvoiceIssued):
        pay_subscription(shop.runtime, shop.scope, team)
    until(shop, "2025-02-10")
    for _ in range(2):
        pay_subscription(shop.runtime, shop.scope, team)
    assert shop.documents() == [
        "HDE-2025-00001  OPEN  Team + Team: Seats  59.50 EUR",
        "HDE-2025-00002  PAID  Team + Team: Seats  59.50 EUR",
    ]


def test_a_preview_of_an_upgrade_is_what_is_billed_then(shop: World) -> None:
    coupon = CouponRequest(name="Spring", percent_off=Decimal(20), duration_months=3)
    subscribe(shop, "team", coupon=coupon)
    until(shop, "2025-01-20")
    shown = preview(shop, "business", trial=NO_TRIAL)
    documents = shop.documents()
    assert documents == ["HDE-2025-00001  OPEN  Team + Team: Seats  47.60 EUR"], "nothing was kept"
    subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-01-20")
    assert shown.immediate is not None
    assert shop.every()[-1].draft.gross == shown.immediate.total
    assert [line.net.text for line in shown.immediate.lines] == ["-16.26", "-10.84", "60.97"]
    assert shown.recurring is not None
    assert (shown.recurring.subtotal.text, shown.recurring.total.text) == ("90.00", "107.10")
    assert not shown.is_downgrade


def test_a_preview_shows_what_a_coupon_takes_off(shop: World) -> None:
    coupon = CouponRequest(name="Spring", percent_off=Decimal(20), duration_months=3)
    shown = preview(shop, "team", coupon=coupon).immediate
    assert shown is not None
    assert (shown.subtotal.text, shown.discount.text) == ("50.00", "10.00")
    assert shown.total.text == "47.60"


def test_a_preview_of_less_is_billed_when_the_period_ends(shop: World) -> None:
    subscribe(shop, "business", trial=NO_TRIAL)
    until(shop, "2025-01-20")
    shown = preview(shop, "team")
    assert shown.is_downgrade
    assert shown.immediate is None
    assert shown.recurring is not None
    assert shown.recurring.days.start.isoformat() == "2025-02-10"


def test_the_same_day_changed_and_ended_costs_nothing_where_it_is_given_back(
    shop: World,
) -> None:
    team = subscribe(shop, "team")
    until(shop, "2025-01-10")
    change(shop, team, units=seats(9))
    cancel(shop, team, time=CancellationTime.IMMEDIATE, is_prorated=True)
    until(shop, "2025-06-01")
    assert net(shop) == 0
