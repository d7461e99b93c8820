"""The agreement as it is being folded: lines that open, change, stretch and end.

Mutable, and seen by the timeline alone: what comes out of it is a `Contract`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from usance.domain.calendar import LAST_DAY, Period, month_after
from usance.domain.contracts import segments
from usance.domain.contracts.contract import Version
from usance.domain.contracts.order import Order, OrderLine, Segment
from usance.domain.contracts.terms import DatedDiscount
from usance.domain.contracts.uplift import Uplift, Uplifted, index_months, uplifted
from usance.domain.due_items import LineKind, Raised
from usance.domain.errors import Problem
from usance.domain.ids import OrderId
from usance.domain.price_index import IndexSeries
from usance.domain.rating.scaling import scaled

PRICED_OVER_TIME = (LineKind.RECURRING, LineKind.USAGE)  # what uplifts and discounts are for


class Trouble(NamedTuple):
    """What is wrong with an order among the others of its contract; the path is its form's."""

    order_id: OrderId
    problem: Problem


class Raise(NamedTuple):
    """Prices rising on a day: by which rule, by how much; `is_known`: not for want of an index."""

    on: date
    rule: Uplift
    by: Uplifted
    is_known: bool

    @property
    def told(self) -> Raised:
        """The same for a line's working."""
        change = (
            ""
            if self.by.change is None
            else f"{round(Decimal(self.by.change.numerator * 100) / self.by.change.denominator, 4)}"
        )
        index = self.rule.index or ""
        return Raised(self.on, str(self.by.factor), index, self.by.of, self.by.against, change)


@dataclass(slots=True)
class OpenLine:
    """A line while it is being made; `steps` are the days on which a step begins by agreement.

    Its segments go on beyond its window where it follows the contract's end, so that what was
    agreed for days that an extension brings later is not lost.
    """

    sold: OrderLine
    order_id: OrderId
    opened_on: date
    steps: set[date]

    @property
    def window(self) -> Period:
        """Its days so far."""
        return self.sold.window

    def end(self, end: date) -> None:
        """Its window ends there, before or after it did; what was agreed for days beyond waits."""
        whole = self.sold.whole or self.window
        self.sold = replace(
            self.sold,
            window=Period(self.window.start, end),
            whole=whole if self.sold.cadence is None else self.sold.whole,
        )

    def change(self, days: Period, made: Callable[[Segment], Segment]) -> None:
        """`made` of each of its steps within those days."""
        changed = segments.changed(self.sold.segments, days, made, steps=self.steps)
        self.sold = replace(self.sold, segments=changed)


