"""Cases of part periods, mapped onto `usance.domain.rating.proration` and the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.cases import pricing
from tests.cases.cadences import UNITS, cadence_of, parts_due
from tests.cases.publishers import COUNTS_BACK_FROM_FIRST_BOUNDARY, DECIMALS_OF_SHARES
from tests.cases.values import Case, Found, UnmappedError, day, decimal, instant, is_instant
from usance.domain.calendar import (
    BillingPeriod,
    Cadence,
    Instants,
    Period,
    Unit,
    day_of,
    elapsed,
    zone,
)
from usance.domain.money import ONE, Money, round_minor, total
from usance.domain.rating.limits import less_fixed, less_percent
from usance.domain.rating.prices import Flat, Graduated, PerUnit, Pricing, Volume
from usance.domain.rating.proration import (
    Change,
    DayCount,
    Proration,
    change,
    credit_within,
    day_count,
    months_in,
    nominal_count,
    percent_of,
    remaining,
    remaining_time,
    share,
    share_of_time,
)
from usance.domain.rating.quantities import WeightedChange, rate_weighted
from usance.domain.rating.rate import rate, rate_line

TOPICS = {
    "mid_cycle_start",
    "upgrade",
    "downgrade",
    "cancel",
    "cancel_credit_note",
    "quantity",
    "one_time",
    "add_item",
    "remove_item",
    "credit_cap",
    "dst",
    "interval_change",
    "discount",
    "tax",
    "30_360",
    "trailing",
    "double_proration",
    "pause",
    "anchor_change",
    "backdate",
    "day_count_conventions",
    "usage",
    "month_then_day",
    "prorated_graduated",
    "proration_policy",
}
PROFILES = {
    "day": Proration.DAYS,
    "second": Proration.SECONDS,
    "30_360": Proration.THIRTY_360,
    "actual_30": Proration.ACTUAL_30,
    "month_then_day": Proration.MONTH_THEN_DAY,
    "none": Proration.NONE,
}
SOME_DAY = date(2025, 1, 1)
MONTHLY, YEARLY = Cadence(1, Unit.MONTH), Cadence(1, Unit.YEAR)


def found_in(case: Case) -> Found:
    """What our proration makes of a case."""
    for keys, topics, read in SHAPES:
        if keys <= case.inputs.keys() and (topics is None or case.topic in topics):
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _profile(case: Case) -> Proration:
    named = case.inputs.get("unit", "day")
    if named not in PROFILES:
        raise UnmappedError(f"unit {named!r}")
    return PROFILES[named]


def _span(case: Case, *keys: str) -> tuple[Any, Any]:
    for key in keys:
        if case.has(key):
            return case[key][0], case[key][1]
    raise UnmappedError(f"no input {' or '.join(keys)}")


def _left(case: Case, *periods: str, at: str = "change_at") -> Fraction:
    """Which share of the period is left at the change."""
    start, end = _span(case, *periods)
    moment = case[at]
    if _profile(case) is Proration.SECONDS:
        return remaining_time(Instants(instant(start), instant(end)), instant(moment))
    days = [_local_day(case, one) for one in (start, end, moment)]
    return remaining(Period(days[0], days[1]), days[2], _profile(case))


def _local_day(case: Case, plain: str) -> date:
    """The day as written, or the one an instant falls on in the case's zone."""
    if is_instant(plain):
        return day_of(instant(plain), zone(case.inputs.get("timezone", "UTC")))
    return day(plain)


def _factor(case: Case) -> Fraction:
    """The share that is left, where the case names it itself."""
    if case.has("factor_numerator"):
        return Fraction(case["factor_numerator"], case["factor_denominator"])
    return Fraction(case.number("factor", "factor_remaining"))


def _service_share(case: Case) -> DayCount:
    """What the service days are of their period, or of a nominal one."""
    start, end = _span(case, "service", "unused")
    whole_keys = ("period", "reference_period", "imagined_period")
    if is_instant(start) and _profile(case) is Proration.SECONDS:
        first, last = _span(case, *whole_keys)
        whole = Instants(instant(first), instant(last))
        exact = share_of_time(Instants(instant(start), instant(end)), whole)
        return DayCount(exact, ONE)
    part = Period(_local_day(case, start), _local_day(case, end))
    for key in whole_keys:
        if case.has(key):
            first, last = (_local_day(case, one) for one in case[key])
            return day_count(part, Period(first, last), _profile(case))
    if case.has("component_period_days_nominal"):
        return nominal_count(part, int(case["component_period_days_nominal"]), _profile(case))
    return nominal_count(part, int(case.inputs.get("month_days", 30)), _profile(case))


