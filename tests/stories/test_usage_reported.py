"""Usage that was counted elsewhere and reported as a number is billed like any other."""

from __future__ import annotations

from decimal import Decimal

from tests.stories.world import World
from usance.domain.entitlements.reports import read_report
from usance.flows.report_usage import report_usage


def test_reported_usage_of_a_feature_without_a_meter_is_billed(world: World) -> None:
    world.sign("""
        orderId: o1
        contractId: c1
        customerId: nordlicht
        legalEntityId: halden-de
        currency: EUR
        term: {start: 2025-01-01, months: 3}
        lines:
        - {lineId: seats, name: Seats, kind: USAGE, featureId: seats, unit: seat,
           price: {model: PER_UNIT, unitAmount: "2.50"}, billing: {every: {unit: MONTH}}}
    """)
    world.on("2025-01-20")
    document = {"customerId": "nordlicht", "featureId": "seats", "value": 12}
    report_usage(world.runtime, world.scope, [read_report(document)])
    report_usage(world.runtime, world.scope, [read_report({**document, "value": Decimal("0.5")})])
    world.on("2025-02-01").bill()
    [stored] = world.every("DRAFT")
    assert [(line.quantity, line.net.minor) for line in stored.draft.lines] == [
        (Decimal("12.5"), 3125)
    ]

    world.on("2025-02-10")
    report_usage(world.runtime, world.scope, [read_report({**document, "value": 8})])
    report_usage(world.runtime, world.scope, [read_report({**document, "value": -15})])
    assert [lines_of(world, on) for on in ("2025-03-01", "2025-04-01")] == [
        [Decimal("20.5")],
        [Decimal("5.5")],
    ], "the highest level of each month, though nothing was reported in March"


def lines_of(world: World, on: str) -> list[Decimal]:
    """The quantities of the draft of that day."""
    world.on(on).bill()
    return [
        line.quantity
        for stored in world.every("DRAFT")
        if str(stored.draft.bill_on) == on
        for line in stored.draft.lines
    ]
