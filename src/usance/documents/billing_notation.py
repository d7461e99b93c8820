"""When a line is billed: how often, at which end of the period, from which day; or on dates."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from usance.documents.plain import Fields, cadence, choice, day, refusal, whole
from usance.documents.plan_notation import KEYS, has_plan, plain_plan, plan_from
from usance.domain.calendar import LAST_DAY, Cadence, Period, month_after
from usance.domain.contracts.order import Instalment, OrderLine, Stub, Timing
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid
from usance.domain.money import Currency

WHOLE_TERM = "WHOLE_TERM"
LATER = "LATER"
ONLY_MILESTONES = "nothing: only a MILESTONE is marked done"
IN_ARREARS = (LineKind.USAGE, LineKind.COMMITMENT)
PLANNED = (LineKind.RECURRING, LineKind.ONE_OFF)  # priced as a whole, so that it can be shared out


class Frame(NamedTuple):
    """What the lines of an order are read against.

    `is_open`: the contract's end is elsewhere, so a line that names none goes on to whatever it is.
    `billing_day`: on which day of the month periods begin, where a line does not say.
    """

    term: Period
    currency: Currency
    is_open: bool = False
    billing_day: int | None = None


class Days(NamedTuple):
    """The days of a line, named as in `OrderLine`."""

    window: Period
    ends_with_contract: bool = False
    is_done_later: bool = False


class Billing(NamedTuple):
    """How often a line is billed, when, and counted from which day, named as in `OrderLine`."""

    cadence: Cadence | None
    timing: Timing
    anchor: date
    plan: tuple[Instalment, ...] = ()
    first_stub: Stub = Stub.BILL
    last_stub: Stub = Stub.BILL


def days_from(fields: Fields, kind: LineKind | None, frame: Frame) -> Days:
    """The days of the line: one for what is due once, else by default to the contract's end."""
    end = LAST_DAY if frame.is_open else frame.term.end
    rest = Days(Period(frame.term.start, end), ends_with_contract=True)
    if kind is not None and kind.is_once:
        fields.refuse_given(["service"], "NotOfThisKind", f"nothing: a {kind} line has a day, `on`")
        return _one_day(fields, kind, frame)
    if kind is None:
        fields.allow(["on", "done"])
    else:
        expected = f"nothing: only ONE_OFF and MILESTONE have a day, {kind} has `service`"
        fields.refuse_given(["on"], "NotOfThisKind", expected)
        fields.refuse_given(["done"], "NotOfThisKind", ONLY_MILESTONES)
    return fields.take("service", partial(_service, end=end), rest)


def billing_from(fields: Fields, kind: LineKind | None, days: Days, frame: Frame) -> Billing:
    """When the line is billed. Problems are noted in `fields`."""
    once = Billing(None, Timing.IN_ADVANCE, days.window.start)
    if kind is None:  # refused, so all that might belong to it is let pass
        fields.allow(["billing", "stubs", *KEYS])
        return once
    if kind not in PLANNED:
        fields.refuse_given(KEYS, "NotOfThisKind", f"nothing: a {kind} line has no plan of dates")
    elif has_plan(fields):
        expected = "nothing beside a plan, which says when the line is billed"
        fields.refuse_given(["billing", "stubs"], "AmbiguousBilling", expected)
        plan = plan_from(fields, start=days.window.start, of=frame.currency)
        return once._replace(plan=plan)
    else:
        fields.allow(KEYS)
    if kind.is_once:
        expected = f"nothing: a {kind} line is billed once, on its day"
        fields.refuse_given(["billing", "stubs"], "NotOfThisKind", expected)
        return once
    stubs = fields.take("stubs", _stubs, (Stub.BILL, Stub.BILL))
    read = partial(_billing_from, kind=kind, frame=frame)
    billing = fields.need("billing", read, stand_in=once)
    return billing._replace(first_stub=stubs[0], last_stub=stubs[1])


