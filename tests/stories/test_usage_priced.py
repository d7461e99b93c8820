"""Usage that a sum alone does not price: by dimension values, or event by event."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from tests.stories.world import World
from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.invoicing.invoice import InvoiceLine
from usance.domain.metering.events import Dimension, UsageEvent
from usance.domain.metering.totals import UsageCell
from usance.flows.define_feature import define_feature
from usance.flows.ingest_usage import ingest_usage
from usance.flows.refresh_drafts import refresh_drafts

ORDER = """
orderForm: 1
customerId: nordlicht
legalEntityId: halden-de
currency: EUR
term: {start: 2025-01-01, months: 12}
lines:
  - lineId: metered
    name: Rechenzeit
    kind: USAGE
    featureId: hours
    billing: {every: {unit: MONTH}}
    price: %s
"""
MATRIX: dict[str, object] = {
    "model": "MATRIX",
    "included": "10",
    "dimensions": ["region", "size"],
    "cells": [
        {"values": ["eu", "large"], "unitAmount": "4.00"},
        {"values": ["eu", None], "unitAmount": "2.00"},
        {"values": ["us", None], "unitAmount": "1.00"},
    ],
}
CARD: dict[str, object] = {
    "model": "PERCENTAGE",
    "ratePercent": "2.9",
    "fixedAmount": "0.30",
    "freeEvents": 1,
}


def signed(world: World, price: dict[str, object], aggregation: Aggregation) -> World:
    """A contract for the use of hours, at that price."""
    feature = Feature(
        id=FeatureId("hours"),
        display_name="Hours",
        meter_type=MeterType.INCREMENTAL,
        meter=Meter("hours", aggregation, "hours"),
    )
    define_feature(world.runtime, world.scope, feature)
    world.sign(ORDER % msgspec.json.encode(price).decode())
    return world.on("2025-02-01")


def used(world: World, key: str, hours: int, **dimensions: Dimension) -> None:
    event = UsageEvent(
        customer_id=CustomerId("nordlicht"),
        event_name="hours",
        idempotency_key=key,
        occurred_at=datetime(2025, 1, 10, int(key[1:]), tzinfo=UTC),
        dimensions={"hours": Decimal(hours), **dimensions},
    )
    ingest_usage(world.runtime, world.scope, [event])


def take_back(world: World, key: str, reverses: str) -> None:
    event = UsageEvent(
        customer_id=CustomerId("nordlicht"),
        event_name="hours",
        idempotency_key=key,
        dimensions={},
        reverses=reverses,
    )
    ingest_usage(world.runtime, world.scope, [event])


def drafted(world: World) -> InvoiceLine:
    [stored] = world.every("DRAFT")
    [line] = stored.draft.lines
    return line


def test_a_matrix_prices_each_combination_of_values(world: World) -> None:
    signed(world, MATRIX, Aggregation.SUM)
    used(world, "k1", 30, region="eu", size="large")
    used(world, "k2", 50, region="eu", size="small")
    used(world, "k3", 20, region="us")
    world.bill()
    line = drafted(world)
    # Of 100 hours 10 are included, taken by share: 27 x 4.00 + 45 x 2.00 + 18 x 1.00.
    assert (str(line.quantity), line.net.text) == ("100", "216.00")
    assert line.usage is not None
    assert line.usage.cells == (
        UsageCell(("eu", "large"), Decimal(30), 1),
        UsageCell(("eu", "small"), Decimal(50), 1),
        UsageCell(("us", None), Decimal(20), 1),
    )
    assert refresh_drafts(world.runtime, world.scope) == []
    world.approve_all().issue_all()


def test_usage_in_no_cell_is_shown_and_holds_the_draft_back(world: World) -> None:
    signed(world, MATRIX, Aggregation.SUM)
    used(world, "k1", 30, region="eu", size="large")
    used(world, "k2", 10, region="mars")
    world.bill()
    [stored] = world.every("DRAFT")
    assert "UsageUnpriced" in {finding.code for finding in stored.draft.findings}


def test_a_peak_by_region_is_the_sum_of_each_regions_peak(world: World) -> None:
    price = {**MATRIX, "dimensions": ["region"], "cells": [], "defaultUnitAmount": "1.00"}
    signed(world, price, Aggregation.MAX)
    for key, hours, region in [("k1", 30, "eu"), ("k2", 50, "eu"), ("k3", 20, "us")]:
        used(world, key, hours, region=region)
    world.bill()
    line = drafted(world)
    assert (str(line.quantity), line.net.text) == ("70", "60.00")
    assert refresh_drafts(world.runtime, world.scope) == []


def test_a_fee_an_event_is_charged_for_each_event(world: World) -> None:
    signed(world, CARD, Aggregation.SUM)
    for key, hours in [("k1", 500), ("k2", 100), ("k3", 20), ("k4", 100)]:
        used(world, key, hours)
    world.bill()
    line = drafted(world)
    # The first is free; then 220.00 x 2.9 % + 3 x 0.30.
    assert (str(line.quantity), line.net.text) == ("720", "7.28")
    assert line.usage is not None
    assert line.usage.amounts == ()  # the working says it; a million events are not kept twice
    assert refresh_drafts(world.runtime, world.scope) == []


def test_an_event_exchanged_for_another_of_the_same_amount_moves_the_draft(world: World) -> None:
    """Sum and number of events stay; whose region it was does not."""
    signed(world, MATRIX, Aggregation.SUM)
    used(world, "k1", 30, region="eu", size="large")
    used(world, "k2", 30, region="us")
    world.bill()
    assert drafted(world).net.text == "125.00"
    world.on("2025-02-02")
    take_back(world, "k3", "k1")
    used(world, "k4", 30, region="us")
    assert len(refresh_drafts(world.runtime, world.scope)) == 1
    assert drafted(world).net.text == "50.00"
