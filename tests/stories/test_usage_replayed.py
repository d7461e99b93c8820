"""A file of usage events sent again, whole or in part, changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.stories.world import EXAMPLES, World
from usance.documents.event_file import read_events
from usance.domain.metering.events import UsageEvent
from usance.flows.ingest_usage import ingest_usage
from usance.flows.refresh_drafts import refresh_drafts

BERLIN_FEBRUARY = datetime(2025, 1, 31, 23, tzinfo=UTC)


def events(month: str) -> tuple[UsageEvent, ...]:
    """The example events of a month."""
    file = EXAMPLES / "usage" / f"{month}.jsonl"
    return read_events(file.read_text(encoding="utf-8"), str(file))


@pytest.fixture
def metered(world: World) -> World:
    """The example order with metered calls, January's usage, and its draft."""
    world.sign((EXAMPLES / "orders/nordlicht-2025.yaml").read_text(encoding="utf-8"))
    world.on("2025-02-01")
    ingest_usage(world.runtime, world.scope, events("2025-01"))
    world.bill()
    return world


def test_a_replayed_file_changes_no_draft(metered: World) -> None:
    before = metered.every()
    again = ingest_usage(metered.runtime, metered.scope, events("2025-01"))
    assert {receipt.outcome.value for receipt in again.receipts} == {"DUPLICATE"}
    part = events("2025-01")[5:12]
    ingest_usage(metered.runtime, metered.scope, tuple(reversed(part)))
    assert refresh_drafts(metered.runtime, metered.scope) == []
    assert metered.every() == before


def test_a_file_in_two_halves_that_overlap_bills_like_the_whole(world: World) -> None:
    world.sign((EXAMPLES / "orders/nordlicht-2025.yaml").read_text(encoding="utf-8"))
    world.on("2025-02-01")
    whole = events("2025-01")
    ingest_usage(world.runtime, world.scope, whole[10:])
    ingest_usage(world.runtime, world.scope, whole[:20])
    world.bill()
    (usage,) = [line for each in world.every() for line in each.draft.lines if line.usage]
    ours = [
        event
        for event in whole
        if event.customer_id == "nordlicht" and event.event_name == "api_calls"
        if event.occurred_at is not None and event.occurred_at < BERLIN_FEBRUARY
    ]
    billable = [event for event in ours if event.dimensions.get("status") != "server_error"]
    assert usage.quantity == sum(Decimal(event.dimensions["calls"]) for event in billable)
    assert usage.usage is not None
    assert usage.usage.event_count == len(billable)
