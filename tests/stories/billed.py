"""Subscriptions that time passes over: what happens to them, and what they come to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.stories.shop import PLATFORM, stock
from tests.stories.world import World
from usance.domain.ids import FeatureId
from usance.domain.subscriptions.requests import CancelRequest, TrialRequest, UpdateRequest
from usance.domain.subscriptions.terms import UnitQuantity
from usance.flows.cancel_subscription import cancel_subscription
from usance.flows.plays.pass_time import pass_time
from usance.flows.update_product import update_product
from usance.flows.update_subscription import update_subscription

SEATS = FeatureId("seats")
NO_TRIAL = TrialRequest(is_trial=False)


def sold_by_halden_de(world: World) -> World:
    """With the catalogue, which the German company sells, of the three there are."""
    stock(world)
    metadata = {"metadata": {"legalEntityId": "halden-de"}}
    update_product(world.runtime, world.scope, PLATFORM, metadata)
    return world


def until(world: World, day: str) -> World:
    """Time passes to noon of that day; all that is due in between is billed, and issued then."""
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    pass_time(world.runtime, world.scope, to=noon)
    world.approve_all().issue_all()
    return world


def change(world: World, subscription_id: str, **changes: object) -> None:
    """Its terms change, and what that comes to is billed."""
    request = UpdateRequest(**changes)  # type: ignore[arg-type]
    update_subscription(world.runtime, world.scope, subscription_id, request)
    until(world, world.today.isoformat())


def cancel(world: World, subscription_id: str, **more: object) -> None:
    """It is to end, and what that comes to is billed."""
    request = CancelRequest(**more)  # type: ignore[arg-type]
    cancel_subscription(world.runtime, world.scope, subscription_id, request)
    until(world, world.today.isoformat())


def seats(count: int) -> tuple[UnitQuantity, ...]:
    """So many."""
    return (UnitQuantity(SEATS, Decimal(count)),)


def net(world: World) -> Decimal:
    """What all documents come to before tax."""
    return sum((stored.draft.net.amount for stored in world.every()), Decimal(0))
