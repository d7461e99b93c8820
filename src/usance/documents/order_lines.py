"""The lines of an order form: what is sold, when, at which price, billed how."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import cast

from usance.documents.plain import (
    Fields,
    amount,
    cadence,
    choice,
    day,
    each,
    given,
    name,
    number,
    period,
    ref,
    refusal,
    text,
    truth,
    whole,
)
from usance.domain.calendar import Cadence, Period, month_after
from usance.domain.contracts.order import OrderLine, Segment, Timing
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId
from usance.domain.money import Currency
from usance.domain.rating.notation import plain_pricing, pricing_from
from usance.domain.rating.prices import Flat, Pricing

MAX_STEPS = 120  # of one ramp
WHOLE_TERM = "WHOLE_TERM"
ONE, NONE = Decimal(1), Decimal(0)
UNREAD = Pricing(price=Flat(NONE))  # stands for a refused price, of which nothing is made


@dataclass(frozen=True, slots=True)
class Billing:
    """How often a line is billed, when, and counted from which day."""

    cadence: Cadence | None
    timing: Timing
    anchor: date


def line_from(plain: object, path: str, *, term: Period, currency: Currency) -> OrderLine:
    """The line in `plain`, of an order with that term and currency.

    Raises Invalid with every problem that shows in the line's own fields; how they fit together is
    `order_problems`.
    """
    fields = Fields(plain, path)
    line_ref, called = fields.need("lineId", ref), fields.need("name", name)
    kind = fields.need("kind", choice(LineKind))
    unit = fields.take("unit", text, "")
    feature_id = fields.take("featureId", ref, None)
    tax_code = fields.take("taxCode", ref, "standard")
    is_separate = fields.take("separateInvoice", truth, default=False)
    control_total = fields.take("total", amount(currency), None)
    price_cadence = fields.take("pricePer", cadence, None)
    window = _window(fields, kind, term)
    billing = _billing(fields, kind, term, window)
    segments = _segments(fields, kind, window)
    return fields.made(
        lambda: OrderLine(
            ref=line_ref,
            name=called,
            kind=kind,
            window=window,
            segments=segments,
            cadence=billing.cadence,
            price_cadence=price_cadence,
            timing=billing.timing,
            anchor=billing.anchor,
            unit=unit,
            feature_id=None if feature_id is None else FeatureId(feature_id),
            tax_code=tax_code,
            is_separate=is_separate,
            control_total=control_total,
        )
    )


def plain_line(line: OrderLine) -> dict[str, object]:
    """The line in its notation, with every default written out."""
    plain: dict[str, object] = {"lineId": line.ref, "name": line.name, "kind": line.kind.value}
    steps = [_plain_step(segment, line.kind) for segment in line.segments]
    if [segment.period for segment in line.segments] == [line.window]:
        terms = {key: value for key, value in steps[0].items() if key not in ("start", "end")}
        plain |= terms
    else:
        plain["ramp"] = steps
    if line.kind.is_once:
        plain["on"] = line.window.start.isoformat()
    else:
        plain["billing"] = {
            "every": WHOLE_TERM if line.cadence is None else plain_cadence(line.cadence),
            "timing": line.timing.value,
            "anchorOn": line.anchor.isoformat(),
        }
        plain["service"] = plain_period(line.window)
    return plain | given(
        pricePer=None if line.price_cadence is None else plain_cadence(line.price_cadence),
        unit=line.unit,
        featureId=line.feature_id,
        taxCode=line.tax_code,
        separateInvoice=line.is_separate,
        total=None if line.control_total is None else line.control_total.text,
    )


def plain_period(days: Period) -> dict[str, object]:
    """`{start, end}`; `end` is the first day not included."""
    return {"start": days.start.isoformat(), "end": days.end.isoformat()}


def plain_cadence(every: Cadence) -> dict[str, object]:
    """`{count, unit}`."""
    return {"count": every.count, "unit": every.unit.value}


def _window(fields: Fields, kind: LineKind | None, term: Period) -> Period:
    """The days the line is for: one day for what is due once, else by default the term."""
    if kind is not None and kind.is_once:
        fields.refuse_given(["service"], "NotOfThisKind", f"nothing: a {kind} line has a day, `on`")
        day_on = fields.need("on", day)
        return term if day_on is None else Period(day_on, day_on + timedelta(days=1))
    if kind is not None:
        expected = f"nothing: only ONE_OFF and MILESTONE have a day, {kind} has `service`"
        fields.refuse_given(["on"], "NotOfThisKind", expected)
    return fields.take("service", period, term)


def _billing(fields: Fields, kind: LineKind | None, term: Period, window: Period) -> Billing:
    if kind is not None and kind.is_once:
        expected = f"nothing: a {kind} line is billed once, on its day"
        fields.refuse_given(["billing"], "NotOfThisKind", expected)
        return Billing(None, Timing.IN_ADVANCE, window.start)
    timing = Timing.IN_ARREARS if kind is LineKind.USAGE else Timing.IN_ADVANCE
    return fields.need("billing", partial(_billing_from, timing=timing, start=term.start))


def _billing_from(plain: object, path: str, *, timing: Timing, start: date) -> Billing:
    """Periods are counted from the term's start unless an anchor or a day of the month is given."""
    fields = Fields(plain, path)
    every = fields.need("every", _every)
    when = fields.take("timing", choice(Timing), timing)
    anchor = fields.take("anchorOn", day, start)
    if every is not None and fields.has("dayOfMonth"):
        anchor = fields.need("dayOfMonth", partial(_anchor, start=start, every=every[0]))
        if fields.has("anchorOn"):
            fields.refuse("AmbiguousAnchor", "anchorOn", "", "anchorOn or dayOfMonth, not both")
    else:
        fields.take("dayOfMonth", whole, None)
    return fields.made(lambda: Billing(every[0], when, anchor))


