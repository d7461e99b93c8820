"""Late usage of prices that hold their tax: nothing of it is lost, whatever the contract says."""

from __future__ import annotations

import pytest

from tests.stories.world import World
from usance.flows.settle_late_usage import settle_late_usage

pytestmark = pytest.mark.postgres

CALLS = """
currency: EUR
customerId: nordlicht
legalEntityId: halden-de
orderId: CALLS
contractId: c1
term: {start: 2025-01-01, months: 12}
%s
lines:
- lineId: calls
  name: API calls
  kind: USAGE
  featureId: api-calls
  price: {model: PER_UNIT, unitAmount: "0.0119"}
  priceIncludesTax: true
  billing: {every: {count: 1, unit: MONTH}}
"""


def january(world: World, terms: str) -> World:
    """A month of 10,000 calls, issued: 119.00 with its tax of 19 %."""
    world.sign(CALLS % terms)
    world.on("2025-01-10").usage("2025-01-10", 10_000)
    world.on("2025-02-01").send_out()
    assert world.one().draft.gross.text == "119.00"
    return world.on("2025-02-10")


def grosses(world: World) -> list[str]:
    """Each line that stands: of which days, before tax and with it."""
    return [
        f"{stored.draft.type[0]} {line.service_period.start} {line.net.text} "
        f"{(line.net + line.tax).text}"
        for stored in world.every("DRAFT", "APPROVED", "ISSUED")
        for line in stored.draft.lines
    ]


@pytest.mark.parametrize("terms", ["", "lateUsage: REBILL"])
def test_what_is_as_it_was_billed_is_not_late(world: World, terms: str) -> None:
    january(world, terms)
    assert settle_late_usage(world.runtime, world.scope) == []
    assert world.bill().draft_count == 0


def test_it_rolls_into_the_next_invoice(world: World) -> None:
    january(world, "").usage("2025-01-31", 500)
    assert settle_late_usage(world.runtime, world.scope) == ["c1"]
    assert world.bill().draft_count == 0
    world.usage("2025-02-03", 1_000)
    world.on("2025-03-01").bill()
    assert grosses(world)[1:] == [
        "I 2025-01-01 -100.00 -119.00",
        "I 2025-01-01 105.00 124.95",
        "I 2025-02-01 10.00 11.90",
    ]
    world.approve_all().issue_all()
    assert settle_late_usage(world.runtime, world.scope) == []
    assert world.bill().draft_count == 0


def test_or_is_rebilled_at_once(world: World) -> None:
    january(world, "lateUsage: REBILL").usage("2025-01-31", 500)
    settle_late_usage(world.runtime, world.scope)
    world.bill()
    assert grosses(world)[1:] == [
        "C 2025-01-01 -100.00 -119.00",
        "I 2025-01-01 105.00 124.95",
    ]
    world.approve_all().issue_all()
    assert settle_late_usage(world.runtime, world.scope) == []
