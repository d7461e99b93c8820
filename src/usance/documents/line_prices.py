"""What a line costs: its price and quantity, step by step, and what comes off for some days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple, cast

from usance.documents.billing_notation import Days, Frame, plain_period
from usance.documents.plain import (
    Fields,
    Reader,
    amount,
    day,
    each,
    given,
    number,
    refusal,
    text,
    whole,
)
from usance.domain.calendar import LAST_DAY, Period, month_after
from usance.domain.contracts.order import OrderLine, Segment
from usance.domain.contracts.order_problems import BOUGHT_WHOLE
from usance.domain.contracts.segments import Segments, changed
from usance.domain.contracts.terms import DatedDiscount
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid
from usance.domain.money import Currency
from usance.domain.rating.notation import plain_pricing, pricing_from
from usance.domain.rating.prices import Discount, Flat, Pricing

MAX_STEPS = 120  # of one ramp
MAX_DISCOUNTS = 50
MAX_MONTHS = 1200
ONE, NONE = Decimal(1), Decimal(0)
UNREAD = Pricing(price=Flat(NONE))  # stands for a refused price, of which nothing is made
NO_DISCOUNT = {
    LineKind.COMMITMENT: "nothing: a commitment is agreed as it is",
    LineKind.PREPAID: "nothing: what is prepaid is what can be used",
}
FREE_MONTHS = "Free months"


class _Priced(NamedTuple):
    """What one step costs; None: nothing was said."""

    pricing: Pricing | None
    quantity: Decimal


def segments_from(fields: Fields, kind: LineKind | None, days: Days, frame: Frame) -> Segments:
    """The steps of the ramp, or the whole window as one, with what comes off them.

    Problems are noted in `fields`.
    """
    steps = _steps(fields, kind, days.window, frame.currency)
    if kind in NO_DISCOUNT:
        fields.refuse_given(["discounts", "freeMonths"], "NotOfThisKind", NO_DISCOUNT[kind])
        return steps
    if kind is not None and kind.is_once:
        expected = f"nothing: a {kind} line has no months"
        fields.refuse_given(["freeMonths"], "NotOfThisKind", expected)
    return _discounted(fields, steps, days.window)


def plain_segments(line: OrderLine) -> dict[str, object]:
    """Price and quantity, or the ramp, as fields of the line's notation."""
    steps = [_plain_step(segment, line.kind) for segment in line.segments]
    if [segment.period for segment in line.segments] == [line.window]:
        return {key: value for key, value in steps[0].items() if key not in ("start", "end")}
    if line.ends_with_contract:
        del steps[-1]["end"]
    return {"ramp": steps}


def pricing_at(value: object, path: str) -> Pricing:
    """A price in its notation."""
    return pricing_from(cast(Mapping[str, object], value), path=path)


def dated_discounts(fields: Fields, start: date) -> tuple[DatedDiscount, ...]:
    """`discounts` and `freeMonths` of `fields`, the latter from `start` on."""
    listed = fields.take("discounts", each(partial(_dated, start=start), most=MAX_DISCOUNTS), ())
    free = fields.take("freeMonths", partial(_free_months, start=start), ())
    return (*listed, *free)


def plain_discount(dated: DatedDiscount) -> dict[str, object]:
    """A discount and its days in its notation."""
    days = dated.period
    is_ending = days is not None and days.end != LAST_DAY
    return plain_amount_off(dated.discount) | given(
        **{"from": None if days is None else days.start.isoformat()},
        until=days.end.isoformat() if is_ending and days is not None else None,
    )


def discount_from(plain: object, path: str) -> Discount:
    """`{percent | amount, reason}`."""
    fields = Fields(plain, path)
    return _discount(fields)


def plain_amount_off(discount: Discount) -> dict[str, object]:
    """A discount without its days in its notation."""
    percent, off = discount.percent, discount.amount
    return given(
        percent=None if percent is None else f"{percent:f}",
        amount=None if off is None else f"{off:f}",
        reason=discount.reason,
    )


def _steps(fields: Fields, kind: LineKind | None, window: Period, currency: Currency) -> Segments:
    said = _priced(fields, kind, currency, _Priced(None, NONE if kind is LineKind.USAGE else ONE))
    if not fields.has("ramp"):
        fields.allow(["ramp"])
        if said.pricing is None:
            key = "amount" if kind in BOUGHT_WHOLE else "price"
            expected = f"{_article(key)}, or a ramp whose steps have one"
            fields.refuse("MissingField", key, "", expected)
        return (Segment(window, said.pricing or UNREAD, said.quantity),)
    if kind is not None and kind.is_once:
        expected = f"nothing: a {kind} line has one day"
        fields.refuse_given(["ramp"], "NotOfThisKind", expected)
        return ()
    step = partial(_step, kind=kind, currency=currency, line=said, end=window.end)
    return fields.take("ramp", each(step, most=MAX_STEPS), ())


