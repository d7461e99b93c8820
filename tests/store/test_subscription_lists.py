"""Lists of subscriptions: the state that SQL derives is the one of the rules."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from usance.domain.customer import Address, Customer
from usance.domain.ids import CustomerId, PackageId
from usance.domain.plans.package import PricingType, TrialEnd
from usance.domain.subscriptions.subscription import Status, Subscription, Version
from usance.domain.subscriptions.terms import Terms
from usance.flows.open_environment import move_clock
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer
from usance.store import subscription_lists, subscriptions
from usance.store.listings import Slot
from usance.store.subscription_lists import WantedSubscriptions

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=40)
COUNT = 150


def some_instant(chance: random.Random) -> datetime:
    """Before, at, or after either clock, the very instant often."""
    near = chance.choice([NOW, LATER])
    return near + timedelta(days=chance.choice([-60, -1, 0, 0, 0, 1, 60]))


def made_up(chance: random.Random, index: int, customer_id: str) -> Subscription:
    """Any subscription that the database takes."""
    starts_at = some_instant(chance)
    trial_ends_at = some_instant(chance) if chance.random() < 0.4 else None
    return Subscription(
        id=f"s-{index:03}",
        customer_id=CustomerId(customer_id),
        plan_id=PackageId("plan"),
        product_id=None,
        pricing_type=chance.choice(list(PricingType)),
        starts_at=starts_at,
        anchor=starts_at,
        versions=(Version(number=1, effective_at=starts_at, terms=Terms(), created_at=starts_at),),
        ends_at=some_instant(chance) if chance.random() < 0.5 else None,
        trial_ends_at=trial_ends_at,
        trial_end=None if trial_ends_at is None else TrialEnd.CONVERT_TO_PAID,
        is_payment_pending=chance.random() < 0.2,
        canceled_at=NOW if chance.random() < 0.5 else None,
    )


@pytest.fixture
def held(runtime: Runtime, scope: Scope) -> list[Subscription]:
    """Many subscriptions of two customers; the clock of one stands further than everybody's."""
    move_clock(runtime, scope, NOW)
    for name in ("now", "later"):
        save_customer(
            runtime,
            scope,
            Customer(id=CustomerId(name), name=name, address=Address(country="DE")),
        )
    move_clock(runtime, scope, LATER, customer_id=CustomerId("later"))
    chance = random.Random(7)
    made = [made_up(chance, n, chance.choice(["now", "later"])) for n in range(COUNT)]
    with runtime.transaction(scope) as tx:
        for each in made:
            subscriptions.add(tx, each, at=NOW)
    return made


def test_the_state_of_the_list_is_that_of_the_rules_at_the_clock_of_the_customer(
    held: list[Subscription], runtime: Runtime, scope: Scope
) -> None:
    with runtime.transaction(scope) as tx:
        at = {name: runtime.now(tx, CustomerId(name)) for name in ("now", "later")}
        for status in Status:
            wanted = WantedSubscriptions(statuses=[status])
            listed = subscription_lists.page(tx, wanted, Slot(limit=COUNT), at=runtime.now(tx))
            expected = [s.id for s in held if s.status_at(at[s.customer_id]) is status]
            assert listed == expected
            assert expected, "each state is among them"


def test_pages_join_to_the_whole_in_both_directions(
    held: list[Subscription], runtime: Runtime, scope: Scope
) -> None:
    wanted = WantedSubscriptions(pricing_types=["PAID", "FREE"])
    expected = [s.id for s in held if s.pricing_type is not PricingType.CUSTOM]
    with runtime.transaction(scope) as tx:
        onward: list[str] = []
        while found := subscription_lists.page(
            tx, wanted, Slot(after=onward[-1] if onward else None, limit=7), at=NOW
        ):
            onward += found
        back = [expected[-1]]
        while found := subscription_lists.page(tx, wanted, Slot(before=back[-1], limit=7), at=NOW):
            back += found
    assert onward == expected
    assert back[::-1] == expected


def test_what_was_called_off_before_it_began_follows_on_nothing(
    runtime: Runtime, scope: Scope, held: list[Subscription]
) -> None:
    base = held[0]
    follower = replace(base, id="f-1", follows=base.id, starts_at=LATER, ends_at=None)
    gone = replace(follower, id="f-2", ends_at=NOW, canceled_at=NOW)
    with runtime.transaction(scope) as tx:
        for each in (follower, gone):
            subscriptions.add(tx, each, at=NOW)
        found = subscription_lists.followers(tx, [base.id])
    assert [each.starts_at for each in found[base.id]] == [LATER]