def _anchor(value: object, path: str, *, start: date, every: Cadence | None) -> date:
    """The last day of that number from which periods may be counted into the term's first month.

    The 31st of a term from April is 31 March: counted from there, April bills on its last day.
    """
    day_of_month = whole(value, path)
    if every is None or not every.months:
        raise refusal("InvalidDayOfMonth", path, value, "nothing: only months have such a day")
    month = start.replace(day=1)
    for _ in range(12):
        if 1 <= day_of_month <= monthrange(month.year, month.month)[1]:
            return month.replace(day=day_of_month)
        month = month_after(month, -every.months)
    raise refusal("InvalidDayOfMonth", path, value, f"a day that {start:%B} has, or an anchorOn")


def _every(value: object, path: str) -> tuple[Cadence | None]:
    """In a tuple, for None (the whole service window is one billing period) is an answer too."""
    return (None,) if value == WHOLE_TERM else (cadence(value, path),)


def _segments(fields: Fields, kind: LineKind | None, window: Period) -> tuple[Segment, ...]:
    """The steps of the ramp, or the whole window as one."""
    price = fields.take("price", _pricing, UNREAD if fields.has("price") else None)
    is_usage = kind is LineKind.USAGE
    if is_usage:
        expected = "nothing: the quantity of usage is counted by the meter of its feature"
        fields.refuse_given(["quantity"], "QuantityOfUsage", expected)
    quantity = NONE if is_usage else fields.take("quantity", number, ONE)
    if not fields.has("ramp"):
        if price is None:
            fields.refuse("MissingField", "price", "", "a price, or a ramp whose steps have one")
        fields.take("ramp", _pricing, None)
        return (Segment(window, price or UNREAD, quantity),)
    if kind is not None and kind.is_once:
        expected = f"nothing: a {kind} line has one day"
        fields.refuse_given(["ramp"], "NotOfThisKind", expected)
        return ()
    step = partial(_step, price=price, quantity=quantity, is_usage=is_usage)
    return fields.take("ramp", each(step, most=MAX_STEPS), ())


def _step(
    plain: object, path: str, *, price: Pricing | None, quantity: Decimal, is_usage: bool
) -> Segment:
    """One step of a ramp; price and quantity it does not name are the line's."""
    fields = Fields(plain, path)
    start, end = fields.need("start", day), fields.need("end", day)
    own_price = fields.take("price", _pricing, price)
    if own_price is None and not fields.has("price"):
        fields.refuse("MissingField", "price", "", "a price, here or for the whole line")
    if is_usage:
        fields.refuse_given(["quantity"], "QuantityOfUsage", "nothing: usage is counted")
    else:
        quantity = fields.take("quantity", number, quantity)
    return fields.made(lambda: Segment(Period(start, end), own_price or UNREAD, quantity))


def _pricing(value: object, path: str) -> Pricing:
    return pricing_from(cast(Mapping[str, object], value), path=path)


def _plain_step(segment: Segment, kind: LineKind) -> dict[str, object]:
    plain: dict[str, object] = plain_period(segment.period)
    plain["price"] = plain_pricing(segment.pricing)
    if kind is not LineKind.USAGE:
        plain["quantity"] = f"{segment.quantity:f}"
    return plain
