"""Rated items: what a due item comes to before tax, with every step shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from usance.domain.due_items import CountedSlice, DueItem, LineKind, UsedBy
from usance.domain.ids import LineId
from usance.domain.invoicing.drawdown import Usage, drawn
from usance.domain.metering.totals import NO_USAGE, UsageTotal
from usance.domain.money import Currency, Money
from usance.domain.rating.counting import detail_for
from usance.domain.rating.rate import RatedLine, rate_line
from usance.domain.rating.working import Fact, Working

UsageBySlice = Mapping[tuple[LineId, date], UsageTotal]
ZERO = Decimal(0)


def counted_slices(item: DueItem) -> Iterator[CountedSlice]:
    """All the usage an item's amount rests on: its own, and what comes before or under it."""
    if item.quantity is None and item.feature_id is not None:
        detail = detail_for(item.pricing, item.share)
        period = item.service_period
        used_by = item.used_by or UsedBy(item.customer_id)
        yield CountedSlice(item.line_id, item.feature_id, period, detail, used_by)
    yield from item.before
    for other in (*item.covered, *item.drawn_by):
        yield from counted_slices(other)


@dataclass(slots=True)
class Rating:
    """Rates the items of one drafting: what several of them rest on is priced once.

    `usage` holds the totals of metered slices; one that is missing counts as no usage.
    """

    currency: Currency
    usage: UsageBySlice
    _priced: dict[tuple[LineId, date], RatedLine] = field(default_factory=dict)

    def rated(self, item: DueItem) -> RatedLine:
        """The net amount of an item, rounded once; before tax, or with it where its price is so.

        Order of computation: finance.md section 2.
        """
        if item.fixed_minor is not None:
            return _less_replaced(item, _fixed(item, item.fixed_minor, self.currency))
        line = self._by_price(item)
        if item.kind is LineKind.COMMITMENT:
            line = self._topped_up(item, line)
        elif item.funds:
            line = self._drawn_down(item, line)
        return _less_replaced(item, line)

    def _by_price(self, item: DueItem) -> RatedLine:
        """A slice as priced by itself: what was counted is the same to all that rest on it."""
        if item.quantity is not None:
            return rate_line(item.pricing, item.quantity, currency=self.currency, share=item.share)
        key = item.key
        line = self._priced.get(key)
        if line is None:
            line = self._priced[key] = self._measured(item, self.usage.get(key, NO_USAGE))
        return line

    def _measured(self, item: DueItem, counted: UsageTotal) -> RatedLine:
        usage = self.usage
        already = sum((usage.get(each.key, NO_USAGE).quantity for each in item.before), ZERO)
        return rate_line(
            item.pricing,
            counted.quantity,
            currency=self.currency,
            share=item.share,
            already=already,
            is_measured=True,
            cells=counted.cells,
            amounts=counted.amounts,
        )

    def _topped_up(self, item: DueItem, committed: RatedLine) -> RatedLine:
        """What the covered slices lack of the commitment; never less than nothing. What they come
        to fills the steps of a period in time.
        """
        steps = [committed.working]
        before = 0
        for earlier in item.earlier:
            line = self._by_price(earlier)
            before += line.net.minor
            agreed: dict[str, Fact] = {
                "servicePeriod": str(earlier.service_period),
                "commitment": line.net.amount,
            }
            steps.append(Working("earlier_step", agreed))
        reached = 0
        for each in item.covered:
            part = self.rated(each)
            reached += part.net.minor
            facts: dict[str, Fact] = {
                "clause": each.line_ref,
                "servicePeriod": str(each.service_period),
                "net": part.net.amount,
            }
            steps.append(Working("covered", facts))
        lacking = max(0, before + committed.net.minor - reached) - max(0, before - reached)
        net = Money(lacking, self.currency)
        shown: dict[str, Fact] = {
            "commitment": committed.net.amount,
            "reached": Money(reached, self.currency).amount,
            "net": net.amount,
        }
        if item.earlier:
            shown["earlier"] = Money(before, self.currency).amount
        return RatedLine(net, Working("true_up", shown, tuple(steps)), None)

    def _drawn_down(self, item: DueItem, line: RatedLine) -> RatedLine:
        """What is left of an item once what was prepaid is drawn, oldest usage first."""
        earlier = [
            Usage(each.service_period.start, self._by_price(each).net.minor, each.funds)
            for each in item.drawn_by
        ]
        taken = drawn([*earlier, Usage(item.service_period.start, line.net.minor, item.funds)])[-1]
        net = Money(line.net.minor - taken, self.currency)
        facts: dict[str, Fact] = {
            "usage": line.net.amount,
            "drawn": Money(taken, self.currency).amount,
            "net": net.amount,
        }
        unit_amount = line.unit_amount if not taken else None
        return RatedLine(
            net, Working("prepaid", facts, (line.working,)), unit_amount, line.unpriced
        )


def rated(item: DueItem, currency: Currency, usage: UsageBySlice) -> RatedLine:
    """One item by itself, as `Rating` rates it among others."""
    return Rating(currency, usage).rated(item)


def _fixed(item: DueItem, minor: int, currency: Currency) -> RatedLine:
    """An amount that is not rated: an instalment, what a slice lacks, what is given back."""
    net = Money(minor, currency)
    facts: dict[str, Fact] = {"net": net.amount, "currency": currency.code}
    gone = item.gives_back
    if gone is None:
        return RatedLine(net, Working("agreed_amount", facts), None)
    billed: dict[str, Fact] = {
        "invoice": gone.piece.source.invoice_id,
        "line": gone.piece.source.position,
        "days": f"{gone.piece.start}..{gone.piece.end}",
        "billed": Money(gone.piece.net_minor, currency).amount,
    }
    return RatedLine(net, Working("given_back", facts, (Working("billed", billed),)), None)


def _less_replaced(item: DueItem, line: RatedLine) -> RatedLine:
    """The line in whose place others stood: what they were billed for comes off."""
    if not item.replaces:
        return line
    currency = line.net.currency
    gone = Money(sum(each.net_minor for each in item.replaces), currency)
    steps = [line.working]
    for each in item.replaces:
        billed: dict[str, Fact] = {
            "invoice": each.piece.source.invoice_id,
            "line": each.piece.source.position,
            "billed": Money(each.net_minor, currency).amount,
        }
        steps.append(Working("billed", billed))
    net = line.net - gone
    facts: dict[str, Fact] = {"now": line.net.amount, "billed": gone.amount, "net": net.amount}
    return RatedLine(net, Working("replaced", facts, tuple(steps)), None, line.unpriced)
