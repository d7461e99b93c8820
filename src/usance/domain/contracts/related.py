"""Related slices: what the amount of a slice rests on beside itself.

A line is cut once where all of it may count, and asked by day from then on; elsewhere only where
it is asked about. So a long contract costs each slice what it rests on, and no look at the rest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from usance.domain.calendar import Period
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.difference import without_waived
from usance.domain.contracts.schedule import Slice, rated_minor, slices
from usance.domain.contracts.terms import Scope
from usance.domain.contracts.value import counts_toward
from usance.domain.due_items import CountedSlice, Fund, LineKind, UsedBy
from usance.domain.ids import LineId

Place = tuple[int, date]  # a line among those of its contract, and the first day of a slice of it
Placed = tuple[int, Slice]


@dataclass(frozen=True, slots=True)
class _Cut:
    """The slices of a line, in time, with their first days; of usage, as tiers count them."""

    slices: Sequence[Slice]
    starts: Sequence[date]
    counted: Sequence[CountedSlice]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Usage that draws from funds which hang together: by day, then by line, with those places."""

    places: Sequence[tuple[date, int]]
    usage: Sequence[Placed]


@dataclass(slots=True)
class Related:
    """What the slices of one contract rest on."""

    contract: Contract
    _cuts: dict[int, _Cut] = field(default_factory=dict)
    _counting: dict[tuple[LineId, date], Sequence[Placed]] = field(default_factory=dict)
    _asked: set[int] = field(default_factory=set)
    _members: dict[int, list[int]] = field(default_factory=dict)
    _paying: dict[Place, tuple[Fund, ...]] = field(default_factory=dict)
    _drawing: dict[int, _Drawing] = field(default_factory=dict)
    _payers: list[tuple[int, ContractLine]] = field(init=False)

    def __post_init__(self) -> None:
        self._payers = [
            (position, line)
            for position, line in enumerate(self.contract.lines)
            if line.sold.kind is LineKind.PREPAID
        ]

    def before(self, position: int, each: Slice) -> tuple[CountedSlice, ...]:
        """Usage in the same tier scope, counted before a slice of a metered line."""
        sold, start = self.contract.lines[position].sold, each.period.start
        if not sold.counts_with_others:
            if len(sold.segments) == 1:  # the usual line
                return ()
            return tuple(self._at_same_price(position, each))
        found: list[CountedSlice] = []
        for other in self._counted_with(position):
            cut = self._cut(other)
            first = 0 if sold.tier_scope is Scope.TERM else bisect_left(cut.starts, start)
            until = bisect_right if other < position else bisect_left
            found += cut.counted[first : until(cut.starts, start)]
        return tuple(found)

    def _counted_with(self, position: int) -> list[int]:
        """The metered lines whose tiers count together with that one's, itself included."""
        if position not in self._members:
            group = self.contract.lines[position].sold.tier_group
            self._members[position] = [
                other
                for other, member in enumerate(self.contract.lines)
                if member.sold.kind is LineKind.USAGE
                and (other == position or (group and member.sold.tier_group == group))
            ]
        return self._members[position]

    def _at_same_price(self, position: int, each: Slice) -> Iterator[CountedSlice]:
        """Usage earlier in the same period: tiers go on where only a discount is another one.

        A new price counts anew (finance.md section 3), and so does one with included units, of
        which each slice has its share.
        """
        sold, pricing = self.contract.lines[position].sold, each.segment.pricing
        if pricing.included:
            return
        price, start = replace(pricing, discounts=()), sold.window.start
        if sold.cadence is not None:
            start = max(start, sold.cadence.period_at(sold.anchor, each.period.start).start)
        cut = self._cut(position)
        first, last = bisect_left(cut.starts, start), bisect_left(cut.starts, each.period.start)
        for index in reversed(range(first, last)):
            if replace(cut.slices[index].segment.pricing, discounts=()) != price:
                return
            yield cut.counted[index]

    def topped_up(self, position: int, each: Slice) -> tuple[Sequence[Placed], Sequence[Placed]]:
        """Of a slice of a commitment, the steps before it in its period, and what counts toward
        them all: a step within a period makes no minimum of its own.
        """
        line = self.contract.lines[position]
        sold, start = line.sold, each.period.start
        if len(sold.segments) == 1:  # the usual line
            return (), self._covered(line, each.period)
        period = sold.window
        if sold.cadence is not None:
            period = sold.cadence.period_at(sold.anchor, start).overlap(sold.window) or period
        cut = self._cut(position)
        first, last = bisect_left(cut.starts, period.start), bisect_left(cut.starts, start)
        earlier = [(position, step) for step in cut.slices[first:last]]
        return earlier, self._covered(line, period)

    def _covered(self, line: ContractLine, period: Period) -> Sequence[Placed]:
        """The slices a commitment counts in one of its periods: no others are looked at."""
        asked = line.id, period.start
        if asked not in self._counting:
            self._counting[asked] = [
                (position, each)
                for position, member in enumerate(self.contract.lines)
                if counts_toward(member.sold, line.sold)
                for each in self._within(position, period)
            ]
        return self._counting[asked]

    def _within(self, position: int, period: Period) -> Iterator[Slice]:
        """The slices of a line that begin in a period: who asks again is likely to ask for all."""
        if position in self._asked:
            cut = self._cut(position)
            first = bisect_left(cut.starts, period.start)
            yield from cut.slices[first : bisect_left(cut.starts, period.end, lo=first)]
            return
        self._asked.add(position)
        line, terms = self.contract.lines[position], self.contract.terms
        for each in without_waived(slices(line, terms=terms, first=period.start)):
            if each.period.start >= period.end:
                return
            if each.period.start >= period.start:
                yield each

    def drawn_by(self, position: int, each: Slice) -> Sequence[Placed]:
        """The usage that drew, before a slice, from its funds or from others along with it."""
        if position not in self._drawing:
            found = sorted(
                (earlier.period.start, other)
                for other, earlier in self._usage(position)
                if self.funds(other, earlier)
            )
            usage = [(other, self._slice(other, start)) for start, other in found]
            self._drawing[position] = _Drawing(found, usage)
        drawing = self._drawing[position]
        return drawing.usage[: bisect_left(drawing.places, (each.period.start, position))]

    def _usage(self, position: int) -> Iterator[Placed]:
        """Every slice of the usage that shares a fund with that line, or with one that does."""
        payers_of = {
            other: {payer.id for _, payer in self._prepaid(member)}
            for other, member in enumerate(self.contract.lines)
            if member.sold.kind is LineKind.USAGE
        }
        payers, grown = payers_of[position], -1
        while grown != len(payers):
            grown = len(payers)
            payers = payers.union(*(own for own in payers_of.values() if own & payers))
        for other, own in payers_of.items():
            if own & payers:
                yield from ((other, each) for each in self._cut(other).slices)

    def _prepaid(self, line: ContractLine) -> Iterator[tuple[int, ContractLine]]:
        for position, payer in self._payers:
            if not payer.sold.covers or line.sold.ref in payer.sold.covers:
                yield position, payer

    def funds(self, position: int, each: Slice) -> tuple[Fund, ...]:
        """What was prepaid for a slice of usage: every fund begun by then, spent or not."""
        if not self._payers:
            return ()
        place = position, each.period.start
        if place not in self._paying:
            funds = self._found(self.contract.lines[position], each)
            self._paying[place] = tuple(sorted(funds))
        return self._paying[place]

    def _found(self, line: ContractLine, each: Slice) -> Iterator[Fund]:
        for position, payer in self._prepaid(line):
            carried_for = payer.sold.carried_for
            for bought in self._cut(position).slices:
                start, end = bought.period.start, bought.period.end
                if start > each.period.start:
                    break
                expires_on = end if carried_for is None else carried_for.boundary(end, 1)
                minor = rated_minor(bought, self.contract.currency)
                yield Fund(start, end, expires_on, minor, payer.sold.carried_percent, payer.id)

    def _user(self, line: ContractLine, each: Slice) -> UsedBy | None:
        """Whose usage is counted, where that is not to be told by who buys now."""
        if line.sold.used_by is not None or self.contract.since is None:
            return line.sold.used_by
        return UsedBy(self.contract.on(each.period.start).customer_id)

    def _slice(self, position: int, start: date) -> Slice:
        cut = self._cut(position)
        return cut.slices[bisect_left(cut.starts, start)]

    def _cut(self, position: int) -> _Cut:
        if position not in self._cuts:
            line = self.contract.lines[position]
            found = list(without_waived(slices(line, terms=self.contract.terms)))
            feature_id = line.sold.feature_id
            counted = (
                [
                    CountedSlice(line.id, feature_id, each.period, used_by=self._user(line, each))
                    for each in found
                ]
                if feature_id is not None
                else []
            )
            self._cuts[position] = _Cut(found, [each.period.start for each in found], counted)
        return self._cuts[position]
