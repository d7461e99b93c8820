"""Usage is billed once: whatever is agreed later, by whomever, in whatever order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

import usance
from tests.stories.billed import NO_TRIAL, sold_by_halden_de, until
from tests.stories.shop import MADE, SUPPORT, flat, held, per_call, plan, subscribe
from tests.stories.world import World
from usance.domain.errors import DomainError, Invalid, Problem
from usance.domain.ids import CustomerId, PackageId, ProductId
from usance.domain.plans.package import PackagePricing, PricingType
from usance.domain.plans.product import CancellationTime, Product
from usance.domain.subscriptions.requests import (
    CancelRequest,
    ProvisionRequest,
    Schedule,
    UpdateRequest,
)
from usance.flows.call_off_update import call_off_update
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.create_product import create_product
from usance.flows.delegate_subscription import delegate_subscription
from usance.flows.import_subscriptions import import_subscriptions
from usance.flows.migrate_subscription import migrate_subscription
from usance.flows.transfer_subscription import transfer_subscription
from usance.flows.update_subscription import update_subscription
from usance.store import packages

NORDLICHT, LARKSPUR = CustomerId("nordlicht"), CustomerId("larkspur")
METERED = """
    12 months from 2025-01-01, as metered
    API calls at 0.01 EUR, used monthly
