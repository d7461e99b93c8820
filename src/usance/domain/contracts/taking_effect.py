"""What each kind of order does to the agreement, on the day it takes effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from usance.domain.calendar import LAST_DAY, Period
from usance.domain.contracts.agreement import PRICED_OVER_TIME, Agreement, OpenLine
from usance.domain.contracts.contract import ContractLine
from usance.domain.contracts.order import (
    LineChange,
    Order,
    OrderKind,
    OrderLine,
    Segment,
    Stub,
    Timing,
)
from usance.domain.contracts.order_problems import BOUGHT_WHOLE
from usance.domain.contracts.segments import within
from usance.domain.contracts.terms import DatedDiscount, Refund
from usance.domain.contracts.value import line_value
from usance.domain.due_items import LineKind
from usance.domain.ids import LineId
from usance.domain.money import Currency, Money, round_minor, total
from usance.domain.rating.prices import Flat, Pricing

CARRIED = (*PRICED_OVER_TIME, LineKind.COMMITMENT, LineKind.PREPAID)
TERMINATION_FEE = "termination-fee"


def take_effect(agreed: Agreement, order: Order) -> None:
    """Change `agreed` as the order says, or note why it cannot."""
    if _is_refused(agreed, order):
        return
    if order.kind is OrderKind.RENEWAL:
        _renew(agreed, order)
    elif order.kind is OrderKind.TERMINATION:
        _terminate(agreed, order)
    else:
        _amend(agreed, order)


def add_discounts(agreed: Agreement, order: Order) -> None:
    """What comes off the whole contract from this order on."""
    throughout = Period(order.effective_on, LAST_DAY)
    for dated in order.discounts:
        agreed.discounts.append(DatedDiscount(dated.discount, dated.period or throughout))


def _is_refused(agreed: Agreement, order: Order) -> bool:
    on, term = order.effective_on, agreed.term
    if agreed.terminated_on is not None:
        expected = f"a contract that was not terminated; this one was, on {agreed.terminated_on}"
        agreed.refuse(order, "ContractTerminated", "effectiveOn", on, expected)
    elif order.kind is OrderKind.RENEWAL and not order.is_early and on < term.end:
        expected = f"{term.end}, the end of the term, or `early: true`"
        agreed.refuse(order, "RenewalOverlapsTerm", "term.start", on, expected)
    elif order.kind is OrderKind.RENEWAL and (on > term.end or order.term.end <= term.end):
        expected = f"a term that begins by {term.end}, when the old one ends, and ends after it"
        agreed.refuse(order, "RenewalLeavesGap", "term", order.term, expected)
    elif on < term.start or on > term.end or (on == term.end and not _is_last_day_fine(order)):
        expected = f"a day of the term {term}"
        agreed.refuse(order, "EffectiveOutsideTerm", "effectiveOn", on, expected)
    else:
        return False
    return True


def _is_last_day_fine(order: Order) -> bool:
    return order.kind in (OrderKind.RENEWAL, OrderKind.TERMINATION)


def _amend(agreed: Agreement, order: Order) -> None:
    on = order.effective_on
    if order.moves_end:
        _move_end(agreed, order)
    parties = {
        name: value
        for name in ("customer_id", "legal_entity_id")
        if (value := getattr(order.party_change, name)) is not None
    }
    terms = order.terms_change.named
    if terms:
        parties["terms"] = replace(agreed.latest().terms, **terms)  # type: ignore[arg-type]
    if parties:
        agreed.agree(on, **parties)
    for index, change in enumerate(order.changes):
        _change_line(agreed, order, change, f"changes[{index}]")
    for index, sold in enumerate(order.lines):
        agreed.open(sold, order, f"lines[{index}]")
    add_discounts(agreed, order)


def _move_end(agreed: Agreement, order: Order) -> None:
    """Lines that follow the contract's end go on, or stop, with it; others stop at the latest."""
    old, new = agreed.term.end, order.term.end
    agreed.term = Period(agreed.term.start, new)
    for line in agreed.running():
        if line.window.end > new:
            agreed.end_line(line, new)
        elif line.window.end == old and line.sold.ends_with_contract:
            line.end(new)


