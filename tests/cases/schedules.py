"""Cases of periods, anchors, ramps and instalments, mapped onto calendar and contracts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from itertools import islice, takewhile
from typing import Any

from tests.cases.agreements import consolidated
from tests.cases.cadences import UNITS, anchor_of, cadence_of, parts, parts_due, step_of
from tests.cases.publishers import COUNTS_FROM_PERIOD_START, JOINS_FIRST_PART
from tests.cases.values import Case, Found, UnmappedError, day, decimal, instant, is_instant
from usance.domain.calendar import (
    BillingPeriod,
    Cadence,
    Period,
    Unit,
    anchor_on,
    calendar_anchor,
    day_edges,
    day_of,
    instants_at,
    join_first_stub,
    local_instant,
    month_after,
    period_from,
    zone,
)
from usance.domain.contracts.instalments import (
    Milestone,
    MonthlyPrice,
    by_milestones,
    equal_parts,
    ramp,
)
from usance.domain.money import Money, total
from usance.domain.rating.prices import Flat, PerUnit, Pricing
from usance.domain.rating.proration import percent_of, remaining
from usance.domain.rating.rate import rate_line

TOPICS = {
    "period_sequence",
    "next_boundary",
    "month_end",
    "calendar_alignment",
    "anchor",
    "elapsed_cycles",
    "instalments",
    "timezone",
    "ramp",
    "milestones",
    "mixed_modes",
    "consolidation",
    "co_term",
}
# Consolidated plans begin on one day; which one does not matter where no case names it.
SOME_DAY = date(2022, 1, 1)


def found_in(case: Case) -> Found:
    """What our calendar makes of a case."""
    if case.topic == "elapsed_cycles":
        return _elapsed(case)
    for keys, read in SHAPES:
        if keys <= case.inputs.keys():
            return read(case)
    raise UnmappedError(f"inputs {', '.join(case.inputs)}")


def _cadence(case: Case) -> Cadence:
    return cadence_of(case.inputs.get("interval"))


def _on(period: BillingPeriod, mode: str) -> date:
    """The day a period is invoiced."""
    return period.part.end if mode == "in_arrears" else period.part.start


def _sequence(case: Case) -> Found:
    """The periods from the start on: those of the invoice days, those due, or as many as asked."""
    cadence = _cadence(case)
    every = parts_due(case, cadence)
    if case.inputs.get("stub") in ("joined", "long"):
        every = join_first_stub(every)
    if case.has("invoice_dates"):
        wanted = {day(one) for one in case["invoice_dates"]}
        mode = case.inputs.get("mode", "in_advance")
        reached = takewhile(lambda one: _on(one, mode) <= max(wanted), every)
        found = [one for one in reached if _on(one, mode) in wanted]
    elif any(case.has(key) for key in ("end", "term_months", "bill_up_to")):
        found = list(every)
    else:
        lists = ("periods", "boundaries", "bills_on", "invoice_dates")
        count = max((case.asked[key] for key in lists if key in case.asked), default=1)
        found = list(islice(every, count))
    starts = [one.part.start for one in found]
    first = found[0] if found else None
    return {
        "periods": [one.part for one in found],
        "count": len(found),
        "boundaries": starts,
        "bills_on": starts,
        "invoice_dates": [_on(one, case.inputs.get("mode", "in_advance")) for one in found],
        "first_period_fraction_days": first and f"{first.part.days}/{first.whole.days}",
    }


def _next(case: Case) -> Found:
    """The boundary that ends the period beginning on the given day or instant."""
    step, count = step_of(case["interval"])
    if case.publisher not in COUNTS_FROM_PERIOD_START:
        step, count = _cadence(case), 1
    if is_instant(case["period_start"]):
        found = _next_instant(case, step, count)
        return {"next": min(found, instant(case["end"])) if case.has("end") else found}
    start = case.day("period_start")
    anchor = anchor_of(case, step)
    end = period_from(start, step, count=count, anchor=anchor).end
    if case.publisher in JOINS_FIRST_PART and _is_in_unit(end, start, step):
        end = period_from(end, step, count=count, anchor=anchor).end
    return {"next": min(end, case.day("end")) if case.has("end") else end}


def _is_in_unit(end: date, start: date, step: Cadence) -> bool:
    """Whether a part ends on the very day, or in the very year, that it begins in."""
    return end == start or (step.unit is Unit.YEAR and end.year == start.year)


def _next_instant(case: Case, step: Cadence, count: int) -> datetime:
    start, where = instant(case["period_start"]), zone(case.inputs.get("timezone", "UTC"))
    local = day_of(start, where)
    if case.inputs.get("alignment") != "calendar":
        anchored = instant(case["anchor"]) if case.has("anchor") else start
        end = instants_at(anchored, step, start, where, count=count).end
        if case.publisher in JOINS_FIRST_PART and _is_in_unit(day_of(end, where), local, step):
            end = instants_at(anchored, step, end, where, count=count).end
        return end
    anchor = calendar_anchor(local, step.unit)
    return day_edges(period_from(local, step, count=count, anchor=anchor), where)[1]


def _containing(case: Case) -> Found:
    """The period that an instant, or a day, is in."""
    cadence, at = _cadence(case), case["at"]
    if not case.has("anchor"):
        reached = (one.part for one in parts(case, cadence))
        return {"period": next(part for part in reached if day(at) < part.end)}
    if is_instant(at) or is_instant(case["anchor"]):
        where = zone(case.inputs.get("timezone", "UTC"))
        return {"period": instants_at(instant(case["anchor"]), cadence, instant(at), where)}
    return {"period": cadence.period_at(anchor_of(case, cadence), day(at))}


def _at_run(case: Case) -> Found:
    """The period a billing run on that day bills."""
    return {"period": _run_on(case, case.day("bill_run_on"))}


def _at_run_in_zone(case: Case) -> Found:
    """The period a billing run at that instant bills, by the clock of the zone."""
    where = zone(case["timezone"])
    billed = _run_on(case, day_of(instant(case["bill_run_at"]), where))
    return {"period": billed, "period_utc": billed and day_edges(billed, where)}


def _run_on(case: Case, today: date) -> Period | None:
    """The last period due on a day: of a subscription, or of the calendar without one."""
    cadence, mode = _cadence(case), case.inputs.get("mode", "in_advance")
    if case.has("start"):
        due = list(takewhile(lambda one: _on(one, mode) <= today, parts(case, cadence)))
        return due[-1].part if due else None
    anchor = calendar_anchor(today, cadence.unit)
    index = cadence.index_at(anchor, today)
    return cadence.period(anchor, index - 1 if mode == "in_arrears" else index)


def _local_start(case: Case) -> Found:
    """The instant a day begins at a given time by the clock, and the days it is charged through."""
    at = time.fromisoformat(case["reference_time_local"])
    monthly, start = cadence_of(None), case.day("start")
    count = case.asked.get("charged_through", 0)
    return {
        "start_instant": local_instant(start, at, zone(case["timezone"])),
        "charged_through": [monthly.period(start, index).end for index in range(count)],
    }


def _first_cycle(case: Case) -> Found:
    """The first boundary on or after the start, by kind of period."""
    start = case.day("start")
    anchor = anchor_on(start, day_of_month=int(case["bill_cycle_day"]))
    return {
        name: step.first_boundary(anchor if step.months else start, start)
        for name, step in UNITS.items()
    }


def _elapsed(case: Case) -> Found:
    """The periods over by a day; a part before the first boundary is one."""
    over = {**case.inputs, "end": None, "bill_up_to": case["end"], "mode": "in_arrears"}
    until = Case(case.topic, case.publisher, over, case.asked)
    return {"whole_periods": len(list(parts_due(until, cadence_of(case["interval"]))))}


def _mixed(case: Case) -> Found:
    """Each invoice: the period billed in advance and the one billed in arrears on its day."""
    cadence = _cadence(case)
    invoices: dict[date, dict[str, object]] = {}
    count = case.asked.get("invoices", 1)
    for period in islice(parts(case, cadence), count):
        for name in ("base", "usage"):
            on = _on(period, case[f"{name}_mode"])
            invoice = invoices.setdefault(on, {"date": on, "base": None, "usage": None})
            invoice[name] = period.part
    return {"invoices": [invoices[on] for on in sorted(invoices)][:count]}


def _consolidated(case: Case) -> Found:
    """One invoice a month with what each plan has due on that day."""
    window = Period(SOME_DAY, month_after(SOME_DAY, int(case["months"])))
    due: dict[date, list[Money]] = {}
    for plan in case["plans"]:
        fee = rate_line(
            Pricing(price=Flat(decimal(plan["amount"]))), decimal(1), currency=case.currency
        )
        cadence = cadence_of(plan.get("interval", plan))
        on = window.start
        while on < window.end:
            due.setdefault(on, []).append(fee.net)
            on = cadence.period_at(window.start, on).end
    return {"invoice_totals": [total(due[on], case.currency) for on in sorted(due)]}


def _ramp(case: Case) -> Found:
    """Lines of a ramp, each with its discount."""
    cadence = _cadence(case)
    lines: list[dict[str, Any]] = []
    window, prices = _ramp_of(case)
    anchor = anchor_on(window.start, day_of_month=int(case.inputs.get("bill_cycle_day", 1)))
    percent = case.number("discount_percent", default="0")
    for piece in islice(ramp(window, prices, cadence, anchor=anchor), case.asked.get("lines")):
        charge = piece.charge(case.currency)
        discount = -percent_of(charge.amount, percent, currency=case.currency)
        lines.append({"period": piece.period, "charge": charge, "discount": discount})
    return {"lines": lines}


def _ramp_of(case: Case) -> tuple[Period, list[MonthlyPrice]]:
    per_month = case["price_per_month"]
    if isinstance(per_month, list):
        prices = [MonthlyPrice(day(one["start"]), decimal(one["amount"])) for one in per_month]
        end = case.day("end") if case.has("end") else month_after(prices[-1].start, 120)
        return Period(case.day("start"), end), prices
    start = case.day("start") if case.has("start") else case.begins
    if start is None:
        raise UnmappedError("no day to begin with")
    return Period(start, month_after(start, 120)), [MonthlyPrice(start, decimal(per_month))]


def _instalments(case: Case) -> Found:
    """A total over the billing periods of its term, or in so many parts."""
    whole = case.money("total")
    upfront = case.money("upfront") if case.has("upfront") else None
    if case.has("upfront_percent"):
        percent = case.number("upfront_percent")
        upfront = percent_of(whole.amount, percent, currency=case.currency)
    if case.has("count") or case.has("parts"):
        count = int(case.number("count", "parts"))
        return {"instalments": equal_parts(whole, count, upfront=upfront)}
    periods = list(parts(case, _cadence(case)))
    amounts = equal_parts(whole, len(periods), upfront=upfront)
    mode = case.inputs.get("mode", "in_advance")
    return {
        "instalments": amounts,
        "invoices": [
            {"date": _on(period, mode), "amount": amount}
            for period, amount in zip(periods, amounts, strict=False)
        ],
    }


def _milestones(case: Case) -> Found:
    """What each milestone is invoiced."""
    whole = case.money("total") if case.has("total") else None
    milestones = [
        Milestone(
            name=str(one.get("name", "")),
            amount=Money.parse(str(one["amount"]), case.currency)
            if one.get("amount") not in (None, "remainder")
            else None,
            percent=decimal(one["percent"])
            if one.get("percent") not in (None, "remainder")
            else None,
        )
        for one in case["milestones"]
    ]
    invoices = by_milestones(milestones, whole)
    return {"invoices": invoices, "total": total(invoices, case.currency)}


def _co_term(case: Case) -> Found:
    """Added items end with what exists and are charged for what is left of its period."""
    whole = Period(case.day("existing_start", "start"), case.day("existing_end", "end"))
    left = remaining(whole, case.day("purchase_date", "add_on", "change_at"))
    net = rate_line(
        Pricing(price=PerUnit(case.number("price", "new_price"))),
        case.number("new_quantity", "added_quantity", "quantity", default="1"),
        currency=case.currency,
        share=left,
    ).net
    return {"charge": net, "amount": net, "factor": left, "end": whole.end, "new_end": whole.end}


# The first shape whose keys are all there.
SHAPES: list[tuple[set[str], Callable[[Case], Found]]] = [
    ({"milestones"}, _milestones),
    ({"plans", "months"}, _consolidated),
    ({"children"}, consolidated),
    ({"renewals"}, consolidated),
    ({"trials_end_same_day"}, consolidated),
    ({"price_per_month"}, _ramp),
    ({"existing_end", "purchase_date"}, _co_term),
    ({"start", "end", "add_on"}, _co_term),
    ({"total"}, _instalments),
    ({"base_mode", "usage_mode"}, _mixed),
    ({"bill_run_at", "timezone"}, _at_run_in_zone),
    ({"reference_time_local", "timezone"}, _local_start),
    ({"bill_run_on"}, _at_run),
    ({"period_start"}, _next),
    ({"anchor", "at"}, _containing),
    ({"start", "at"}, _containing),
    ({"start", "invoice_dates"}, _sequence),
    ({"start", "bill_cycle_day", "interval"}, _sequence),
    ({"start", "bill_cycle_day", "bill_up_to"}, _sequence),
    ({"start", "bill_cycle_day"}, _first_cycle),
    ({"start", "interval"}, _sequence),
    ({"anchor", "interval"}, _sequence),
]
