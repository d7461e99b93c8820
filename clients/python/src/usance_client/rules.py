"""Rules: what an entitlement and usage come to, worked out once for every question.

A question "may they use so much more?" has two answers only, whatever the number of allowances:
one while the number is at most `headroom`, and one beyond. Both are made when usage or entitlement
change, so that a check compares two whole numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from usance_client.decision import NO_VALUES, Decision, DenialReason, Kind
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
    until = min((use.window.end for use in uses), default=FOREVER)
    moment = min(until, entitlement.valid_until)
    made = _Maker(entitlement, None if moment == FOREVER else instant(moment))
    if entitlement.kind is not Kind.METERED or not entitlement.is_granted:
        told = made.without_usage()
        return Answers(entitlement, 1, None, told, told, until, entitlement.valid_until)
    given = zip(entitlement.allowances, uses, strict=True)
    best, beyond = _best([_option(each, use) for each, use in given] or [NOTHING_GIVEN])
    fits = made.fitting(best)
    if best.room is None:
        return Answers(entitlement, 1, None, fits, fits, until, entitlement.valid_until)
    unit = unit_of([best.room])
    headroom = in_units(best.room, unit)
    exceeded = made.beyond(beyond)
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


def _best(options: Sequence[_Option]) -> tuple[_Option, _Option]:
    """The one told of what fits, and the one of what does not.

    Of several windows it is the one with the most left: what does not fit there fits nowhere.
    Beyond, a soft limit lets through.
    """
    if len(options) == 1:
        return options[0], options[0]
    unlimited = [each for each in options if each.room is None]
    if unlimited:
        best = max(unlimited, key=_most_left)
        return best, best
    soft = [each for each in options if each.allowance.is_soft]
    return max(options, key=_most_room), max(soft or options, key=_most_left)


def _option(allowance: Allowance, use: Use) -> _Option:
    room = None if allowance.limit is None else minus(allowance.limit, use.amount)
    return _Option(allowance, use, room)


def _most_room(option: _Option) -> tuple[Decimal, Decimal]:
    return option.room or NOTHING, option.allowance.limit or NOTHING


def _most_left(option: _Option) -> tuple[Decimal, Decimal]:
    return max(option.room or NOTHING, NOTHING), option.allowance.limit or NOTHING


class _Maker:
    """Makes the answers of one entitlement."""

    def __init__(self, entitlement: Entitlement, valid_until: datetime | None) -> None:
        self._entitlement, self._valid_until = entitlement, valid_until
        self._reason = reason_without_values(entitlement)

    def without_usage(self) -> Decision:
        """The answer for a switch, a list, a configured number, and what they do not have."""
        entitlement = self._entitlement
        is_number = entitlement.kind is Kind.CONFIGURATION and bool(entitlement.allowances)
        value = entitlement.allowances[0].limit if is_number else None
        return Decision(
            has_access=self._reason is None,
            denial_reason=self._reason,
            kind=entitlement.kind,
            is_unlimited=is_number and value is None,
            limit=value,
            values=NO_VALUES if is_number else entitlement.values,
            valid_until=self._valid_until,
        )

    def fitting(self, option: _Option) -> Decision:
        """The answer to what fits."""
        return self._told(option, self._reason)

    def beyond(self, option: _Option) -> Decision:
        """The answer to what does not."""
        if option.allowance.is_soft:
            return self._told(option, self._reason, is_soft_exceeded=self._reason is None)
        return self._told(option, self._reason or DenialReason.REQUESTED_USAGE_EXCEEDING_LIMIT)

    def _told(
        self, option: _Option, reason: DenialReason | None, *, is_soft_exceeded: bool = False
    ) -> Decision:
        allowance, use, room = option
        start, end = use.window
        return Decision(
            has_access=reason is None,
            denial_reason=reason,
            kind=self._entitlement.kind,
            is_unlimited=room is None,
            limit=allowance.limit,
            current_usage=use.amount,
            remaining=None if room is None else max(room, NOTHING),
            overage=NOTHING if room is None else max(-room, NOTHING),
            is_soft_exceeded=is_soft_exceeded,
            window_start=None if start == ALWAYS.start else instant(start),
            window_end=None if end == FOREVER else instant(end),
            valid_until=self._valid_until,
        )