def _service(case: Case) -> Found:
    counted = _service_share(case)
    found: dict[str, object] = {
        "days": counted.part,
        "days_in_period": counted.whole,
        "factor": counted.share,
        "factor_rounded_3": counted.share,
    }
    if not case.has("price") and not case.has("usage_amount"):
        return found
    price = case.number("price", "usage_amount")
    net = rate_line(
        Pricing(price=PerUnit(price)),
        case.number("quantity", default="1"),
        currency=case.currency,
        share=counted.share,
    ).net
    found |= dict.fromkeys(("charge", "amount", "net", "prorated_amount"), net)
    if case.has("tax_rate_percent"):
        tax = _tax(net, case)
        found |= {"tax": tax, "gross": total([net, tax], case.currency)}
    return found | {"credit": -net}


def _changed(case: Case) -> Found:
    """One price takes another's place, both for the rest of the period or of their own."""
    left = _factor(case) if _has_factor(case) else _left(case, "period", "old_period")
    new_left = left
    new_period: object = None
    if case.has("new_anchor"):
        new_period, new_left = _new_period(case), ONE
    elif case.has("new_period"):
        new_left = _left(case, "new_period")
    old, new = _amounts(case)
    made = change(old, new, currency=case.currency, left=left, new_left=new_left)
    found = _of(made, case) | {"new_period": new_period, "factor": left} | _days_left(case)
    found["used"] = total([_full(old, case), made.credit], case.currency)
    found["new_plan_charge"] = made.charge
    return found


def _days_left(case: Case) -> dict[str, object]:
    """How many days of how many a change leaves."""
    if _has_factor(case) or _profile(case) is Proration.SECONDS:
        return {}
    start, end = (_local_day(case, one) for one in _span(case, "period", "old_period"))
    at = _local_day(case, case["change_at"])
    if not start <= at < end:
        return {}
    counted = day_count(Period(at, end), Period(start, end), _profile(case))
    left = counted.part
    return {"days": left, "days_left": left, "days_in_period": counted.whole}


def _has_factor(case: Case) -> bool:
    return any(case.has(key) for key in ("factor", "factor_remaining", "factor_numerator"))


def _full(amount: Decimal, case: Case) -> Money:
    return rate_line(Pricing(price=Flat(amount)), Decimal(1), currency=case.currency).net


def _amounts(case: Case) -> tuple[Decimal, Decimal]:
    """The full-period amounts before and after, of price, quantity and discount."""
    if case.has("old_quantity") or case.has("new_quantity"):
        old_price, new_price = case.number("price", "old_price"), case.number("price", "new_price")
        return (
            rate(PerUnit(old_price), case.number("old_quantity", default="0")).amount,
            rate(PerUnit(new_price), case.number("new_quantity", default="0")).amount,
        )
    old, new = case.number("old_price", default="0"), case.number("new_price", default="0")
    if case.has("fixed_discount_per_period"):
        off = case.number("fixed_discount_per_period")
        return less_fixed(old, off).amount, less_fixed(new, off).amount
    if case.has("discount_percent"):
        percent = case.number("discount_percent")
        return less_percent(old, percent).amount, less_percent(new, percent).amount
    if case.has("quantity"):
        quantity = case.number("quantity")
        return rate(PerUnit(old), quantity).amount, rate(PerUnit(new), quantity).amount
    return old, new


def _of(made: Change, case: Case) -> dict[str, object]:
    """The lines of a change and what follows from them."""
    nothing = Money.zero(case.currency)
    found: dict[str, object] = {
        "credit": made.credit,
        "charge": made.charge,
        "net": made.net,
        "amount_due": made.net,
        "net_lines": [made.credit, made.charge],
    }
    next_price = case.number("next_period_price", "new_price", default="0")
    coming = _full(next_price, case)
    with_next = total([made.net, coming], case.currency)
    found["next_invoice_total"] = found["with_next_period_excl_tax"] = with_next
    found["next_renewal_due"] = total([min(made.net, nothing), coming], case.currency)
    if case.has("tax_rate_percent"):
        for key, net in (
            ("immediate_due_incl_tax", made.net),
            ("with_next_period_incl_tax", with_next),
        ):
            found[key] = total([net, _tax(net, case)], case.currency)
    return found


def _tax(net: Money, case: Case) -> Money:
    return percent_of(net.amount, case.number("tax_rate_percent"), currency=case.currency)


def _new_period(case: Case) -> Period:
    """A change of interval starts a new period: a year after months, a month after a year."""
    start, end = _span(case, "period", "old_period")
    was_month = MONTHLY.period(day(start), 0) == Period(day(start), day(end))
    cadence = cadence_of(case["new_interval"]) if case.has("new_interval") else None
    return (cadence or (YEARLY if was_month else MONTHLY)).period(case.day("change_at"), 0)


