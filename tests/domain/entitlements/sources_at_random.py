"""Any sources of any feature, for properties of entitlements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from usance.domain.entitlements.allowances import Allowance
from usance.domain.entitlements.features import Across, Combine, FeatureRules, Kind
from usance.domain.entitlements.sources import Level, Source
from usance.domain.entitlements.windows import Reset, ResetPeriod

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAILY = Reset(ResetPeriod.DAY, START)
MONTHLY = Reset(ResetPeriod.MONTH, START)

LIMITS = st.none() | st.integers(0, 30).map(lambda n: Decimal(n) / 2)
ALLOWANCES = st.builds(Allowance, LIMITS, st.booleans(), st.sampled_from([None, DAILY, MONTHLY]))
MOMENTS = st.integers(0, 60).map(lambda hours: START + timedelta(hours=hours))
VALUES = st.frozensets(st.sampled_from(["red", "green", "blue"]))


@st.composite
def features(draw: st.DrawFn) -> FeatureRules:
    """A feature of any kind, with any settings that go together."""
    kind = draw(st.sampled_from([*Kind, Kind.METERED]))
    if kind is Kind.CONFIGURATION and draw(st.booleans()):
        combine = draw(st.sampled_from([None, Combine.MAX, Combine.REPLACE]))
        return FeatureRules(kind=kind, combine=combine, is_lower_generous=True)
    combine = draw(st.none() | st.sampled_from(Combine))
    return FeatureRules(kind=kind, combine=combine, across=draw(st.sampled_from(Across)))


@st.composite
def sources(draw: st.DrawFn, ident: str, feature: FeatureRules) -> Source:
    """A source of that feature at any level, of one of two subscriptions or a trial."""
    level = draw(st.sampled_from(Level))
    holder = None if level is Level.PROMOTION else draw(st.sampled_from(["sub", "other", "trial"]))
    effective_at = draw(st.just(START) | MOMENTS)
    lives = draw(st.none() | st.integers(1, 40))
    adds = not feature.is_lower_generous
    rules = list(Combine) if adds else [Combine.MAX, Combine.REPLACE]
    return Source(
        id=ident,
        level=level,
        subscription_id=holder,
        is_trial=holder == "trial",
        is_granted=draw(st.integers(0, 4)) > 0,
        allowance=draw(ALLOWANCES),
        values=draw(VALUES),
        quantity=draw(st.integers(1, 3)),
        combine=draw(st.none() | st.sampled_from(rules)),
        generation=draw(st.integers(0, 1)),
        effective_at=effective_at,
        expires_at=None if lives is None else effective_at + timedelta(hours=lives),
        resource_id=draw(st.sampled_from([None, None, "site"])),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[FeatureRules, list[Source]]:
    """A feature and up to six sources of it."""
    feature = draw(features())
    count = draw(st.integers(0, 6))
    return feature, [draw(sources(f"s{index}", feature)) for index in range(count)]