def _change_line(agreed: Agreement, order: Order, change: LineChange, path: str) -> None:
    on = order.effective_on if change.starts_on is None else change.starts_on
    line = agreed.line(change.ref, on)
    if line is None:
        expected = f"the lineId of a line that runs on {on}"
        agreed.refuse(order, "UnknownLine", f"{path}.lineId", change.ref, expected)
        return
    if change.ends:
        agreed.end_line(line, on)
        return
    misfits = list(_misfits(line.sold.kind, change))
    for code, field, value, expected in misfits:
        agreed.refuse(order, code, f"{path}.{field}", value, expected)
    if misfits:
        return
    until = LAST_DAY if change.until is None else change.until
    below = [
        segment.quantity + change.adds
        for segment in within(line.sold.segments, Period(on, until))
        if change.adds is not None
    ]
    if below and min(below) < 0:
        expected = "no more taken away than there is"
        agreed.refuse(order, "NegativeQuantity", f"{path}.addQuantity", change.adds, expected)
        return
    if change.until is not None:
        line.steps.add(until)
    line.change(Period(on, until), _with(change, order))


def _misfits(kind: LineKind, change: LineChange) -> Iterator[tuple[str, str, object, str]]:
    """What of a change lines of that kind do not have: code, field, value, what would be right."""
    count = change.adds if change.quantity is None else change.quantity
    field = "addQuantity" if change.quantity is None else "quantity"
    if kind is LineKind.USAGE and count is not None:
        expected = "nothing: the quantity of usage is counted by the meter of its feature"
        yield "QuantityOfUsage", field, count, expected
    if kind not in BOUGHT_WHOLE:
        return
    if count is not None:
        yield "NotOfThisKind", field, count, f"nothing: a {kind} line has an amount, its price"
    if change.discount is not None:
        yield "NotOfThisKind", "discount", "", f"nothing: nothing comes off a {kind} line"
    pricing = change.pricing
    if pricing is not None and pricing != Pricing(price=pricing.price):
        yield "NotOfThisKind", "price", "", "{model: FLAT, amount}: what each period comes to"
    elif pricing is not None and not isinstance(pricing.price, Flat):
        yield "NotOfThisKind", "price.model", "", "FLAT: its amount is what each period comes to"


def _with(change: LineChange, order: Order) -> Callable[[Segment], Segment]:
    def changed(segment: Segment) -> Segment:
        pricing, quantity = segment.pricing, segment.quantity
        is_provisional, raised = segment.is_provisional, segment.raised
        if change.pricing is not None:
            pricing, is_provisional, raised = change.pricing, False, ()
        if change.discount is not None:
            pricing = replace(pricing, discounts=(*pricing.discounts, change.discount))
        if change.quantity is not None:
            quantity = change.quantity
        if change.adds is not None:
            quantity += change.adds
        if (pricing, quantity) == (segment.pricing, segment.quantity):
            return segment
        return replace(
            segment,
            pricing=pricing,
            quantity=quantity,
            order_id=order.id,
            is_provisional=is_provisional,
            raised=raised,
        )

    return changed


def _renew(agreed: Agreement, order: Order) -> None:
    """Every line that ran to the end of the old term is followed by one of the new term."""
    on, old = order.effective_on, agreed.term
    ending = [
        line for line in agreed.running() if line.window.end > on or line.window.end == old.end
    ]
    named = {sold.ref for sold in order.lines}
    known = {line.sold.ref for line in ending}
    for ref in order.carries or ():
        if ref not in known:
            expected = f"the lineIds of lines that run to {on}"
            agreed.refuse(order, "UnknownLine", "carryOver", ref, expected)
    carried = known - named if order.carries is None else set(order.carries) & known
    followed = [
        line
        for line in ending
        if line.sold.ref in carried and line.sold.kind in CARRIED and not line.sold.plan
    ]
    followers = [_follower(line, order) for line in followed]
    for line in followed:  # it goes on: where the terms meet is no end, so nothing is waived there
        line.sold = replace(line.sold, last_stub=Stub.BILL)
    for line in agreed.running():
        if line.window.end > on and not line.sold.kind.is_once:
            agreed.end_line(line, on)
    renewal = agreed.latest().terms.renewal
    agreed.begin_term(order.term)
    for sold in followers:
        agreed.open(sold, order, "carryOver")
    rule = order.uplift or (None if renewal is None else renewal.uplift)
    if rule is not None:
        own = [line for line in agreed.lines if line.order_id == order.id]
        agreed.raise_prices(rule, on, own, is_opening=True)
    _amend(agreed, replace(order, moves_end=False))


