"""Terms agreed for a day to come: until that day, those that held go on holding."""

from __future__ import annotations

from datetime import datetime

from tests.stories.test_contracts_amended import nets
from tests.stories.world import World
from usance.flows.plays.pass_time import pass_time

CONTRACT = """
currency: %s
customerId: %s
legalEntityId: halden-de
orderId: FIRST
contractId: c1
term: {start: 2025-01-01, months: %s}
lines:
- %s
"""
CALLS = """lineId: calls
  name: API calls
  kind: USAGE
  featureId: api-calls
  price: {model: PER_UNIT, unitAmount: "0.01"}
  billing: {every: {unit: MONTH}}"""
SEATS = """lineId: seats
  name: Seats
  kind: RECURRING
  quantity: 10
  price: {model: PER_UNIT, unitAmount: "30.00"}
  billing: {every: {unit: MONTH}}"""


def later(effective: str, terms: str, *, sequence: int = 1) -> str:
    """An amendment of that day, of nothing but terms."""
    heading = f"currency: EUR\nkind: AMENDMENT\ncontractId: c1\norderId: LATER-{sequence}\n"
    return f"{heading}effectiveOn: {effective}\n{terms}"


def until(world: World, day: str) -> World:
    """Time passes to noon of that day; what was drafted on the way goes out."""
    pass_time(world.runtime, world.scope, to=datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    world.approve_all().issue_all()
    return world


def test_usage_is_held_as_agreed_for_the_days_it_was_used(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, CALLS))
    world.sign(later("2025-07-01", "usageHoldDays: 10"))
    for day in ("2025-02-01", "2025-07-02", "2025-08-10", "2025-08-11"):
        until(world, day)
    assert [line.split(" ")[0] for line in nets(world)] == [
        *(f"2025-0{month}-01" for month in range(2, 8)),
        "2025-08-11",
    ]


def test_a_shorter_hold_overtakes_a_longer_one(world: World) -> None:
    held = CONTRACT.replace("lines:", "usageHoldDays: 45\nlines:")
    world.sign(held % ("EUR", "nordlicht", 3, CALLS))
    world.sign(later("2025-02-01", "usageHoldDays: 0"))
    for day in ("2025-03-01", "2025-03-18", "2025-04-01"):
        until(world, day)
    assert nets(world) == [
        "2025-03-01 I 2025-02-01..2025-03-01 0.00",
        "2025-03-18 I 2025-01-01..2025-02-01 0.00",
        "2025-04-01 I 2025-03-01..2025-04-01 0.00",
    ]


def test_late_usage_goes_where_the_terms_of_the_day_it_came_say(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, CALLS))
    world.sign(later("2025-07-01", "lateUsage: REBILL"))
    world.on("2025-01-20").usage("2025-01-10", 1000)
    until(world, "2025-02-03").usage("2025-01-12", 500)
    until(world, "2025-03-01")
    assert nets(world) == [
        "2025-02-01 I 2025-01-01..2025-02-01 10.00",
        "2025-03-01 I 2025-01-01..2025-02-01 5.00",
        "2025-03-01 I 2025-02-01..2025-03-01 0.00",
    ]


def test_late_usage_is_ignored_from_the_day_on_that_says_so(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, CALLS))
    world.sign(later("2025-03-01", "lateUsage: IGNORE"))
    world.on("2025-01-20").usage("2025-01-10", 1000)
    until(world, "2025-02-03").usage("2025-01-12", 500)
    until(world, "2025-03-01").usage("2025-01-13", 700)
    until(world, "2025-04-01")
    assert [line for line in nets(world) if "..2025-02-01" in line] == [
        "2025-02-01 I 2025-01-01..2025-02-01 10.00",
        "2025-03-01 I 2025-01-01..2025-02-01 5.00",
    ]


def test_days_are_given_back_as_the_terms_of_the_change_say(world: World) -> None:
    world.sign(CONTRACT % ("EUR", "nordlicht", 12, SEATS))
    world.sign(later("2025-07-01", "corrections: CREDIT_NOTE"))
    until(world, "2025-01-02")
    fewer = "changes: [{lineId: seats, quantity: %s}]"
    world.sign(later("2025-01-16", fewer % 5, sequence=2))
    until(world, "2025-01-20")
    assert len(nets(world)) == 1, "what comes to less than nothing waits for the next invoice"
    until(world, "2025-07-02")
    world.sign(later("2025-07-16", fewer % 4, sequence=3))
    until(world, "2025-07-20")
    assert nets(world)[-2:] == [
        "2025-07-16 C 2025-07-16..2025-08-01 -77.42",
        "2025-07-16 C 2025-07-16..2025-08-01 61.94",
    ]


def test_usage_billed_by_the_seller_before_is_counted_in_its_days_for_good(world: World) -> None:
    world.sign(CONTRACT % ("USD", "larkspur", 3, CALLS))
    until(world, "2025-02-01").usage("2025-01-31T23:30:00+00:00", 700, by="larkspur")
    until(world, "2025-04-01")  # in Berlin, where it is billed, that was on 1 February
    world.sign(
        "currency: USD\nkind: RENEWAL\ncontractId: c1\norderId: NEXT\n"
        "term: {start: 2025-04-01, months: 3}\nnewLegalEntityId: halden-us"
    )
    until(world, "2025-05-01")
    assert nets(world) == [
        "2025-02-01 I 2025-01-01..2025-02-01 0.00",
        "2025-03-01 I 2025-02-01..2025-03-01 7.00",
        "2025-04-01 I 2025-03-01..2025-04-01 0.00",
        "2025-05-01 I 2025-04-01..2025-05-01 0.00",
    ]
