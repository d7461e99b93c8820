"""Usage from elsewhere on the documents: billed by contract lines, corrected when it was late."""

from __future__ import annotations

import pytest

from tests.connections.conftest import connect
from tests.connections.other_side import OtherSide
from tests.stories.world import World
from usance.domain.ids import CustomerId, FeatureId
from usance.flows.settle_late_usage import settle_late_usage

pytestmark = pytest.mark.postgres


def test_what_another_system_counted_is_billed_and_its_late_correction_too(
    world: World, there: OtherSide
) -> None:
    world.sign("12 months from 2025-01-01\nAPI calls at 0.01 USD, used monthly")
    connected = connect(
        world,
        there,
        customers={"acme": CustomerId("larkspur")},
        features={"calls": FeatureId("api-calls")},
    )
    there.uses("2025-01-15T10:20", 100_000)
    there.uses("2025-01-31T20:20", 20_000)
    world.on("2025-02-04")
    connected.sync()
    world.send_out()
    january = "2025-02-01  API calls  2025-01-01..2025-02-01  1,200.00 USD"
    assert world.invoices() == [january]

    there.uses("2025-01-15T10:40", -10_000)
    world.on("2025-02-12")
    connected.sync()
    settle_late_usage(world.runtime, world.scope)
    there.uses("2025-02-14T10:20", 50_000)
    world.on("2025-03-04")
    connected.sync()
    world.bill()
    assert world.invoices() == [
        january,
        "2025-03-01  API calls  2025-01-01..2025-02-01  -100.00 USD",
        "2025-03-01  API calls  2025-02-01..2025-03-01  500.00 USD",
    ]


ORDER = """
orderForm: 1
orderId: O-1
contractId: C-1
customerId: larkspur
legalEntityId: halden-us
currency: USD
term: {start: 2025-01-01, months: 12}
lines:
  - lineId: calls
    kind: USAGE
    name: Calls
    featureId: calls
    billing: {every: {count: 1, unit: MONTH}}
    price: {model: PER_UNIT, unitAmount: "0.5"}
"""


def test_a_feature_that_came_from_there_is_sold_like_any_other(
    world: World, there: OtherSide
) -> None:
    connected = connect(world, there, customers={"acme": CustomerId("larkspur")})
    connected.sync()
    world.sign(ORDER)
    there.uses("2025-01-15T10:20", 30)
    world.on("2025-02-04")
    connected.sync()
    world.bill()
    assert world.invoices() == ["2025-02-01  Calls  2025-01-01..2025-02-01  15.00 USD"]