def plain_billing(line: OrderLine) -> dict[str, object]:
    """The days of the line and when it is billed, as fields of its notation."""
    plain: dict[str, object] = {}
    if line.plan:
        plain["plan"] = plain_plan(line.plan)
    elif not line.kind.is_once:
        plain["billing"] = {
            "every": WHOLE_TERM if line.cadence is None else plain_cadence(line.cadence),
            "timing": line.timing.value,
            "anchorOn": line.anchor.isoformat(),
        }
        if Stub.WAIVE in (line.first_stub, line.last_stub):
            plain["stubs"] = {"first": line.first_stub.value, "last": line.last_stub.value}
    if line.is_done_later:
        plain["done"] = LATER
    elif line.kind.is_once:
        plain["on"] = line.window.start.isoformat()
    elif line.ends_with_contract:
        plain["service"] = {"start": line.window.start.isoformat()}
    else:
        plain["service"] = plain_period(line.window)
    return plain


def plain_period(days: Period) -> dict[str, object]:
    """`{start, end}`; `end` is the first day not included."""
    return {"start": days.start.isoformat(), "end": days.end.isoformat()}


def plain_cadence(every: Cadence) -> dict[str, object]:
    """`{count, unit}`."""
    return {"count": every.count, "unit": every.unit.value}


def _one_day(fields: Fields, kind: LineKind, frame: Frame) -> Days:
    """`on` its day; a milestone may be `done: LATER` instead, whenever somebody says so."""
    if kind is not LineKind.MILESTONE:
        fields.refuse_given(["done"], "NotOfThisKind", ONLY_MILESTONES)
    elif fields.take("done", _later, default=False):
        fields.refuse_given(["on"], "AmbiguousDay", "nothing: the day is told when it is done")
        return Days(_day(frame.term.start), is_done_later=True)
    day_on = fields.need("on", day)
    return Days(frame.term if day_on is None else _day(day_on))


def _day(on: date) -> Period:
    return Period(on, on + timedelta(days=1))


def _later(value: object, path: str) -> bool:
    if value != LATER:
        raise refusal("UnknownWord", path, value, f"{LATER}, or a day in `on`")
    return True


def _service(plain: object, path: str, *, end: date) -> Days:
    """`{start, end}`; without `end` it ends with the contract."""
    fields = Fields(plain, path)
    start = fields.need("start", day)
    own_end = fields.take("end", day, None)
    if own_end is not None:
        return fields.made(lambda: Days(Period(start, own_end)))
    if start is not None and start >= end:
        expected = f"a day before {end}, when the contract's term ends"
        fields.refuse("ServiceOutsideTerm", "start", start, expected)
    return fields.made(lambda: Days(Period(start, end), ends_with_contract=True))


def _billing_from(plain: object, path: str, *, kind: LineKind, frame: Frame) -> Billing:
    """Periods are counted from the term's start unless an anchor or a day of the month is given."""
    fields = Fields(plain, path)
    every = fields.need("every", _every)
    timing = Timing.IN_ARREARS if kind in IN_ARREARS else Timing.IN_ADVANCE
    when = fields.take("timing", choice(Timing), timing)
    start = frame.term.start
    anchor = fields.take("anchorOn", day, start)
    if every is not None and fields.has("dayOfMonth"):
        anchor = fields.need("dayOfMonth", partial(_anchor, start=start, every=every[0]))
        if fields.has("anchorOn"):
            fields.refuse("AmbiguousAnchor", "anchorOn", "", "anchorOn or dayOfMonth, not both")
    else:
        fields.take("dayOfMonth", whole, None)
        if every is not None and not fields.has("anchorOn"):
            anchor = _usual_anchor(fields, every[0], frame)
    return fields.made(lambda: Billing(every[0], when, anchor))


def _usual_anchor(fields: Fields, every: Cadence | None, frame: Frame) -> date:
    """Counted in months, on the order's billing day, if it names one."""
    start = frame.term.start
    if frame.billing_day is None or every is None or not every.months:
        return start
    try:
        return _anchor(frame.billing_day, "billingDay", start=start, every=every)
    except Invalid as refused:
        fields.problems += refused.problems
        return start


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


def _stubs(plain: object, path: str) -> tuple[Stub, Stub]:
    fields = Fields(plain, path)
    first = fields.take("first", choice(Stub), Stub.BILL)
    last = fields.take("last", choice(Stub), Stub.BILL)
    return fields.made(lambda: (first, last))
