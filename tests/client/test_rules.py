"""The rules of the client beside those of the server: one question, one answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from usance.api.access.snapshot import feature_access
from usance.domain.catalog import Feature, FeatureType, MeterType
from usance.domain.entitlements import access
from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import FeatureRules, Kind
from usance.domain.entitlements.holdings import EVERYWHERE, Counted, Entitled
from usance.domain.entitlements.resolve import Effective
from usance.domain.entitlements.windows import Reset, ResetPeriod, Window
from usance.domain.ids import CustomerId, FeatureId
from usance_client.book import Book, Feed
from usance_client.decision import Decision
from usance_client.snapshot import snapshot_from
from usance_client.windows import nanoseconds

START = datetime(2024, 1, 31, 12, 30, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]).map(ZoneInfo)
INSTANTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
LATER = st.one_of(
    st.integers(0, 3 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(0, 800).map(lambda days: timedelta(days=days)),
)
RESETS = st.builds(
    Reset, st.sampled_from(ResetPeriod), INSTANTS, ZONES, st.integers(1, 3), st.none() | INSTANTS
)
AMOUNTS = st.decimals(0, 100, places=5) | st.integers(0, 20).map(Decimal)
VALUES = st.frozensets(st.sampled_from(["red", "green", "blue"]), max_size=3)
FEATURES = {
    Kind.BOOLEAN: Feature(id=FeatureId("f"), display_name="F", feature_type=FeatureType.BOOLEAN),
    Kind.CONFIGURATION: Feature(id=FeatureId("f"), display_name="F"),
    Kind.METERED: Feature(id=FeatureId("f"), display_name="F", meter_type=MeterType.FLUCTUATING),
}


class Case(NamedTuple):
    """What is had, what of it was used at `seen_at`, and when it is asked about."""

    entitled: Entitled
    used: Mapping[Counted, Decimal]
    seen_at: datetime
    asked_at: datetime


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Anything that can be had, and how much of it was used."""
    kind = draw(st.sampled_from([*FEATURES, Kind.METERED]))
    resets = draw(st.lists(st.none() | RESETS, min_size=1, max_size=3, unique=True))
    allowances = tuple(
        Allowance(draw(st.none() | AMOUNTS), draw(st.booleans()), each) for each in resets
    )
    is_number = kind in (Kind.CONFIGURATION, Kind.METERED)
    effective = Effective(
        feature=FeatureRules(kind=kind),
        is_granted=draw(st.integers(0, 4)) > 0,
        allowances=allowances if is_number else (),
        values=frozenset() if is_number else draw(VALUES),
        origins=frozenset(["source"]),
        valid_until=draw(st.none() | INSTANTS),
    )
    entitled = Entitled(
        feature=FEATURES[kind],
        effective=effective,
        customer_id=CustomerId("acme"),
        usage_scope=EVERYWHERE,
        updated_at=None,
        is_over_budget=effective.is_granted and draw(st.integers(0, 4)) == 0,
    )
    seen_at = draw(INSTANTS)
    used = {each: draw(AMOUNTS) for each in entitled.counted(seen_at)}
    return Case(entitled, used, seen_at, seen_at + draw(LATER))


def enumerated(case: Case) -> Case:
    """The same of a list, for which the catalogue wants more to be said."""
    effective = replace(
        case.entitled.effective, feature=FeatureRules(kind=Kind.ENUM), allowances=()
    )
    return case._replace(entitled=replace(case.entitled, effective=effective), used={})


def snapshot_of(case: Case) -> Any:
    """What the server would send, through JSON."""
    features = {"f": feature_access(case.entitled, case.used, case.seen_at)}
    return json.loads(
        msgspec.json.encode({"customerId": "acme", "resourceId": None, "features": features})
    )


def by_client(case: Case, requested: Decimal, values: frozenset[str]) -> Decision:
    """What the client says, of a snapshot it got earlier."""
    now = [nanoseconds(case.seen_at)]
    book = Book(lambda: now[0], lambda _meter: (), most=100)
    book.put(snapshot_from(snapshot_of(case)), Feed(), is_exact=True, received_at=now[0])
    now[0] = nanoseconds(case.asked_at)
    entry = book.entry(("acme", None, "f"))
    assert entry is not None
    return entry.answers.to(Fraction(requested), values)


def by_server(case: Case, requested: Decimal, values: frozenset[str]) -> access.Decision:
    """What the server's own rules say, of usage in the windows of then."""
    windows = access.windows_of(case.entitled.effective, case.asked_at)
    used: dict[Window | None, Decimal] = {
        each.window: amount for each, amount in case.used.items() if each.window in windows
    }
    return case.entitled.decide(
        used, at=case.asked_at, requested_usage=requested, requested_values=values
    )


NAMES = (
    "has_access",
    "is_unlimited",
    "limit",
    "current_usage",
    "remaining",
    "overage",
    "is_soft_exceeded",
    "values",
    "valid_until",
)


def agree(case: Case, requested: Decimal, values: frozenset[str]) -> None:
    """Whether both say the same, in every detail."""
    ours, theirs = by_client(case, requested, values), by_server(case, requested, values)
    for name in NAMES:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert str(ours.denial_reason) == str(theirs.denial_reason)
    window = theirs.window
    assert ours.window_end == (None if window is None else window.end)
    assert ours.window_start == (None if window is None else window.start)


@settings(max_examples=400, deadline=None)
@given(cases(), AMOUNTS, st.booleans(), VALUES)
def test_the_client_decides_as_the_server_does(
    case: Case, requested: Decimal, is_of_a_list: bool, values: frozenset[str]
) -> None:
    if is_of_a_list:
        case = enumerated(case)
    agree(case, requested, frozenset())
    agree(case, Decimal(0), values)


@settings(max_examples=200, deadline=None)
@given(cases(), st.integers(0, 2))
def test_the_client_decides_as_the_server_does_at_the_limit(case: Case, more: int) -> None:
    step = Decimal("0.00001")
    for allowance in case.entitled.effective.allowances:
        for used in [*case.used.values(), Decimal(0)]:
            if allowance.limit is not None and used <= allowance.limit:
                agree(case, allowance.limit - used + more * step, frozenset())