"""
CALLS = PackageId("calls")
WITH_CALLS = ((CALLS, 1),)


SOURCE = Path(usance.__file__).parent
WRITES = re.compile(
    r"\bsubscriptions\.(add|save|add_version|call_off_scheduled)\(|def save_moved|def make_room"
)
BRING_NO_CHARGE = {  # writers after which nothing is billed that was not before
    "flows/archive_customer.py": "ends what there is",
    "flows/call_off_payment.py": "ends what never began",
    "store/contract_links.py": "custom plans are billed by their contract",
    "store/contract_subscriptions.py": "custom plans are billed by their contract",
    "store/product_line.py": "ends what there is, and moves what follows, which its callers check",
}


@pytest.fixture
def shop(world: World) -> World:
    """With a plan of a fee, to which calls can be added, and another product that has them, too."""
    sold_by_halden_de(world).on("2025-01-10")
    create_product(world.runtime, world.scope, Product(id=ProductId("other"), display_name="Other"))
    paid = PackagePricing(type=PricingType.PAID, charges=(per_call("0.02"),))
    fee = PackagePricing(type=PricingType.PAID, charges=(flat("20"),))
    calls = replace(SUPPORT, id=CALLS, pricing=paid, entitlements=())
    more = {"compatible_addon_ids": (CALLS,)}
    site = replace(plan("site", PricingType.PAID), pricing=fee, **more)  # type: ignore[arg-type]
    other = replace(plan("other", PricingType.PAID), pricing=paid, product_id=ProductId("other"))
    with world.runtime.transaction(world.scope) as tx:
        for package in (calls, site, other):
            packages.add(tx, package, at=MADE)
            packages.save_published(tx, package, at=MADE)
    return world


def business(shop: World, **more: object) -> str:
    return subscribe(shop, "business", trial=NO_TRIAL, **more)


def update(shop: World, subscription_id: str, **changes: object) -> None:
    request = UpdateRequest(**changes)  # type: ignore[arg-type]
    update_subscription(shop.runtime, shop.scope, subscription_id, request)


def refused(act: Callable[[], object]) -> Problem:
    """The one thing that was wrong with it: usage would be billed twice."""
    with pytest.raises(Invalid) as caught:
        act()
    [problem] = caught.value.problems
    assert problem.code == "UsageBilledTwice"
    return problem


def test_whoever_writes_what_a_subscription_is_for_refuses_usage_billed_twice() -> None:
    texts = {str(path.relative_to(SOURCE)): path.read_text() for path in SOURCE.rglob("*.py")}
    writers = {name for name, text in texts.items() if WRITES.search(text)}
    checked = {name for name in writers if "usage_billed.refuse_billed_twice(" in texts[name]}
    assert writers - checked == set(BRING_NO_CHARGE)
    assert len(checked) >= 6


def test_a_refusal_says_what_bills_the_usage_already_and_since_when(shop: World) -> None:
    first = business(shop)
    problem = refused(lambda: business(shop, resource_id="berlin"))
    assert (problem.path, problem.value) == ("planId", "business")
    assert problem.expected == (
        f"nothing that charges for the usage of api-calls: subscription {first} bills the usage "
        "from 2025-01-09T23:00:00+00:00, and it would be billed twice"
    )


def test_an_add_on_that_comes_later_bills_no_usage_again(shop: World) -> None:
    business(shop)
    site = subscribe(shop, "site", resource_id="berlin")
    problem = refused(lambda: update(shop, site, addons=WITH_CALLS))
    assert (problem.path, problem.value) == ("addons[0].id", "calls")
    assert held(shop, site).versions[1:] == ()
    later = Schedule.END_OF_BILLING_PERIOD
    refused(lambda: update(shop, site, addons=WITH_CALLS, schedule=later))


def test_what_another_bills_until_a_day_may_be_billed_from_then_on(shop: World) -> None:
    whole = business(shop)
    site = subscribe(shop, "site", resource_id="berlin")
    request = CancelRequest(time=CancellationTime.END_OF_BILLING_PERIOD)
    cancel_subscription(shop.runtime, shop.scope, whole, request)
    refused(lambda: update(shop, site, addons=WITH_CALLS))
    update(shop, site, addons=WITH_CALLS, schedule=Schedule.END_OF_BILLING_PERIOD)
    refused(lambda: update(shop, whole, ends_at=None))
    until(shop, "2025-02-05").usage("2025-02-01", 100)
    until(shop, "2025-02-12")
    shop.usage("2025-02-11", 100)
    until(shop, "2025-03-10")
    lines = [line for line in shop.invoices() if "API calls" in line]
    assert lines == [
        "2025-02-10  Business: API calls  2025-01-10..2025-02-10  1.00 EUR",
        "2025-03-10  Support: API calls  2025-02-10..2025-03-10  0.00 EUR",  # berlin used none
    ]


def test_two_products_do_not_bill_the_same_usage(shop: World) -> None:
    business(shop)
    refused(lambda: subscribe(shop, "other"))
    subscribe(shop, "other", customer_id=LARKSPUR)
    subscribe(shop, "site", customer_id=LARKSPUR, resource_id="kyoto")


def test_resources_bill_their_own_usage_each(shop: World) -> None:
    for resource in ("berlin", "kyoto"):
        subscribe(shop, "site", resource_id=resource, addons=WITH_CALLS)
    refused(lambda: subscribe(shop, "other", resource_id="kyoto"))


def test_a_subscription_is_moved_to_nowhere_where_its_usage_is_billed(shop: World) -> None:
    subscribe(shop, "other", resource_id="kyoto")
    berlin = subscribe(shop, "site", resource_id="berlin", addons=WITH_CALLS)
    problem = refused(lambda: transfer_subscription(shop.runtime, shop.scope, berlin, "kyoto"))
    assert (problem.path, problem.value) == ("destinationResourceId", "kyoto")
    assert held(shop, berlin).resource_id == "berlin"
    subscribe(shop, "other", customer_id=LARKSPUR)
    problem = refused(lambda: delegate_subscription(shop.runtime, shop.scope, berlin, LARKSPUR))
    assert (problem.path, problem.value) == ("targetCustomerId", "larkspur")


def test_a_version_that_charges_for_usage_is_not_migrated_to_beside_another(shop: World) -> None:
    business(shop)
    site = subscribe(shop, "site", resource_id="berlin")
    pricing = PackagePricing(type=PricingType.PAID, charges=(flat("20"), per_call("0.05")))
    newer = replace(plan("site", PricingType.PAID), version=2, pricing=pricing)
    with shop.runtime.transaction(shop.scope) as tx:
        packages.add_version(tx, newer, at=MADE)
        packages.save_published(tx, newer, at=MADE)
    refused(lambda: migrate_subscription(shop.runtime, shop.scope, site, Schedule.IMMEDIATE))
    later = Schedule.END_OF_BILLING_PERIOD
    refused(lambda: migrate_subscription(shop.runtime, shop.scope, site, later))


def test_an_import_bills_no_usage_twice(shop: World) -> None:
    both = [
        ProvisionRequest(customer_id=NORDLICHT, plan_id=PackageId(name), id=name, trial=NO_TRIAL)
        for name in ("business", "other")
    ]
    problem = refused(lambda: import_subscriptions(shop.runtime, shop.scope, both))
    assert (problem.path, problem.value) == ("subscriptions[1].planId", "other")


def test_a_trial_that_will_be_billed_keeps_others_from_billing_its_usage(shop: World) -> None:
    subscribe(shop, "business")  # its trial ends it
    other = subscribe(shop, "other")
    refused(lambda: business(shop))
    cancel_subscription(
        shop.runtime, shop.scope, other, CancelRequest(time=CancellationTime.IMMEDIATE)
    )
    business(shop)


def test_what_was_called_off_does_not_bring_usage_back_that_another_bills(shop: World) -> None:
    site = subscribe(shop, "site", resource_id="berlin", addons=WITH_CALLS)
    update(shop, site, addons=(), schedule=Schedule.END_OF_BILLING_PERIOD)
    refused(lambda: subscribe(shop, "other"))
    end = held(shop, site).versions[-1].effective_at
    subscribe(shop, "other", starts_at=end)
    refused(lambda: call_off_update(shop.runtime, shop.scope, site))
    assert len(held(shop, site).versions) == 2


def test_a_contract_and_a_subscription_do_not_bill_the_same_usage(shop: World) -> None:
    shop.sign(METERED)
    problem = refused(lambda: business(shop))
    assert "contract " in problem.expected
    site = subscribe(shop, "site")
    refused(lambda: update(shop, site, addons=WITH_CALLS))


def test_an_order_is_not_fulfilled_that_bills_what_a_subscription_does(shop: World) -> None:
    whole = business(shop)
    order = shop.order(METERED)
    problem = refused(lambda: shop.fulfil(order.id))
    assert (problem.path, problem.value) == ("lines[0].featureId", "api-calls")
    assert f"subscription {whole} bills" in problem.expected
    assert shop.order_status(order.id) == "NEW"
    later = shop.order(METERED.replace("2025-01-01, as metered", "2025-02-10, as later"))
    request = CancelRequest(time=CancellationTime.END_OF_BILLING_PERIOD)
    cancel_subscription(shop.runtime, shop.scope, whole, request)
    shop.fulfil(later.id)
    refused(lambda: update(shop, whole, ends_at=None))


def test_of_two_changes_at_once_that_bill_the_same_usage_one_is_refused(shop: World) -> None:
    whole = subscribe(shop, "site")
    part = subscribe(shop, "site", resource_id="berlin")
    gate, outcomes = Barrier(2), []

    def add(subscription_id: str) -> None:
        gate.wait()
        try:
            update(shop, subscription_id, addons=WITH_CALLS)
            outcomes.append("agreed")
        except DomainError as error:
            outcomes.append(str(getattr(error, "problems", [error])[0].code))

    both = [Thread(target=add, args=(each,)) for each in (whole, part)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == ["UsageBilledTwice", "agreed"]


def test_an_order_and_a_change_at_once_do_not_both_bill_the_usage(shop: World) -> None:
    site, order = subscribe(shop, "site"), shop.order(METERED)
    gate, outcomes = Barrier(2), []

    def act(what: Callable[[], object]) -> None:
        gate.wait()
        try:
            what()
            outcomes.append("agreed")
        except Invalid as error:
            outcomes.append(error.problems[0].code)

    acts = (lambda: update(shop, site, addons=WITH_CALLS), lambda: shop.fulfil(order.id))
    both = [Thread(target=act, args=(each,)) for each in acts]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(outcomes) == ["UsageBilledTwice", "agreed"]
