"""What became of an event: accepted, rated, invoiced; or unmatched, late, taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.stories.world import World
from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId
from usance.domain.metering.events import EventKey, UsageEvent
from usance.domain.metering.tracing import Traced
from usance.flows.ingest_usage import ingest_usage
from usance.flows.refresh_drafts import refresh_drafts
from usance.store import usage_receipts
from usance.store.usage_receipts import EventsAsked, Place

METERED = """
    12 months from 2025-01-01, as metered
    API calls at 0.01 EUR, used monthly
"""
BUYER = CustomerId("nordlicht")


def send(world: World, key: str, at: str = "2025-01-20T12:00:00", **fields: str) -> None:
    """The buyer calls the API 100 times, or takes an earlier event back."""
    reverses = fields.pop("reverses", None)
    dimensions: dict[str, str | Decimal | bool] = {"calls": Decimal(100)}
    event = UsageEvent(
        customer_id=BUYER,
        event_name=fields.pop("name", "api_calls"),
        idempotency_key=key,
        occurred_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        dimensions={} if reverses else {**dimensions, **fields},
        reverses=reverses,
    )
    ingest_usage(world.runtime, world.scope, [event])


def receipt(world: World, key: str, name: str = "api_calls") -> Traced:
    with world.runtime.transaction(world.scope) as tx:
        return usage_receipts.one(tx, EventKey(BUYER, name, key))


def state(world: World, key: str) -> str:
    return receipt(world, key).state.value


def test_an_event_is_followed_from_its_arrival_to_the_invoice(world: World) -> None:
    world.sign(METERED)
    world.on("2025-01-21")
    send(world, "k1")
    assert state(world, "k1") == "ACCEPTED"
    world.on("2025-02-01").bill()
    assert state(world, "k1") == "RATED"
    world.approve_all()
    assert state(world, "k1") == "RATED"
    [issued] = world.issue_all()
    told = receipt(world, "k1")
    [(line, _)] = told.lines
    assert (told.state, told.feature_ids) == ("INVOICED", ("api-calls",))
    assert line.document is not None
    assert line.document.number == issued.number
    assert line.document.invoice_id == world.one("ISSUED").id


def test_an_event_that_came_after_the_approval_is_late(world: World) -> None:
    world.sign(METERED)
    world.on("2025-02-01")
    send(world, "k1")
    world.bill()
    world.on("2025-02-02")
    send(world, "k2")
    assert state(world, "k2") == "RATED"  # a draft follows its usage
    refresh_drafts(world.runtime, world.scope)
    world.approve_all()
    world.on("2025-02-03")
    send(world, "k3")
    assert [state(world, key) for key in ("k1", "k2", "k3")] == ["RATED", "RATED", "LATE"]
    world.issue_all()
    assert [state(world, key) for key in ("k1", "k2", "k3")] == ["INVOICED", "INVOICED", "LATE"]


def test_what_came_to_an_invoice_without_usage_is_late(world: World) -> None:
    world.sign(METERED)
    world.on("2025-02-01").bill()
    world.approve_all()
    world.on("2025-02-02")
    send(world, "k1")
    assert state(world, "k1") == "LATE"


def test_an_event_that_no_feature_counts_is_unmatched(world: World) -> None:
    world.sign(METERED)
    world.on("2025-02-01")
    send(world, "failed", status="server_error")
    send(world, "unread", calls="many")
    send(world, "unheard", name="logins")
    assert receipt(world, "unheard", "logins").state == "UNMATCHED"
    assert [state(world, key) for key in ("failed", "unread")] == ["UNMATCHED"] * 2
    with pytest.raises(NotFound):
        receipt(world, "unheard")


def test_an_event_that_nothing_bills_is_accepted(world: World) -> None:
    world.on("2025-02-01")
    send(world, "k1")
    assert (state(world, "k1"), receipt(world, "k1").lines) == ("ACCEPTED", ())


def test_an_event_taken_back_before_the_approval_is_on_no_invoice(world: World) -> None:
    world.sign(METERED)
    world.on("2025-02-01")
    send(world, "k1")
    send(world, "k2")
    world.bill()
    world.on("2025-02-02")
    send(world, "back", at="2025-02-02T10:00:00", reverses="k1")
    assert [state(world, key) for key in ("k1", "k2", "back")] == ["REVERSED", "RATED", "RATED"]
    assert len(refresh_drafts(world.runtime, world.scope)) == 1
    world.approve_all().issue_all()
    assert [state(world, key) for key in ("k1", "k2", "back")] == [
        "REVERSED",
        "INVOICED",
        "INVOICED",
    ]
    assert world.one("ISSUED").draft.net.text == "1.00"


def test_an_event_taken_back_after_the_approval_stays_invoiced_and_its_reversal_is_late(
    world: World,
) -> None:
    world.sign(METERED)
    world.on("2025-02-01")
    send(world, "k1")
    world.send_out()
    world.on("2025-02-02")
    send(world, "back", at="2025-02-02T10:00:00", reverses="k1")
    assert [state(world, key) for key in ("k1", "back")] == ["INVOICED", "LATE"]
    assert receipt(world, "k1").kept.reversed_by == "back"


def test_a_void_invoice_holds_no_event(world: World) -> None:
    world.sign(METERED)
    world.on("2025-02-01")
    send(world, "k1")
    world.send_out()
    world.void(world.one("ISSUED").id)
    assert state(world, "k1") == "ACCEPTED"


def test_the_day_of_an_event_is_the_sellers(world: World) -> None:
    world.sign(METERED)
    world.on("2025-02-01")
    send(world, "january", at="2025-01-31T22:59:59")
    send(world, "february", at="2025-01-31T23:00:00")  # midnight in Berlin
    world.send_out()
    assert [state(world, key) for key in ("january", "february")] == ["INVOICED", "ACCEPTED"]


def test_events_come_a_page_at_a_time_both_ways(world: World) -> None:
    world.on("2025-02-01")
    for index in range(7):
        send(world, f"k{index}", at=f"2025-01-1{index // 2}T12:00:00")
    asked = EventsAsked(customer_id=BUYER, event_name="api_calls")
    with world.runtime.transaction(world.scope) as tx:
        whole = usage_receipts.page(tx, asked, limit=100)
        places = [place for place, _ in whole]
        assert places == sorted(places)
        assert {each.kept.received.event.idempotency_key for _, each in whole} == {
            f"k{index}" for index in range(7)
        }
        forward: list[tuple[Place, Traced]] = []
        while part := usage_receipts.page(
            tx, asked, after=forward[-1][0] if forward else None, limit=3
        ):
            forward += part
        assert forward == whole
        assert usage_receipts.page(tx, asked, before=places[4], limit=3) == whole[1:4][::-1]