def _begun(case: Case) -> Found:
    """An item that begins inside a period."""
    begun = {**case.inputs, "change_at": case["start"]}
    return _added(Case(case.topic, case.publisher, begun, case.asked))


def _added(case: Case) -> Found:
    """Units or an item added for the rest of the period."""
    price = case.number("new_price", "price")
    quantity = case.number("added_quantity", "quantity", default="1")
    left = _factor(case) if _has_factor(case) else _left(case, "period")
    full = rate(PerUnit(price), quantity).amount
    made = change(Decimal(0), full, currency=case.currency, left=left)
    found: dict[str, object] = {"charge": made.charge, "net": made.net}
    if case.has("period"):
        whole = case.period("period")
        first_day = UNITS["day"].period(whole.start, 0)
        found["per_day"] = round_minor(full, case.currency, share(first_day, whole))
    return found


def _removed(case: Case) -> Found:
    """An item removed, or all paused until it is resumed, for the rest of the period."""
    price = case.number("old_price", "price")
    quantity = case.number("removed_quantity", "quantity", default="1")
    at = next((key for key in ("change_at", "pause_at", "cancel_at") if key in case), "change_at")
    full = rate(PerUnit(price), quantity).amount
    left = _factor(case) if _has_factor(case) else _left(case, "period", at=at)
    made = change(full, Decimal(0), currency=case.currency, left=left)
    if not case.has("resume_at"):
        return {"credit": made.credit, "net": made.net}
    if "charge" not in case.asked:
        paused = share(Period(case.day(at), case.day("resume_at")), case.period("period"))
        back = change(full, Decimal(0), currency=case.currency, left=paused)
        return {"credit": back.credit, "net": back.net}
    again = _left(case, "period", at="resume_at")
    resumed = change(Decimal(0), full, currency=case.currency, left=again)
    net = total([made.net, resumed.net], case.currency)
    return {"credit": made.credit, "charge": resumed.charge, "net": net}


def _several(case: Case) -> Found:
    """Components changed, removed and added at one moment, each its own line."""
    left = _left(case, "period")
    nothing = Decimal(0)
    lines: list[Money] = []
    for one in case.inputs.get("changed", ()):
        old, new = decimal(one["old_price"]), decimal(one["new_price"])
        made = change(old, new, currency=case.currency, left=left)
        lines += [made.credit, made.charge]
    for one in case.inputs.get("removed", ()):
        made = change(decimal(one["price"]), nothing, currency=case.currency, left=left)
        lines.append(made.credit)
    for one in case.inputs.get("added", ()):
        made = change(nothing, decimal(one["price"]), currency=case.currency, left=left)
        lines.append(made.charge)
    return {"lines": lines, "net": total(lines, case.currency)}


def _credit_note(case: Case) -> Found:
    """Unused days given back with the tax they bore."""
    unused = share(case.period("unused"), case.period("period"), _profile(case))
    price = case.number("price")
    net = round_minor(price, case.currency, unused)
    rate_percent = case.number("tax_rate_percent", default="0")
    tax = percent_of(price, rate_percent, currency=case.currency, part=unused)
    return {"credit_net": net, "credit_tax": tax, "credit_total": total([net, tax], case.currency)}


def _one_time(case: Case) -> Found:
    net = rate_line(
        Pricing(price=PerUnit(case.number("one_time_price"))),
        case.number("quantity", default="1"),
        currency=case.currency,
    ).net
    return {"charge": net, "amount": net, "credit": Money.zero(case.currency)}


def _credit_cap(case: Case) -> Found:
    credit = credit_within(
        case.money("potential_credit"),
        billed=case.money("original_amount"),
        credited=case.money("previous_credits"),
    )
    return {"credit": credit}


def _local_days(case: Case) -> Found:
    """Whole days between two, as they fall in the case's zone."""
    start, end = _span(case, "local_interval", "interval", "period")
    first, last = (
        (day(start), day(end))
        if case.has("local_interval")
        else (_local_day(case, start), _local_day(case, end))
    )
    return {"days": UNITS["day"].index_at(first, last)}


def _segments(case: Case) -> Found:
    """All billing periods of a subscription up to a day, with what each is of a whole one."""
    periods = _cycles(case)
    return {
        "segments": [{"interval": one.part, "factor": one.share} for one in periods],
        "cycles": elapsed(periods, decimals=DECIMALS_OF_SHARES.get(case.publisher)),
    }


