"""Items: slices and corrections of a contract's lines as invoicing knows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from hashlib import blake2b

from usance.domain.calendar import Period
from usance.domain.contracts.contract import Contract, ContractLine
from usance.domain.contracts.difference import Correction, without_waived
from usance.domain.contracts.schedule import Slice, rated_minor, slices
from usance.domain.contracts.terms import LateUsage, Scope
from usance.domain.contracts.value import counts_toward
from usance.domain.due_items import CountedSlice, DueItem, Fund, Grouping, LineKind
from usance.domain.money import ONE

NONE = Decimal(0)
REBILLED, CREDITED = "rebilled ", "credited "  # what is rebilled stands on documents of its own


@dataclass(slots=True)
class Items:
    """Makes the items of one contract; the slices of lines that others refer to are cut once."""

    contract: Contract
    _slices: dict[int, list[Slice]] = field(default_factory=dict)
    _plain: dict[tuple[int, date], DueItem] = field(default_factory=dict)
    _payers: list[tuple[int, ContractLine]] = field(init=False)

    def __post_init__(self) -> None:
        self._payers = [
            (position, line)
            for position, line in enumerate(self.contract.lines)
            if line.sold.kind is LineKind.PREPAID
        ]

    _paying: dict[tuple[int, date], tuple[Fund, ...]] = field(default_factory=dict)

    def key(self, position: int, each: Slice) -> str:
        """The terms a slice is billed at: those of what it tops up or draws from are its own."""
        line = self.contract.lines[position]
        if each.fixed_minor is not None:
            return _digest(each.segment.key, str(each.fixed_minor))
        if line.sold.kind is LineKind.COMMITMENT:
            covered = (self._named(*other) for other in self._covered(line, each.period))
            return _digest(each.segment.key, *covered)
        if line.sold.kind is LineKind.USAGE:
            rests_on = [*self._tiers(position, each)]
            if funds := self._funds(position, each):
                rests_on += map(str, funds)
                rests_on += (self._named(*other) for other in self._drawn_by(position, each))
            if rests_on:
                return _digest(each.segment.key, *rests_on)
        return each.segment.key

    def _named(self, position: int, each: Slice) -> str:
        """A slice that another's amount rests on: its days, its terms, and what its tiers count."""
        line = self.contract.lines[position]
        named = [line.id, str(each.period), str(each.share), each.segment.key]
        return "/".join([*named, *self._tiers(position, each)])

    def _tiers(self, position: int, each: Slice) -> Iterator[str]:
        """What is counted before a slice, where that may change. Of a line by itself, through its
        term, it is all there is, come what may.
        """
        line = self.contract.lines[position]
        sold = line.sold
        if sold.kind is LineKind.USAGE and (sold.tier_group or sold.tier_scope is Scope.PERIOD):
            for earlier in self._before(position, line, each):
                yield f"{earlier.line_id} {earlier.service_period}"

    def charge(self, position: int, each: Slice, key: str | None = None) -> DueItem:
        """A slice as an item: what it is, who buys, how it is priced, what its amount rests on."""
        line = self.contract.lines[position]
        item = self._bare(position, each, self.key(position, each) if key is None else key)
        if line.sold.kind is LineKind.USAGE:
            return self._with_scope(item, line, each)
        if line.sold.kind is LineKind.COMMITMENT:
            counted = tuple(self._unpaid(*other) for other in self._covered(line, each.period))
            return replace(item, covered=counted)
        return item

    def _bare(self, position: int, each: Slice, key: str) -> DueItem:
        """A slice as an item by itself, without the others that its amount rests on."""
        contract = self.contract
        line = contract.lines[position]
        sold, segment = line.sold, each.segment
        now = contract.on(each.period.start)
        terms = now.terms
        alone = line.id if sold.is_separate else "" if terms.is_consolidated else contract.id
        return DueItem(
            customer_id=now.customer_id,
            legal_entity_id=now.legal_entity_id,
            contract_id=contract.id,
            line_id=line.id,
            position=position,
            line_ref=sold.ref,
            order_ref=segment.order_id or line.order_id,
            kind=sold.kind,
            description=f"{sold.name}: {each.name}" if each.name else sold.name,
            unit=sold.unit,
            due_on=each.due_on,
            service_period=each.period,
            coverage=each.coverage,
            share=each.share,
            pricing=segment.pricing,
            quantity=None if sold.kind is LineKind.USAGE else segment.quantity,
            feature_id=sold.feature_id,
            tax_code=sold.tax_code,
            is_tax_inclusive=sold.is_tax_inclusive,
            is_provisional=segment.is_provisional,
            grouping=Grouping(
                terms.payment_terms, terms.po_on(each.period.start), terms.is_po_required, alone
            ),
            terms_key=key,
            fixed_minor=each.fixed_minor,
        )

    def correction(self, position: int, each: Correction, on: date) -> DueItem:
        """A correction as an item, due on that day."""
        if each.gives_back is not None:
            return self._by_itself(each, self._given_back(position, each, on))
        assert each.charge is not None, "a correction gives back or charges"
        item = replace(self.charge(position, each.charge), due_on=on, replaces=each.replaces)
        if each.fixed_minor is not None and each.period is not None:
            item = replace(item, service_period=each.period, fixed_minor=each.fixed_minor)
        return self._by_itself(each, item)

    def _by_itself(self, each: Correction, item: DueItem) -> DueItem:
        """Late usage that is rebilled: its credit is one document, its new charge another."""
        if not each.is_late or self.contract.terms.late_usage is not LateUsage.REBILL:
            return item
        alone = (CREDITED if each.gives_back is not None else REBILLED) + item.line_id
        return replace(item, grouping=item.grouping._replace(alone=alone))

    def _given_back(self, position: int, each: Correction, on: date) -> DueItem:
        gone = each.gives_back
        assert gone is not None, "it gives something back"
        line = self.contract.lines[position]
        last = line.sold.segments[-1]
        like = Slice(last, gone.period, ONE, on)
        return replace(
            self._bare(position, like, ""),
            quantity=NONE,
            order_ref=last.order_id or line.order_id,
            fixed_minor=-gone.net_minor,
            gives_back=gone,
            is_tax_inclusive=False,
        )

    def _with_scope(self, item: DueItem, line: ContractLine, each: Slice) -> DueItem:
        """The item with the usage that its tiers count before it, and what was prepaid for it."""
        before = tuple(self._before(item.position, line, each))
        funds = self._funds(item.position, each)
        if not funds:
            return replace(item, before=before) if before else item
        drawn_by = self._drawn_by(item.position, each)
        earlier = tuple(
            replace(self._unpaid(*other), funds=self._funds(*other)) for other in drawn_by
        )
        return replace(item, before=before, funds=funds, drawn_by=earlier)

    def _drawn_by(self, position: int, each: Slice) -> Iterator[tuple[int, Slice]]:
        """The usage that drew, before a slice, from its funds or from others along with it."""
        mine = each.period.start, position
        found = [
            (earlier.period.start, other, earlier)
            for other, earlier in self._usage(position)
            if (earlier.period.start, other) < mine and self._funds(other, earlier)
        ]
        for _, other, earlier in sorted(found, key=lambda one: one[:2]):
            yield other, earlier

    def _unpaid(self, position: int, each: Slice) -> DueItem:
        """What counts toward a commitment, or drew before: what it came to, whoever paid.

        Made once, and never with what drew before it in turn: that would double with each period.
        """
        place = position, each.period.start
        if place not in self._plain:
            line, item = self.contract.lines[position], self._bare(position, each, "")
            if line.sold.kind is LineKind.USAGE:
                item = replace(item, before=tuple(self._before(position, line, each)))
            self._plain[place] = item
        return self._plain[place]

    def _before(self, position: int, line: ContractLine, each: Slice) -> Iterator[CountedSlice]:
        """Usage in the same tier scope, counted before this slice."""
        sold = line.sold
        if sold.tier_scope is Scope.PERIOD and not sold.tier_group:
            yield from self._at_same_price(position, line, each)
            return
        for other, member in enumerate(self.contract.lines):
            is_same = other == position or (
                sold.tier_group and member.sold.tier_group == sold.tier_group
            )
            if member.sold.kind is not LineKind.USAGE or not is_same:
                continue
            assert member.sold.feature_id is not None, "usage names its feature"
            for earlier in self._cut(other):
                start = earlier.period.start
                if (start, other) >= (each.period.start, position):
                    break
                if sold.tier_scope is Scope.TERM or start >= each.period.start:
                    yield CountedSlice(member.id, member.sold.feature_id, earlier.period)

    def _at_same_price(
        self, position: int, line: ContractLine, each: Slice
    ) -> Iterator[CountedSlice]:
        """Usage earlier in the same period: tiers go on where only a discount is another one.

        A new price counts anew (finance.md section 3), and so does one with included units, of
        which each slice has its share.
        """
        sold, price = line.sold, replace(each.segment.pricing, discounts=())
        if len(sold.segments) == 1 or price.included:
            return
        start = sold.window.start
        if sold.cadence is not None:
            start = max(start, sold.cadence.period_at(sold.anchor, each.period.start).start)
        assert sold.feature_id is not None, "usage names its feature"
        earlier = [s for s in self._cut(position) if start <= s.period.start < each.period.start]
        for other in reversed(earlier):
            if replace(other.segment.pricing, discounts=()) != price:
                return
            yield CountedSlice(line.id, sold.feature_id, other.period)

    def _usage(self, position: int) -> Iterator[tuple[int, Slice]]:
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
                yield from ((other, each) for each in self._cut(other))

    def _prepaid(self, line: ContractLine) -> Iterator[tuple[int, ContractLine]]:
        for position, payer in self._payers:
            if not payer.sold.covers or line.sold.ref in payer.sold.covers:
                yield position, payer

    def _funds(self, position: int, each: Slice) -> tuple[Fund, ...]:
        """What was prepaid for a slice of usage: every fund begun by then, spent or not."""
        place = position, each.period.start
        if place not in self._paying:
            funds = self._found(self.contract.lines[position], each)
            self._paying[place] = tuple(sorted(funds))
        return self._paying[place]

    def _found(self, line: ContractLine, each: Slice) -> Iterator[Fund]:
        for position, payer in self._prepaid(line):
            carried_for = payer.sold.carried_for
            for bought in self._cut(position):
                start, end = bought.period.start, bought.period.end
                if start > each.period.start:
                    break
                expires_on = end if carried_for is None else carried_for.boundary(end, 1)
                minor = rated_minor(bought, self.contract.currency)
                yield Fund(start, end, expires_on, minor, payer.sold.carried_percent, payer.id)

    def _covered(self, line: ContractLine, period: Period) -> Iterator[tuple[int, Slice]]:
        """The slices a commitment counts in one of its periods."""
        for position, member in enumerate(self.contract.lines):
            if counts_toward(member.sold, line.sold):
                for each in self._cut(position):
                    if each.period.start in period:
                        yield position, each

    def _cut(self, position: int) -> Sequence[Slice]:
        if position not in self._slices:
            line = self.contract.lines[position]
            every = slices(line, terms=self.contract.terms)
            self._slices[position] = list(without_waived(every))
        return self._slices[position]


def _digest(*parts: str) -> str:
    return blake2b("|".join(parts).encode(), digest_size=8).hexdigest()
