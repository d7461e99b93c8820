"""The schedule: which slices a contract line has, and when each of them may be billed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction

from msgspec import Struct

from usance.domain.calendar import FIRST_DAY, BillingPeriod, Period, billing_periods
from usance.domain.contracts.contract import ContractLine
from usance.domain.contracts.order import OrderLine, Segment, Stub, Timing
from usance.domain.contracts.terms import ContractTerms
from usance.domain.due_items import LineKind
from usance.domain.money import ONE, Currency, Money, round_minor, total
from usance.domain.rating import proration
from usance.domain.rating.proration import Proration
from usance.domain.rating.rate import rate_line

NOTHING = Fraction(0)
IN_ARREARS = (LineKind.USAGE, LineKind.COMMITMENT)  # known at the end, and held for late events


class Slice(Struct, frozen=True, gc=False):
    """One segment within one billing period: the unit that is billed.

    `share`: how many whole price periods it holds. `due_on`: the first day it may be billed.
    Of a plan of dates, `coverage` is the day, and `fixed_minor` the amount, of one instalment.
    """

    segment: Segment
    period: Period
    share: Fraction
    due_on: date
    coverage: Period | None = None
    fixed_minor: int | None = None
    name: str = ""

    @property
    def covers(self) -> Period:
        """The days of its line that it settles."""
        return self.period if self.coverage is None else self.coverage


def slices(
    line: ContractLine,
    *,
    terms: ContractTerms | None = None,
    first: date | None = None,
) -> Iterator[Slice]:
    """All slices of a line, in time. They cover each day of its window exactly once.

    In advance, a slice falls due when its billing period begins (or the window does); in arrears,
    when the period ends, for usage as many days later as `terms` hold it. `first` leaves out the
    periods that ended by that day.
    """
    for billing in periods(line, first):
        yield from cut(line, billing, due_day(line, billing.part, terms), terms)


def periods(line: ContractLine, first: date | None = None) -> Iterable[BillingPeriod]:
    """The billing periods of a line, in time; `first` leaves out those that ended by that day."""
    sold = line.sold
    if sold.is_void:
        return ()
    if sold.cadence is None and first is not None and sold.window.end <= first:
        return ()
    if sold.cadence is None:
        return (BillingPeriod(sold.whole or sold.window, sold.window),)
    return billing_periods(sold.window, sold.cadence, anchor=sold.anchor, since=first)


def cut(
    line: ContractLine, billing: BillingPeriod, due_on: date, terms: ContractTerms | None = None
) -> Iterator[Slice]:
    """The slices of one billing period: a change of terms within it makes more than one."""
    part, whole = billing.part, billing.whole
    segments = line.sold.segments
    profile = Proration.DAYS if terms is None else terms.proration
    if part is not whole and _is_waived(line.sold, part, whole):
        for segment in segments:
            if (period := segment.period.overlap(part)) is not None:
                yield Slice(segment, period, NOTHING, due_on)
        return
    if len(segments) == 1:  # the usual line, whose one segment is its window
        yield Slice(segments[0], part, _share(line, part, whole, profile), due_on)
        return
    for segment in segments:
        if segment.period.start >= part.end or segment.period.end <= part.start:
            continue
        if profile is Proration.NONE:  # nothing is prorated: a change waits for the next period
            yield Slice(segment, part, _share(line, part, whole, profile), due_on)
            return
        start, end = max(segment.period.start, part.start), min(segment.period.end, part.end)
        period = part if (start, end) == (part.start, part.end) else Period(start, end)
        yield Slice(segment, period, _share(line, period, whole, profile), due_on)


def due_day(line: ContractLine, part: Period, terms: ContractTerms | None = None) -> date:
    """The first day a billing period of a line may be billed."""
    sold = line.sold
    if sold.kind in IN_ARREARS:
        return part.end if terms is None else part.end + timedelta(days=terms.usage_hold_days)
    if sold.timing is Timing.IN_ADVANCE or sold.kind.is_once:
        return part.start
    return part.end


def first_day_due(line: ContractLine, since: date, terms: ContractTerms) -> date:
    """A day no later than the first period that falls due on or after `since`."""
    if line.sold.timing is Timing.IN_ADVANCE and line.sold.kind not in IN_ARREARS:
        return since
    return since - timedelta(days=terms.usage_hold_days + 1)


def looked_at_from(line: ContractLine, since: date | None, terms: ContractTerms) -> date:
    """The day from which on a line is looked at, when all due before `since` stands as it should:
    the start of the first billing period that is not over. Its pieces from then on are needed.
    """
    sold = line.sold
    if since is None:
        return FIRST_DAY
    first = first_day_due(line, since, terms)
    if sold.plan:
        return first
    if sold.cadence is None:
        return sold.window.start if first < sold.window.end else first
    if first <= sold.window.start:
        return sold.window.start
    anchor, cadence = sold.anchor, sold.cadence
    return max(sold.window.start, cadence.boundary(anchor, cadence.index_at(anchor, first)))


def rated_minor(piece: Slice, of: Currency) -> int:
    """What a slice of an agreed quantity costs, in minor units."""
    if piece.fixed_minor is not None:
        return piece.fixed_minor
    segment = piece.segment
    return rate_line(segment.pricing, segment.quantity, currency=of, share=piece.share).net.minor


def plan_slices(line: ContractLine, of: Currency, terms: ContractTerms) -> Iterator[Slice]:
    """The instalments of a line that is billed on dates of its own; they add up to its price.

    Of a line cut short, those before the day it ended are what they were, and that day settles it.
    """
    sold = line.sold
    if sold.is_void:
        return
    price = total([Money(rated_minor(each, of), of) for each in slices(line, terms=terms)], of)
    amounts = _instalment_amounts(sold, price if sold.plan_total is None else sold.plan_total)
    left = price
    for part, amount in zip(sold.plan, amounts, strict=True):
        if sold.plan_until is not None and part.on >= sold.plan_until:
            break
        left -= amount
        yield _instalment(sold, part.on, amount, part.name)
    if sold.plan_until is not None and sold.window != sold.whole and sold.whole is not None:
        yield _instalment(sold, sold.plan_until, left, "")


def _instalment_amounts(sold: OrderLine, whole: Money) -> list[Money]:
    """What each instalment is; the last takes what is left, also of a price that changed since."""
    amounts = []
    left = whole
    for part in sold.plan[:-1]:
        asked = part.amount
        if asked is None:
            assert part.percent is not None, "only the last instalment takes the rest"
            asked = round_minor(whole.amount * part.percent.scaleb(-2), whole.currency)
        amounts.append(asked)
        left -= asked
    return [*amounts, left]


def _instalment(sold: OrderLine, on: date, amount: Money, name: str) -> Slice:
    day = Period(on, on + timedelta(days=1))
    return Slice(sold.segments[0], sold.window, ONE, on, day, amount.minor, name)


def _is_waived(sold: OrderLine, part: Period, whole: Period) -> bool:
    if sold.cadence is None:  # ended early, the whole term is no stub: its days are charged
        return False
    is_first, is_last = part.start > whole.start, part.end < whole.end
    return (is_first and sold.first_stub is Stub.WAIVE) or (
        is_last and sold.last_stub is Stub.WAIVE
    )


def _share(line: ContractLine, period: Period, whole: Period, profile: Proration) -> Fraction:
    """How many price periods `period` holds: whole ones first, then parts over their whole."""
    cadence = line.sold.price_cadence
    if cadence is None:
        if period is whole or period == whole:
            return ONE
        if profile is Proration.DAYS:
            return period.share_of(whole)
        return proration.share(period, whole, profile, anchor=line.sold.anchor)
    anchor = line.sold.anchor
    if profile is Proration.DAYS:
        inside = billing_periods(period, cadence, anchor=anchor)
        return sum((each.share for each in inside), NOTHING)
    return sum(
        (
            proration.share(each.part, each.whole, profile, anchor=anchor)
            for each in billing_periods(period, cadence, anchor=anchor)
        ),
        NOTHING,
    )