@dataclass(slots=True)
class Agreement:
    """All that holds so far: the term, the parties and terms by day, the lines, the discounts."""

    term: Period  # from the first day of the first term to the last of the latest
    term_start: date  # of the latest term
    versions: list[Version]
    indices: Mapping[str, IndexSeries]
    done: Mapping[str, date]
    lines: list[OpenLine] = field(default_factory=list)
    discounts: list[DatedDiscount] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    terminated_on: date | None = None
    uplifted: int = 0  # anniversaries of this term that have passed
    raises: list[Raise] = field(default_factory=list)

    def copied(self) -> Agreement:
        """The same, to go on with apart from this one."""
        return replace(
            self,
            versions=list(self.versions),
            lines=[replace(line) for line in self.lines],
            discounts=list(self.discounts),
            troubles=list(self.troubles),
            raises=list(self.raises),
        )

    def open(self, sold: OrderLine, order: Order, path: str) -> None:
        """A line as sold by `order`, cut where the contract ends."""
        if sold.ends_with_contract and sold.window.start < self.term.end:
            window = Period(sold.window.start, self.term.end)
            sold = replace(
                sold, window=window, segments=segments.stretched(sold.segments, LAST_DAY)
            )
        if not self.term.covers(sold.window):
            where = "on" if sold.kind.is_once else "service"
            expected = f"days within the term {self.term}"
            self.refuse(order, "ServiceOutsideTerm", f"{path}.{where}", sold.window, expected)
            return
        if any(
            each.sold.ref == sold.ref and _meet(each.window, sold.window) for each in self.lines
        ):
            expected = "a lineId that no line in force has"
            self.refuse(order, "DuplicateLineId", f"{path}.lineId", sold.ref, expected)
            return
        opened_on = sold.window.start
        if sold.is_done_later and sold.ref in self.done:
            sold = _done(sold, self.done[sold.ref])
        steps = {segment.period.start for segment in sold.segments}
        self.lines.append(OpenLine(sold, order.id, opened_on, steps))

    def line(self, ref: str, day: date) -> OpenLine | None:
        """The line of that ref that runs on that day, or None."""
        return next(
            (each for each in self.running() if each.sold.ref == ref and day in each.window), None
        )

    def running(self) -> list[OpenLine]:
        """The lines that are not void."""
        return [each for each in self.lines if not each.sold.is_void]

    def end_line(self, line: OpenLine, day: date) -> None:
        """It runs no longer from that day on; one that had not begun is void."""
        if day <= line.window.start:
            line.sold = replace(line.sold, is_void=True)
        elif day < line.window.end:
            line.end(day)

    def latest(self) -> Version:
        """The parties and terms agreed last."""
        return self.versions[-1]

    def agree(self, on: date, **changes: object) -> None:
        """Other parties or terms from a day on. Whoever was a party is kept, if only for the order
        of a day, for it may have been billed.
        """
        version = replace(self.latest(), starts_on=on, **changes)  # type: ignore[arg-type]
        if self.latest().starts_on == on and version.has_parties_of(self.latest()):
            self.versions[-1] = version
        else:
            self.versions.append(version)

    def begin_term(self, term: Period) -> None:
        """A new term: anniversaries count from its start, open discounts end with the old one."""
        self.discounts = [
            dated if _ends_by(dated, term.start) else _until(dated, term.start)
            for dated in self.discounts
        ]
        self.term = Period(self.term.start, term.end)
        self.term_start = term.start
        self.uplifted = 0

    def uplift_through(self, day: date) -> None:
        """Each anniversary of the term begun last, up to that day, raises what is priced.

        One that passed before there was a rule is behind: a rule agreed later does not reach back.
        """
        while True:
            on = month_after(self.term_start, 12 * (self.uplifted + 1))
            if on > day or on >= self.term.end:
                return
            self.uplifted += 1
            rule = self.latest().terms.uplift
            if rule is not None:
                self.raise_prices(rule, on, self.lines)

    def raise_prices(
        self, rule: Uplift, on: date, lines: Iterable[OpenLine], *, is_opening: bool = False
    ) -> None:
        """The prices of `lines` from that day on, by the rule; those that are held stay.

        `is_opening`: also where a line begins that day, going on from an earlier term.
        """
        raised = self._raise(rule, on)
        self.raises.append(raised)
        for line in lines:
            _raise_price(line, raised, is_opening=is_opening)

    def _raise(self, rule: Uplift, on: date) -> Raise:
        """By how much prices rise that day; an index that is not published yet is taken to be at
        the floor.
        """
        series = None if rule.index is None else self.indices.get(rule.index)
        found = uplifted(rule, on, series)
        if found is not None:
            return Raise(on, rule, found, is_known=True)
        of, against = index_months(rule, on)
        floor = 1 + Fraction(rule.floor or 0) / 100
        return Raise(on, rule, Uplifted(floor, of, against), is_known=False)

    def refuse(self, order: Order, code: str, path: str, value: object, expected: str) -> None:
        """Note what is wrong with an order; it changes nothing in that place."""
        self.troubles.append(Trouble(order.id, Problem(code, path, str(value), expected)))

    def discounted(self) -> Iterator[OpenLine]:
        """The lines with what comes off the whole contract."""
        for line in self.lines:
            if line.sold.kind in PRICED_OVER_TIME:
                for dated in self.discounts:
                    days = dated.period or Period(line.window.start, LAST_DAY)
                    _take_off(line, dated, days)
            within = segments.clipped(line.sold.segments, line.window)
            yield replace(line, sold=replace(line.sold, segments=within))


def _raise_price(line: OpenLine, by: Raise, *, is_opening: bool) -> None:
    held_until, on = line.sold.held_until, by.on
    if line.sold.kind not in PRICED_OVER_TIME or (held_until is not None and on < held_until):
        return
    if on >= line.window.end or on < line.opened_on:
        return
    if on == line.opened_on and not is_opening:
        return

    def raised(segment: Segment) -> Segment:
        pricing = scaled(segment.pricing, by.by.factor, decimals=by.rule.decimals)
        is_provisional = segment.is_provisional or not by.is_known
        return replace(
            segment,
            pricing=pricing,
            is_provisional=is_provisional,
            raised=(*segment.raised, by.told),
        )

    line.change(Period(on, LAST_DAY), raised)


def _take_off(line: OpenLine, dated: DatedDiscount, days: Period) -> None:
    def reduced(segment: Segment) -> Segment:
        discounts = (*segment.pricing.discounts, dated.discount)
        return replace(segment, pricing=replace(segment.pricing, discounts=discounts))

    line.change(days, reduced)


def _done(sold: OrderLine, on: date) -> OrderLine:
    day = Period(on, on + timedelta(days=1))
    only = replace(sold.segments[0], period=day)
    return replace(sold, window=day, segments=(only,), is_done_later=False)


def _meet(one: Period, other: Period) -> bool:
    return one.overlap(other) is not None


def _ends_by(dated: DatedDiscount, day: date) -> bool:
    return dated.period is not None and dated.period.end <= day


def _until(dated: DatedDiscount, day: date) -> DatedDiscount:
    assert dated.period is not None, "a discount of a contract has its days"
    if dated.period.end != LAST_DAY:
        return dated  # it was agreed to last beyond the term
    return replace(dated, period=Period(dated.period.start, day))
