"""The last microsecond of everything and the first of what comes next, asked in every way there is.

What a process remembers is asked at instants that go forward; what the database says, and what a
client makes of a snapshot, must be the same at each, and hold until the instant it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import MAX_BODY, serving
from tests.conftest import new_sandbox
from tests.store.held import ACME, Offers, gives, switch
from usance.domain.catalog import Aggregation, Feature, Meter, MeterType
from usance.domain.ids import FeatureId
from usance.domain.metering.events import UsageEvent
from usance.domain.plans.entitlements import ResetPeriod
from usance.domain.plans.package import TrialEnd
from usance.flows.ingest_usage import ingest_usage
from usance.flows.open_environment import create_key
from usance.flows.runtime import Runtime, Scope
from usance.settings import Settings
from usance.store.database import Database
from usance_client.book import Book, Feed
from usance_client.snapshot import snapshot_from
from usance_client.windows import nanoseconds

TICK = timedelta(microseconds=1)
START = datetime(2025, 1, 31, 22, 30, 0, 1, tzinfo=UTC)  # the 31st, and no round second
LIMIT = 3
STEPS = 60
EVERY_WINDOW = tuple(ResetPeriod)


@dataclass(slots=True)
class Clock:
    """The world's, which a test sets."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True)
class Asked:
    """Acme, by a server whose clock is the test's."""

    http: httpx.Client
    runtime: Runtime
    scope: Scope
    clock: Clock
    keys: list[int] = field(default_factory=list)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        """What is answered."""
        answer = self.http.get(f"/api/v1{path}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def use(self, at: datetime) -> None:
        """One of everything that is counted, at that instant."""
        self.keys.append(1)
        event = UsageEvent(
            customer_id=ACME,
            event_name="called",
            idempotency_key=f"k{len(self.keys)}",
            occurred_at=at,
            dimensions={},
        )
        ingest_usage(self.runtime, self.scope, [event])

    def told(self) -> dict[str, tuple[Any, ...]]:
        """What every way says of every feature, after seeing that they say the same."""
        snapshot = self.get("/access/snapshot", customerId=ACME)
        listed = self.get(f"/customers/{ACME}/entitlements")
        by_list = {each["feature"]["id"]: plain(each) for each in listed["entitlements"]}
        by_client = client_of(snapshot, self.clock())
        told = {}
        for name in (*(f"calls-{period}" for period in EVERY_WINDOW), "sso", "bonus", "gift"):
            path = f"/customers/{ACME}/entitlements/check"
            slowly = {"X-Usance-Actor": "Ada"}
            ways = [self.get(path, featureId=name, requestedUsage=1) for _ in range(2)]
            ways.append(self.get(path, slowly, featureId=name, requestedUsage=1))
            assert ways[0] == ways[1] == ways[2], (name, self.clock())
            assert ways[0]["isGranted"] is by_client(name, 1)[0], (name, self.clock())
            now = self.get(path, featureId=name)
            if name in by_list:
                assert plain(now) == by_list[name], (name, self.clock())
            assert (now["isGranted"], now["currentUsage"]) == by_client(name, 0)
            told[name] = (ways[0]["isGranted"], *plain(now))
        return told


def plain(said: Any) -> tuple[Any, ...]:
    """What of an answer has to hold until `validUntil`."""
    names = ("isGranted", "accessDeniedReason", "usageLimit", "currentUsage", "usagePeriodEnd")
    return tuple(said[name] for name in names)


def client_of(snapshot: Any, at: datetime) -> Any:
    """Asks a client that has just this snapshot."""
    now = nanoseconds(at)
    book = Book(lambda: now, lambda _meter: (), most=10)
    book.put(snapshot_from(snapshot), Feed(now + 1), is_exact=True, received_at=now)

    def ask(name: str, requested: int) -> tuple[bool, float | int | None]:
        entry = book.entry((ACME, None, name))
        assert entry is not None
        told = entry.answers.to(Fraction(requested))
        is_counted = told.kind == "METERED"
        return told.has_access, int(told.current_usage) if is_counted else None

    return ask


@pytest.fixture
def asked(database: Database) -> Iterator[Asked]:
    """Acme on trial from the 31st, with windows of every length and grants that end."""
    clock = Clock()
    own = Database(database.url)  # closed in the end, with what the server keeps open
    runtime, scope = Runtime(own, clock=clock), new_sandbox(own)
    counted = [
        Feature(
            id=FeatureId(f"calls-{period}"),
            display_name="Calls",
            meter_type=MeterType.INCREMENTAL,
            meter=Meter("called", Aggregation.COUNT),
        )
        for period in EVERY_WINDOW
    ]
    offers = Offers(runtime, scope).open(*counted, *map(switch, ("sso", "bonus", "gift")))
    held = [gives(f"calls-{period}", LIMIT, reset_period=period) for period in EVERY_WINDOW]
    offers.subscribe(
        offers.plan("pro", *held, gives("sso")),
        starts_at=START,
        trial_ends_at=START + timedelta(days=14, microseconds=3),
        trial_end=TrialEnd.CONVERT_TO_PAID,
        ends_at=START + timedelta(days=430, microseconds=7),
    )
    offers.promote(gives("bonus"), until=START + timedelta(days=1, microseconds=5))
    offers.promote(gives("gift"), until=datetime(2025, 3, 30, 1, 0, 0, tzinfo=UTC))
    key = create_key(runtime, scope, name="test").secret
    settings = Settings(home=Path("/nowhere"), max_body_bytes=MAX_BODY)
    with (
        serving(runtime, settings) as address,
        httpx.Client(base_url=address, headers={"X-API-KEY": key}, timeout=30) as http,
    ):
        yield Asked(http, runtime, scope, clock)
    own.close()


def test_an_answer_holds_until_the_instant_it_says_in_every_way_it_is_told(asked: Asked) -> None:
    """Steps from each instant at which anything ends to the next, using something on the way."""
    seen = []
    for step in range(STEPS):
        asked.use(asked.clock())
        before = asked.told()
        ends = next_end(asked)
        if ends is None:
            break
        asked.clock.at = ends - TICK
        assert asked.told() == before, f"it held until {ends}"
        asked.clock.at = ends + (timedelta(days=step * 6) if step > 3 else timedelta())
        assert asked.told() != before, f"something is otherwise from {ends} on"
        seen.append(ends)
    assert len(seen) > 10
    assert asked.clock.at > START + timedelta(days=430)


def next_end(asked: Asked) -> datetime | None:
    """The first instant at which, by its own word, anything may be otherwise."""
    found = asked.get(f"/customers/{ACME}/entitlements/explain")
    snapshot = asked.get("/access/snapshot", customerId=ACME)
    ends = [each["validUntil"] for each in found["features"]] + [snapshot["validUntil"]]
    known = [datetime.fromisoformat(each) for each in ends if each is not None]
    return min(known, default=None)


def month_end(year: int, month: int, day: int) -> datetime:
    """The start's time of day, on that day."""
    return START.replace(year=year, month=month, day=day)


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("calls-HOUR", START + timedelta(hours=1)),
        ("calls-DAY", START + timedelta(days=1)),
        ("bonus", START + timedelta(days=1, microseconds=5)),
        ("calls-WEEK", START + timedelta(days=7)),
        ("calls-MONTH", month_end(2025, 2, 28)),
        ("gift", datetime(2025, 3, 30, 1, tzinfo=UTC)),
        ("calls-MONTH", month_end(2025, 3, 31)),
        ("calls-YEAR", month_end(2026, 1, 31)),
        ("sso", START + timedelta(days=430, microseconds=7)),
    ],
)
def test_a_window_or_grant_ends_at_its_instant_and_not_a_microsecond_later(
    asked: Asked, name: str, ends: datetime
) -> None:
    """Used up, or given, until then; after it a window is free again and a grant is over."""
    is_window = name.startswith("calls-")
    asked.told()  # so that what is remembered comes from long before
    asked.clock.at = ends - TICK
    if is_window:
        for _ in range(LIMIT):
            asked.use(ends - TICK)
    assert asked.told()[name][0] is not is_window
    asked.clock.at = ends
    assert asked.told()[name][0] is is_window
    if is_window:
        assert asked.told()[name][4] == 0
        asked.use(ends)
        asked.use(ends - TICK)  # told late: it is of the window before
        assert asked.told()[name][4] == 1


def test_a_trial_that_ends_takes_nothing_away_at_its_instant(asked: Asked) -> None:
    trial_ends = START + timedelta(days=14, microseconds=3)
    asked.told()
    asked.clock.at = trial_ends - TICK
    before = asked.told()
    asked.clock.at = trial_ends
    after = asked.told()
    assert before["sso"][0] is after["sso"][0] is True
    assert (before["calls-MONTH"][:4], before["bonus"]) == (
        after["calls-MONTH"][:4],
        after["bonus"],
    )