def _step(
    plain: object, path: str, *, kind: LineKind | None, currency: Currency, line: _Priced, end: date
) -> Segment:
    """One step of a ramp; what it does not name is the line's, its end the line's own."""
    fields = Fields(plain, path)
    start, own_end = fields.need("start", day), fields.take("end", day, end)
    said = _priced(fields, kind, currency, line)
    if said.pricing is None:
        key = "amount" if kind in BOUGHT_WHOLE else "price"
        fields.refuse("MissingField", key, "", f"{_article(key)}, here or for the whole line")
    return fields.made(
        lambda: Segment(Period(start, own_end), said.pricing or UNREAD, said.quantity)
    )


def _article(key: str) -> str:
    return f"an {key}" if key == "amount" else f"a {key}"


def _priced(fields: Fields, kind: LineKind | None, currency: Currency, default: _Priced) -> _Priced:
    """Price and quantity, or the amount, of a line or a step. A refused price is UNREAD."""
    if kind in BOUGHT_WHOLE:
        expected = f"nothing: a {kind} line has an amount"
        fields.refuse_given(["price", "quantity"], "NotOfThisKind", expected)
        unread = UNREAD if fields.has("amount") else default.pricing
        return _Priced(fields.take("amount", _bought(kind, currency), unread), ONE)
    if kind is None:
        fields.allow(["amount"])
    else:
        expected = "nothing: only COMMITMENT and PREPAID have an amount, others have a price"
        fields.refuse_given(["amount"], "NotOfThisKind", expected)
    unread = UNREAD if fields.has("price") else default.pricing
    pricing = fields.take("price", pricing_at, unread)
    if kind is LineKind.USAGE:
        expected = "nothing: the quantity of usage is counted by the meter of its feature"
        fields.refuse_given(["quantity"], "QuantityOfUsage", expected)
        return _Priced(pricing, NONE)
    return _Priced(pricing, fields.take("quantity", number, default.quantity))


def _bought(kind: LineKind | None, currency: Currency) -> Reader[Pricing]:
    """A reader of what each billing period of a commitment, or of what is prepaid, comes to."""

    def read(value: object, path: str) -> Pricing:
        found = amount(currency)(value, path)
        if found.is_negative:
            code = "NegativeCommitment" if kind is LineKind.COMMITMENT else "NegativePrice"
            raise refusal(code, path, value, "zero or more")
        return Pricing(price=Flat(found.amount))

    return read


def _discounted(fields: Fields, steps: Segments, window: Period) -> Segments:
    """The steps, cut where something comes off them."""
    agreed = {step.period.start for step in steps}
    path = fields.at("discounts")
    for index, dated in enumerate(dated_discounts(fields, window.start)):
        days = window if dated.period is None else dated.period.overlap(window)
        if days is None:
            expected = f"days of the service, {window}"
            found = refusal("DiscountOutsideService", f"{path}[{index}]", dated.period, expected)
            fields.problems += found.problems
        elif steps:
            steps = changed(steps, days, partial(_reduced, by=dated.discount), steps=agreed)
    return steps


def _reduced(segment: Segment, *, by: Discount) -> Segment:
    pricing = segment.pricing
    return replace(segment, pricing=replace(pricing, discounts=(*pricing.discounts, by)))


def _dated(plain: object, path: str, *, start: date) -> DatedDiscount:
    """`{percent | amount, from, until, reason}`; without days it holds throughout."""
    fields = Fields(plain, path)
    first = fields.take("from", day, None)
    until = fields.take("until", day, None)
    discount = _discount(fields)
    if first is None and until is None:
        return DatedDiscount(discount)
    try:
        return DatedDiscount(discount, Period(first or start, until or LAST_DAY))
    except Invalid:
        expected = f"a day after {first or start}, for it is the first day not included"
        raise refusal("EmptyPeriod", fields.at("until"), until, expected) from None


def _discount(fields: Fields) -> Discount:
    percent = fields.take("percent", number, None)
    off = fields.take("amount", number, None)
    reason = fields.take("reason", text, "")
    return fields.made(lambda: Discount(percent=percent, amount=off, reason=reason))


def _free_months(value: object, path: str, *, start: date) -> tuple[DatedDiscount, ...]:
    months = whole(value, path)
    if not 0 <= months <= MAX_MONTHS:
        raise refusal("InvalidMonths", path, value, f"0 to {MAX_MONTHS} months")
    if not months:
        return ()
    days = Period(start, min(month_after(start, months), LAST_DAY))
    return (DatedDiscount(Discount(percent=Decimal(100), reason=FREE_MONTHS), days),)


def _plain_step(segment: Segment, kind: LineKind) -> dict[str, object]:
    plain: dict[str, object] = plain_period(segment.period)
    if kind in BOUGHT_WHOLE:
        assert isinstance(segment.pricing.price, Flat), "what is bought whole has an amount"
        return plain | {"amount": f"{segment.pricing.price.amount:f}"}
    plain["price"] = plain_pricing(segment.pricing)
    if kind is not LineKind.USAGE:
        plain["quantity"] = f"{segment.quantity:f}"
    return plain