def _cycles(case: Case) -> list[BillingPeriod]:
    cadence = cadence_of(case.inputs.get("billing_period", case.inputs.get("interval")))
    periods = list(parts_due(case, cadence))
    stub = periods[0] if periods else None
    if case.publisher not in COUNTS_BACK_FROM_FIRST_BOUNDARY or stub is None:
        return periods
    if stub.part.start == stub.whole.start:
        return periods
    return [BillingPeriod(cadence.period(stub.whole.end, -1), stub.part), *periods[1:]]


def _conventions(case: Case) -> Found:
    """The same days counted in three ways, over the month they begin in."""
    if case.has("end_exclusive") or case.has("end"):
        end = case.day("end_exclusive", "end")
    else:
        end = UNITS["day"].boundary(case.day("end_inclusive"), 1)
    part = Period(case.day("start"), end)
    month = Period(part.start.replace(day=1), MONTHLY.boundary(part.start.replace(day=1), 1))
    return {
        "actual": str(day_count(part, month)),
        "actual_over_30": str(day_count(part, month, Proration.ACTUAL_30)),
        "strict_30_360": str(day_count(part, month, Proration.THIRTY_360)),
    }


def _months(case: Case) -> Found:
    months = months_in(case.period("service"))
    found: dict[str, object] = {"months_rounded_3": months, "months": months, "factor": months}
    if case.has("price_per_month"):
        found["amount"] = round_minor(case.number("price_per_month"), case.currency, months)
    return found


def _extended(case: Case) -> Found:
    """A period made longer or shorter: by the length of a term from today, of the present one."""
    price = case.number("price")
    found: dict[str, object] = {}
    if case.has("extend_from"):
        whole = int(case["plan_period_from_today_days"])
        more = nominal_count(case.period("extend_from"), whole, _profile(case)).share
        found["extend_charge"] = round_minor(price, case.currency, more)
    if case.has("reduce_by_days"):
        less = Fraction(case["reduce_by_days"], case["reduce_current_term_days"])
        found["reduce_credit"] = -round_minor(price, case.currency, less)
    return found


def _moved(case: Case) -> Found:
    """A period cut short by a new anchor."""
    part = share(case.period("short_period"), case.period("whole"), _profile(case))
    return {"amount": round_minor(case.number("price"), case.currency, part), "factor": part}


def _by_nominal_month(case: Case) -> Found:
    """Days of a month that always has thirty, or as many as agreed."""
    whole = int(case.inputs.get("month_days", 30))
    price = case.number("price")
    parts = [Cadence(int(each["days"]), Unit.DAY).period(SOME_DAY, 0) for each in case["cases"]]
    shares = [nominal_count(part, whole).share for part in parts]
    return {"amounts": [round_minor(price, case.currency, each) for each in shares]}


def _weighted(case: Case) -> Found:
    price = pricing.price_of(
        Case(
            "graduated",
            case.publisher,
            {"model": case.inputs.get("model", "graduated"), **case.inputs},
            {},
        )
    )
    if not isinstance(price, Graduated | Volume):
        raise UnmappedError("weighted units need tiers")
    changes = [
        WeightedChange(decimal(one["units"]), decimal(one["prorated_units"]))
        for one in case["events"]
    ]
    return {"amount": rate_weighted(price, changes).rounded(case.currency)}


# The first shape whose keys are all there, and whose topics (None: any) name the case's.
SHAPES: list[tuple[set[str], set[str] | None, Callable[[Case], Found]]] = [
    ({"events", "tiers"}, None, _weighted),
    ({"potential_credit", "original_amount"}, None, _credit_cap),
    ({"one_time_price"}, None, _one_time),
    ({"unused", "price", "period"}, None, _credit_note),
    ({"timezone"}, {"dst"}, _local_days),
    ({"start"}, {"day_count_conventions"}, _conventions),
    ({"start", "bill_cycle_day"}, None, _segments),
    ({"service"}, {"month_then_day"}, _months),
    ({"short_period", "whole"}, None, _moved),
    ({"price", "cases"}, {"proration_policy"}, _by_nominal_month),
    ({"extend_from"}, None, _extended),
    ({"reduce_by_days"}, None, _extended),
    ({"service"}, None, _service),
    ({"changed"}, None, _several),
    ({"added"}, None, _several),
    ({"removed"}, None, _several),
    ({"old_quantity"}, None, _changed),
    ({"old_price", "new_price"}, None, _changed),
    ({"added_quantity"}, None, _added),
    ({"removed_quantity"}, None, _removed),
    ({"new_price"}, None, _added),
    ({"old_price"}, None, _removed),
    ({"price", "pause_at"}, None, _removed),
    ({"price", "period", "start"}, {"mid_cycle_start"}, _begun),
    ({"price", "change_at"}, {"remove_item", "pause", "cancel", "downgrade"}, _removed),
    ({"price", "cancel_at"}, None, _removed),
    ({"price", "change_at"}, None, _added),
]
