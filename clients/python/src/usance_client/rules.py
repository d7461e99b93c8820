"""Rules: what an entitlement and usage come to, worked out once for every question.

A question "may they use so much more?" has two answers only, whatever the number of allowances:
one while the number is at most `headroom`, and one beyond. Both are made when usage or entitlement
change, so that a check compares two whole numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from usance_client.decision import Decision, DenialReason, Kind
from usance_client.quantity import NOTHING, in_units, minus, unit_of
from usance_client.snapshot import Allowance, Entitlement
from usance_client.windows import ALWAYS, FOREVER, Nanoseconds, Window, instant

UNGRANTED = -1  # headroom that no request fits in, for a request is zero or more


class Use(NamedTuple):
    """How much was used, in which window."""

    amount: Decimal
    window: Window


@dataclass(frozen=True, slots=True)
class Answers:
    """Both answers, and how long they hold.

    A request of n fits when n times `unit` is at most `headroom`; `headroom` None: anything fits.
    `until`: the first instant at which usage counts from zero again. `stale_from`: from when on
    the entitlement itself may be another.
    """

    entitlement: Entitlement | None
    unit: int
    headroom: int | None
    fits: Decision
    exceeded: Decision
    until: Nanoseconds
    stale_from: Nanoseconds

    def to(self, requested_usage: Fraction, values: Collection[str] = ()) -> Decision:
        """The one to a question. `requested_usage` is zero or more."""
        is_fitting = self.headroom is None or requested_usage * self.unit <= self.headroom
        decision = self.fits if is_fitting else self.exceeded
        entitlement = self.entitlement
        if not values or entitlement is None or reason_without_values(entitlement):
            return decision
        if entitlement.kind is not Kind.ENUM:
            return decision.denied(DenialReason.FEATURE_TYPE_MISMATCH)
        if not entitlement.values.issuperset(values):
            return decision.denied(DenialReason.REQUESTED_VALUES_MISMATCH)
        return decision


class _Option(NamedTuple):
    """What one allowance gives. `room` None: unlimited; below zero when more was used."""

    allowance: Allowance
    use: Use
    room: Decimal | None


NOTHING_GIVEN = _Option(
    Allowance(NOTHING, is_soft=False, reset=None, scope="*", used=NOTHING, window=ALWAYS),
    Use(NOTHING, ALWAYS),
    NOTHING,
)


def answers(entitlement: Entitlement, uses: Sequence[Use]) -> Answers:
    """The answers of an entitlement whose allowances were used so, one use for each."""
    ends = [use.window.end for use in uses]
    until = min(ends, default=FOREVER)
    moment = min([*ends, entitlement.valid_until])
    valid_until = None if moment == FOREVER else instant(moment)
    if entitlement.kind is Kind.METERED and entitlement.is_granted:
        fits, exceeded, room = _metered(entitlement, uses)
    else:
        fits = exceeded = _without_usage(entitlement)
        room = None
    fits = replace(fits, kind=entitlement.kind, valid_until=valid_until)
    exceeded = replace(exceeded, kind=entitlement.kind, valid_until=valid_until)
    if reason := reason_without_values(entitlement):
        fits, exceeded = fits.denied(reason), exceeded.denied(reason)
    unit = 1 if room is None else unit_of([room])
    headroom = None if room is None else in_units(room, unit)
    return Answers(entitlement, unit, headroom, fits, exceeded, until, entitlement.valid_until)


def refusal(reason: DenialReason) -> Answers:
    """The answers where there is no entitlement to look at."""
    no = Decision(has_access=False, denial_reason=reason)
    return Answers(None, 1, UNGRANTED, no, no, FOREVER, FOREVER)


def reason_without_values(entitlement: Entitlement) -> DenialReason | None:
    """Why not, whatever is asked for. A budget is looked at before limits."""
    if not entitlement.is_granted:
        return entitlement.denial_reason or DenialReason.NO_FEATURE_ENTITLEMENT
    return DenialReason.BUDGET_EXCEEDED if entitlement.is_budget_used_up else None


def _without_usage(entitlement: Entitlement) -> Decision:
    """The answer for a switch, a list, or a configured number."""
    if entitlement.kind is not Kind.CONFIGURATION or not entitlement.allowances:
        return Decision(has_access=True, values=entitlement.values)
    value = entitlement.allowances[0].limit
    return Decision(has_access=True, limit=value, is_unlimited=value is None)


def _metered(
    entitlement: Entitlement, uses: Sequence[Use]
) -> tuple[Decision, Decision, Decimal | None]:
    """The answer to what fits, to what does not, and how much that is; None: all does.

    Of several windows the one told is the one with the most left: what does not fit there fits
    nowhere. Beyond, a soft limit lets through.
    """
    given = zip(entitlement.allowances, uses, strict=True)
    options = [_option(each, use) for each, use in given] or [NOTHING_GIVEN]
    unlimited = [each for each in options if each.room is None]
    if unlimited:
        told = _told(max(unlimited, key=_most_left))
        return told, told, None
    best = max(options, key=_most_room)
    soft = [each for each in options if each.allowance.is_soft]
    return _told(best), _beyond(max(soft or options, key=_most_left)), best.room


def _option(allowance: Allowance, use: Use) -> _Option:
    room = None if allowance.limit is None else minus(allowance.limit, use.amount)
    return _Option(allowance, use, room)


def _most_room(option: _Option) -> tuple[Decimal, Decimal]:
    return option.room or NOTHING, option.allowance.limit or NOTHING


def _most_left(option: _Option) -> tuple[Decimal, Decimal]:
    return max(option.room or NOTHING, NOTHING), option.allowance.limit or NOTHING


def _told(option: _Option) -> Decision:
    window = option.use.window
    return Decision(
        has_access=True,
        is_unlimited=option.room is None,
        limit=option.allowance.limit,
        current_usage=option.use.amount,
        remaining=None if option.room is None else max(option.room, NOTHING),
        overage=NOTHING if option.room is None else max(-option.room, NOTHING),
        window_start=None if window.start == ALWAYS.start else instant(window.start),
        window_end=None if window.end == FOREVER else instant(window.end),
    )


def _beyond(option: _Option) -> Decision:
    if option.allowance.is_soft:
        return replace(_told(option), is_soft_exceeded=True)
    return _told(option).denied(DenialReason.REQUESTED_USAGE_EXCEEDING_LIMIT)
