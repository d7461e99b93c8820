"""Resolve: many sources, one effective entitlement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain

from usance.domain.entitlements.allowances import (
    Allowance,
    Share,
    added,
    most_generous,
    plus,
    times,
)
from usance.domain.entitlements.features import Across, Combine, FeatureRules
from usance.domain.entitlements.sources import Level, Source

NO_LIMIT_GIVEN = Allowance(Decimal(0))
NO_ONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What a customer has of a feature, all sources taken together.

    `allowances`: of a number, the most generous, one for each way of counting windows; usage that
    one of them lets through is let through. `origins`: the ids of the sources it comes from, or of
    those that took it away. `valid_until`: the first instant at which it may be another; None when
    no source begins or ends.
    """

    feature: FeatureRules
    is_granted: bool
    allowances: tuple[Allowance, ...] = ()
    values: frozenset[str] = frozenset()
    origins: frozenset[str] = NO_ONE
    valid_until: datetime | None = None


def resolve(
    feature: FeatureRules,
    sources: Iterable[Source],
    *,
    at: datetime,
    resource_id: str | None = None,
) -> Effective:
    """The effective entitlement at that instant, for a resource or the customer as a whole.

    In one subscription the highest level of the chain counts and its add-ons go on top; of
    subscriptions, trials and promotions the most generous counts. `sources` are all of this
    customer's for this feature, past and future too; each id is used once.
    """
    if feature.is_disabled:
        return Effective(feature=feature, is_granted=False)
    in_scope = [source for source in sources if source.is_for(resource_id)]
    had = _all_together(feature, [source for source in in_scope if source.is_in_force(at)])
    return Effective(
        feature=feature,
        is_granted=had.is_granted,
        allowances=tuple(share.allowance for share in had.shares),
        values=had.values,
        origins=had.origins,
        valid_until=_next_change(in_scope, had.origins, at),
    )


@dataclass(frozen=True, slots=True)
class _Had:
    """What some of the sources come to."""

    origins: frozenset[str]
    shares: tuple[Share, ...] = ()
    values: frozenset[str] = frozenset()
    is_granted: bool = True


def _all_together(feature: FeatureRules, sources: Sequence[Source]) -> _Had:
    chains: dict[str | None, list[Source]] = {}
    for source in sources:
        if source.level is not Level.PROMOTION:
            chains.setdefault(source.subscription_id, []).append(source)
    trials = [each for each in chains.values() if any(source.is_trial for source in each)]
    paid = [each for each in chains.values() if not any(source.is_trial for source in each)]
    bases = [_one_subscription(feature, each) for each in paid]
    if feature.across is Across.SUM and feature.kind.is_number:
        bases = [_of_shares(added(_shares_of(bases)), bases)]
    bases += [_one_subscription(feature, each) for each in trials]
    bases += [_of(feature, source) for source in sources if source.level is Level.PROMOTION]
    return _best(feature, bases)


def _one_subscription(feature: FeatureRules, sources: Iterable[Source]) -> _Had:
    """The highest level of the chain, with the add-ons that add to it or may be better."""
    in_chain: list[Source] = []
    beside: dict[Combine, list[_Had]] = {Combine.ADD: [], Combine.MAX: []}
    for source in sources:
        rule = source.combine or feature.add_ons
        if source.level is Level.ADD_ON and rule is not Combine.REPLACE:
            beside[rule].append(_of(feature, source))
        else:
            in_chain.append(source)
    top = max((_height(source) for source in in_chain), default=None)
    base = _best(feature, [_of(feature, each) for each in in_chain if _height(each) == top])
    if feature.kind.is_number:
        base = _with_added(base, beside[Combine.ADD])
        return _best(feature, [base, *beside[Combine.MAX]])
    return _best(feature, [base, *chain.from_iterable(beside.values())])


def _height(source: Source) -> tuple[Level, int]:
    return source.level, -source.generation


def _of(feature: FeatureRules, source: Source) -> _Had:
    origins = frozenset([source.id])
    if not source.is_granted:
        return _Had(origins, is_granted=False)
    if not feature.kind.is_number:
        return _Had(origins, values=source.values)
    allowance = times(source.allowance or NO_LIMIT_GIVEN, source.quantity)
    return _Had(origins, (Share(allowance, origins),))


def _with_added(base: _Had, more: Sequence[_Had]) -> _Had:
    """Add-ons count in the windows of what they are added to, or in their own when alone."""
    shares = _shares_of(more)
    if not shares:
        return base
    if not base.shares:
        return _of_shares(added(shares), [base, *more])
    return _of_shares([plus(each, shares) for each in base.shares], [])


def _best(feature: FeatureRules, parts: Sequence[_Had]) -> _Had:
    granted = [part for part in parts if part.is_granted]
    if not granted:
        return _Had(NO_ONE.union(*(part.origins for part in parts)), is_granted=False)
    if feature.kind.is_number:
        lower = feature.is_lower_generous
        return _of_shares(most_generous(_shares_of(granted), is_lower_generous=lower), [])
    origins = NO_ONE.union(*(part.origins for part in granted))
    return _Had(origins, values=NO_ONE.union(*(part.values for part in granted)))


def _shares_of(parts: Iterable[_Had]) -> list[Share]:
    return [share for part in parts for share in part.shares]


def _of_shares(shares: Sequence[Share], refused: Iterable[_Had]) -> _Had:
    """What the shares come to; without any, that nobody of those who `refused` gave something."""
    if not shares:
        return _Had(NO_ONE.union(*(part.origins for part in refused)), is_granted=False)
    return _Had(NO_ONE.union(*(share.origins for share in shares)), tuple(shares))


def _next_change(
    sources: Iterable[Source], origins: frozenset[str], at: datetime
) -> datetime | None:
    """The first instant after `at` at which a source begins, or one that matters ends."""
    changes = [source.effective_at for source in sources]
    changes += [
        source.expires_at
        for source in sources
        if source.expires_at is not None and source.id in origins
    ]
    return min((change for change in changes if change > at), default=None)
