"""Items: slices and corrections of a contract's lines as invoicing knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import NamedTuple

from msgspec.structs import replace

from usance.domain.contracts.billed_parties import mark_in, mark_of, parties_marked
from usance.domain.contracts.contract import Contract, Version
from usance.domain.contracts.difference import Correction
from usance.domain.contracts.related import Place, Related
from usance.domain.contracts.schedule import Slice
from usance.domain.contracts.terms import Scope
from usance.domain.due_items import CountedSlice, DueItem, Fund, Grouping, LineKind
from usance.domain.money import ONE

NONE = Decimal(0)
REBILLED, CREDITED = "rebilled ", "credited "  # what is rebilled stands on documents of its own


class _Rests(NamedTuple):
    """What an item's amount rests on beside its own slice: as a DueItem names it."""

    before: tuple[CountedSlice, ...] = ()
    covered: tuple[DueItem, ...] = ()
    earlier: tuple[DueItem, ...] = ()
    funds: tuple[Fund, ...] = ()
    drawn_by: tuple[DueItem, ...] = ()


BY_ITSELF = _Rests()


@dataclass(slots=True)
class Items:
    """Makes the items of one contract; those that others refer to are made, and named, once."""

    contract: Contract
    _related: Related = field(init=False)
    _names: dict[Place, str] = field(default_factory=dict)
    _plain: dict[tuple[Place, bool], DueItem] = field(default_factory=dict)
    _groupings: dict[tuple[date, str, str], Grouping] = field(default_factory=dict)
    _always: Version | None = field(init=False)

    def __post_init__(self) -> None:
        self._related = Related(self.contract)
        is_always = self.contract.since is None
        self._always = self.contract.on(self.contract.term.start) if is_always else None

    def key(self, position: int, each: Slice) -> str:
        """The terms a slice is billed at, and to whom where that has changed."""
        terms = self._terms(position, each)
        return terms if self._always is not None else terms + self.mark_on(each.covers.start)

    def mark_on(self, day: date) -> str:
        """The mark of who buys from whom on a day."""
        return "" if self._always is not None else mark_of(self.contract, self.contract.on(day))

    def mark(self, each: Correction) -> str:
        """The mark of whom a correction is for: who was charged, or is."""
        if each.gives_back is not None:
            return mark_in(each.gives_back.piece.terms_key)
        assert each.charge is not None, "a correction gives back or charges"
        return self.mark_on(each.charge.covers.start)

    def _terms(self, position: int, each: Slice) -> str:
        """The terms of what a slice tops up or draws from are its own."""
        line = self.contract.lines[position]
        if each.fixed_minor is not None:
            return _digest(each.segment.key, str(each.fixed_minor))
        if line.sold.kind is LineKind.COMMITMENT:
            earlier, covered = self._related.topped_up(position, each)
            rests = [*earlier, *covered]
            return _digest(each.segment.key, *(self._named(*other) for other in rests))
        if line.sold.kind is LineKind.USAGE:
            rests_on = self._tiers(position, each)
            if funds := self._related.funds(position, each):
                rests_on += map(str, funds)
                drawn_by = self._related.drawn_by(position, each)
                rests_on += (self._named(*other) for other in drawn_by)
            if rests_on:
                return _digest(each.segment.key, *rests_on)
        return each.segment.key

    def _named(self, position: int, each: Slice) -> str:
        """A slice that another's amount rests on: its days, its terms, and what its tiers count."""
        place = position, each.period.start
        if place not in self._names:
            line = self.contract.lines[position]
            named = [line.id, str(each.period), str(each.share), each.segment.key]
            self._names[place] = "/".join([*named, *self._tiers(position, each)])
        return self._names[place]

    def _tiers(self, position: int, each: Slice) -> list[str]:
        """What is counted before a slice, where that may change. Of a line by itself, through its
        term, it is all there is, come what may.
        """
        sold = self.contract.lines[position].sold
        if sold.kind is not LineKind.USAGE:
            return []
        if sold.tier_scope is Scope.TERM and not sold.tier_group:
            return []
        before = self._related.before(position, each)
        return [f"{earlier.line_id} {earlier.service_period}" for earlier in before]

    def charge(self, position: int, each: Slice, key: str | None = None) -> DueItem:
        """A slice as an item: what it is, who buys, how it is priced, what its amount rests on."""
        terms_key = self.key(position, each) if key is None else key
        return self._bare(position, each, terms_key, self._rests_on(position, each))

    def _rests_on(self, position: int, each: Slice) -> _Rests:
        line, related = self.contract.lines[position], self._related
        if line.sold.kind is LineKind.COMMITMENT:
            earlier, covered = related.topped_up(position, each)
            return _Rests(
                covered=tuple(self._unpaid(*other) for other in covered),
                earlier=tuple(self._bare(*step, "") for step in earlier),
            )
        if line.sold.kind is not LineKind.USAGE:
            return BY_ITSELF
        before, funds = related.before(position, each), related.funds(position, each)
        if not funds:
            return _Rests(before) if before else BY_ITSELF
        drawn_by = related.drawn_by(position, each)
        drew = tuple(self._unpaid(*other, has_funds=True) for other in drawn_by)
        return _Rests(before, funds=funds, drawn_by=drew)

    def _unpaid(self, position: int, each: Slice, *, has_funds: bool = False) -> DueItem:
        """What counts toward a commitment, or drew before: what it came to, whoever paid; with the
        funds it may draw from, where that is asked.

        Made once, and never with what drew before it in turn: that would double with each period.
        """
        made = (position, each.period.start), has_funds
        if made not in self._plain:
            is_usage = self.contract.lines[position].sold.kind is LineKind.USAGE
            before = self._related.before(position, each) if is_usage else ()
            funds = self._related.funds(position, each) if has_funds else ()
            self._plain[made] = self._bare(position, each, "", _Rests(before, funds=funds))
        return self._plain[made]

    def _bare(self, position: int, each: Slice, key: str, rests_on: _Rests = BY_ITSELF) -> DueItem:
        """A slice as an item, resting on those others."""
        contract = self.contract
        line = contract.lines[position]
        sold, segment = line.sold, each.segment
        now = self._always or contract.on(each.covers.start)
        terms = now.terms
        alone = line.id if sold.is_separate else "" if terms.is_consolidated else contract.id
        po_number = terms.po_on(each.period.start)
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
            used_by=sold.used_by,
            tax_code=sold.tax_code,
            is_tax_inclusive=sold.is_tax_inclusive,
            is_provisional=segment.is_provisional,
            is_po_expired=bool(terms.po_numbers) and not po_number,
            raised=segment.raised,
            grouping=self._grouping(now, po_number, alone),
            terms_key=key,
            fixed_minor=each.fixed_minor,
            before=rests_on.before,
            covered=rests_on.covered,
            earlier=rests_on.earlier,
            funds=rests_on.funds,
            drawn_by=rests_on.drawn_by,
        )

    def _grouping(self, now: Version, po_number: str, alone: str) -> Grouping:
        """One and the same for all that agree in it: so that they are quickly seen to."""
        asked = now.starts_on, po_number, alone
        found = self._groupings.get(asked)
        if found is None:
            terms = now.terms
            found = Grouping(terms.payment_terms, po_number, terms.is_po_required, alone)
            self._groupings[asked] = found
        return found

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
        if not each.is_rebilled:
            return item
        alone = (CREDITED if each.gives_back is not None else REBILLED) + item.line_id
        return replace(item, grouping=item.grouping._replace(alone=alone))

    def _given_back(self, position: int, each: Correction, on: date) -> DueItem:
        gone = each.gives_back
        assert gone is not None, "it gives something back"
        line = self.contract.lines[position]
        last = line.sold.segments[-1]
        like = Slice(last, gone.period, ONE, on)
        charged = parties_marked(self.contract, mark_in(gone.piece.terms_key))
        return replace(
            self._bare(position, like, ""),
            customer_id=charged.customer_id,
            legal_entity_id=charged.legal_entity_id,
            quantity=NONE,
            order_ref=last.order_id or line.order_id,
            fixed_minor=-gone.net_minor,
            gives_back=gone,
            is_tax_inclusive=False,
        )


def _digest(*parts: str) -> str:
    return blake2b("|".join(parts).encode(), digest_size=8).hexdigest()