def _follower(line: OpenLine, order: Order) -> OrderLine:
    """The line of the new term: at the terms of the last day of the old one.

    It keeps its billing calendar, unless that was counted from the old term's own start and does
    not fall on the new one's. It goes on, so its first part period is no stub to be waived.
    """
    sold, term = line.sold, order.term
    last = sold.segments[-1]
    on = min(order.effective_on, line.window.end)
    for segment in sold.segments:
        if segment.period.start < on <= segment.period.end:
            last = segment
    anchor = sold.anchor
    if sold.cadence is not None and sold.cadence.first_boundary(anchor, term.start) != term.start:
        anchor = term.start if anchor == line.opened_on else anchor
    only = replace(last, period=term, order_id=order.id)
    return replace(
        sold,
        window=term,
        segments=(only,),
        anchor=anchor,
        whole=None,
        ends_with_contract=True,
        first_stub=Stub.BILL,
    )


def _terminate(agreed: Agreement, order: Order) -> None:
    on, said = order.effective_on, order.termination
    assert said is not None, "a termination says what it gives back"
    agreed_lines = _to_their_ends(agreed)
    before = _values(agreed, agreed_lines, order.currency)
    for line, value in zip(agreed.lines, before, strict=True):
        if line.sold.is_void:
            continue
        is_refunded = said.refund is Refund.PRO_RATA
        if line.sold.plan and is_refunded and not line.sold.kind.is_once:
            line.sold = replace(line.sold, plan_until=on, plan_total=value)
        _end_at_termination(agreed, line, on, said.refund)
    agreed.terminated_on = on
    if on > agreed.term.start:
        agreed.term = Period(agreed.term.start, on)
    fee = said.fee
    if said.fee_percent is not None:
        after = _values(agreed, _to_their_ends(agreed), order.currency)
        lost = total(before, order.currency) - total(after, order.currency)
        fee = round_minor(lost.amount * said.fee_percent.scaleb(-2), order.currency)
    if fee is not None and not fee.is_zero:
        agreed.lines.append(_fee_line(fee, order))


def _end_at_termination(agreed: Agreement, line: OpenLine, on: date, refund: Refund) -> None:
    """Without a refund the period begun is due in full; of a plan, that is all of it. A milestone
    that was not reached by then never is.
    """
    sold = line.sold
    if sold.is_done_later:
        line.sold = replace(sold, is_void=True)
    elif refund is Refund.PRO_RATA or sold.timing is Timing.IN_ARREARS or line.window.start >= on:
        agreed.end_line(line, on)
    elif not sold.plan and sold.cadence is not None and on < line.window.end:
        period = sold.cadence.period_at(sold.anchor, on)
        agreed.end_line(line, on if period.start == on else min(period.end, line.window.end))


def _fee_line(fee: Money, order: Order) -> OpenLine:
    on = order.effective_on
    day = Period(on, on + timedelta(days=1))
    price = Pricing(price=Flat(fee.amount))
    sold = OrderLine(
        ref=TERMINATION_FEE,
        name="Termination fee",
        kind=LineKind.ONE_OFF,
        window=day,
        segments=(Segment(day, price, Decimal(1)),),
        anchor=on,
    )
    return OpenLine(sold, order.id, on, {on})


def _to_their_ends(agreed: Agreement) -> list[OpenLine]:
    """The lines as they will be, uplifts still ahead and all discounts included."""
    whole = agreed.copied()
    whole.uplift_through(LAST_DAY)
    return list(whole.discounted())


def _values(agreed: Agreement, lines: Sequence[OpenLine], of: Currency) -> list[Money]:
    """What each line comes to over its days."""
    terms = agreed.latest().terms
    values = []
    for line in lines:
        if line.sold.is_void:
            values.append(Money.zero(of))
        else:
            sold = ContractLine(LineId(""), line.order_id, line.sold)
            values.append(line_value(sold, of, terms))
    return values
