"""What is due: each line cut into slices, each slice priced, rounded once.

A slice is a run of days with equal terms inside one billing period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from tests.reference.agreed import Contract, Line, Terms
from tests.reference.days import Days, boundary, every_of, the_day, whole_periods
from tests.reference.prices import (
    ZERO,
    Limits,
    Price,
    licence_amount,
    minor_units,
    number,
    usage_amount,
    usage_units,
)

Usage = Mapping[str, Mapping[date, Fraction]]


class Due(NamedTuple):
    """What is invoiced in the end for some days of a line, net, in minor units."""

    ref: str
    start: date
    end: date
    net: int


@dataclass(frozen=True)
class Slice:
    """Some days of a line, at one set of terms, in one whole period."""

    line: Line
    days: Days
    whole: Days
    terms: Terms
    share: Fraction


def slices_of(contract: Contract, line: Line) -> Iterator[Slice]:
    """The slices of a line; of those that are waived, none."""
    lived = Days(line.start, _stop(contract, line))
    for whole in _periods(contract, line, lived):
        days = Days(max(whole.start, lived.start), min(whole.end, lived.end))
        if line.every is None:
            whole = line.whole
        elif _is_waived(line, lived, whole):
            continue
        for run, terms in _runs(contract, line, days):
            yield Slice(line, run, whole, terms, _share(line, run, whole))


def _periods(contract: Contract, line: Line, lived: Days) -> list[Days]:
    if lived.start >= lived.end:
        return []
    if line.every is None:
        return [Days(line.start, lived.end)]
    return list(whole_periods(line.anchor, line.every, lived))


def _stop(contract: Contract, line: Line) -> date:
    """The first day that is no longer paid for."""
    stop = contract.end_of(line)
    over = ended_early_on(contract)
    if over is None:
        return stop
    if over <= line.start:
        return line.start
    if _is_refunded(contract) or line.is_in_arrears:
        return min(stop, over)
    if line.every is None:  # the whole term, or a plan, begun and due
        return stop
    (begun,) = whole_periods(line.anchor, line.every, Days(over, over + timedelta(days=1)))
    return min(stop, over if begun.start == over else begun.end)


def ended_early_on(contract: Contract) -> date | None:
    """The first day after a termination."""
    return None if contract.termination is None else the_day(contract.termination["effectiveOn"])


def _is_refunded(contract: Contract) -> bool:
    ending = contract.termination or {}
    return bool(ending.get("refund", "NONE") == "PRO_RATA")


def _is_waived(line: Line, lived: Days, whole: Days) -> bool:
    stubs = line.form.get("stubs", {})
    is_cut_first = whole.start < lived.start and line.is_first_term
    is_cut_last = whole.end > lived.end and line.is_last_term
    return (is_cut_first and stubs.get("first") == "WAIVE") or (
        is_cut_last and stubs.get("last") == "WAIVE"
    )


def _runs(contract: Contract, line: Line, days: Days) -> Iterator[tuple[Days, Terms]]:
    """Day after day, as long as the terms are the same."""
    start = days.start
    held = _terms_on(contract, line, start)
    day = start
    while day < days.end:
        today = _terms_on(contract, line, day)
        if day > start and (day in line.steps or (today is not held and today != held)):
            yield Days(start, day), held
            start, held = day, today
        day += timedelta(days=1)
    yield Days(start, days.end), held


def _terms_on(contract: Contract, line: Line, day: date) -> Terms:
    """The terms of that day, what comes off the whole contract last."""
    held = line.on(day)
    if line.kind not in ("RECURRING", "USAGE"):
        return held
    offs = tuple(dated.off for dated in contract.offs if dated.start <= day < dated.end)
    return held._replace(offs=(*held.offs, *offs)) if offs else held


def _share(line: Line, days: Days, whole: Days) -> Fraction:
    """How many whole price periods the days are."""
    if "pricePer" not in line.form:
        return Fraction(days.length, whole.length)
    priced = whole_periods(line.anchor, every_of(line.form["pricePer"]), days)
    return sum((Fraction(days.common(each), each.length) for each in priced), ZERO)


def licences(contract: Contract, line: Line) -> list[Due]:
    """The slices of what has an agreed quantity; by a plan, its instalments."""
    found = [_licence(contract, part) for part in slices_of(contract, line)]
    if "billing" in line.form or not found:
        return found
    return _planned(contract, line, sum(due.net for due in found)) or found


def _licence(contract: Contract, part: Slice) -> Due:
    terms = part.terms
    exact = licence_amount(terms.price, terms.quantity, terms.offs, part.share)
    return Due(part.line.ref, *part.days, minor_units(exact, contract.digits))


def _planned(contract: Contract, line: Line, total: int) -> list[Due]:
    """The total on the days of the plan: parts of it, the last takes the rest."""
    plan = _plan(line)
    out: list[Due] = []
    for index, (on, percent, amount) in enumerate(plan):
        left = total - sum(due.net for due in out)
        net = left
        if index < len(plan) - 1:
            share = total * (percent or ZERO) / 100
            net = minor_units(share, 0) if amount is None else minor_units(amount, contract.digits)
        out.append(Due(line.ref, on, on + timedelta(days=1), net))
    return out


def _plan(line: Line) -> list[tuple[date, Fraction | None, Fraction | None]]:
    """Day, percent, amount of each instalment, however the plan is written."""
    form = line.form
    written = list(form.get("plan", []))
    if "instalments" in form:
        equal = form["instalments"]
        first, every = the_day(equal.get("firstOn", line.start)), every_of(equal["every"])
        left = 100 - number(form.get("deposit", {}).get("percent", 0))
        written = [
            {"on": boundary(first, every, index), "percent": left / equal["count"]}
            for index in range(equal["count"])
        ]
    if "deposit" in form:
        written.insert(0, {"on": line.start, **form["deposit"]})
    if "balanceOn" in form:
        written.append({"on": form["balanceOn"]})
    return [
        (
            the_day(part["on"]),
            number(part["percent"]) if "percent" in part else None,
            number(part["amount"]) if "amount" in part else None,
        )
        for part in written
    ]


class Counted(NamedTuple):
    """A slice of usage and what it comes to, in minor units."""

    part: Slice
    net: int


def metered(contract: Contract, lines: Sequence[Line], usage: Usage) -> list[Counted]:
    """All slices of usage in time, then in the order of the lines, each after those before it."""
    parts = [part for line in lines for part in slices_of(contract, line)]
    places = {id(line): place for place, line in enumerate(lines)}
    parts.sort(key=lambda part: (part.days.start, places[id(part.line)]))
    counted_before: dict[object, Fraction] = {}
    last_price: dict[int, Price] = {}
    out = []
    for part in parts:
        tiers, price = _tiers(part), part.terms.price
        is_new = last_price.setdefault(id(part.line), price) != price or "included" in price
        if is_new and part.line.form.get("tierScope") != "TERM":
            counted_before[tiers] = ZERO
        last_price[id(part.line)] = price
        before = counted_before.get(tiers, ZERO)
        units = usage_units(price, _quantity(part, usage), part.share)
        exact = usage_amount(price, units, part.terms.offs, Limits(part.share, before))
        counted_before[tiers] = before + units
        out.append(Counted(part, minor_units(exact, contract.digits)))
    return out


def _quantity(part: Slice, usage: Usage) -> Fraction:
    """What was used on these days."""
    used = usage.get(part.line.form["featureId"], {})
    return sum((used[day] for day in used if part.days.start <= day < part.days.end), ZERO)


def _tiers(part: Slice) -> object:
    """What shares tiers: lines of a group, in one period or through the term."""
    form = part.line.form
    group = form.get("tierGroup") or id(part.line)
    return group if form.get("tierScope") == "TERM" else (group, part.whole.start)


def commitments(contract: Contract, line: Line, counted: Sequence[Counted]) -> list[Due]:
    """What the covered lines lack of the amount in each period of the commitment.

    What they come to counts where its first day lies. Where the amount steps within a period, its
    first days are filled first.
    """
    out = []
    periods: dict[date, list[Slice]] = {}
    for part in slices_of(contract, line):
        periods.setdefault(part.whole.start, []).append(part)
    for parts in periods.values():
        left = sum(
            each.net
            for each in counted
            if _is_covered(line, each.part.line)
            and parts[0].days.start <= each.part.days.start < parts[-1].days.end
        )
        for part in parts:
            agreed = minor_units(part.terms.price["amount"] * part.share, contract.digits)
            out.append(Due(line.ref, *part.days, max(0, agreed - left)))
            left = max(0, left - agreed)
    return out


def _is_covered(line: Line, other: Line) -> bool:
    names = line.form.get("covers")
    return other.ref in names if names else other.kind == "USAGE"


@dataclass
class Fund:
    """What was prepaid: usable from `start`; from `ends_on` on only what was carried over."""

    line: Line
    start: date
    ends_on: date
    expires_on: date
    left: int
    carried_percent: Fraction
    is_carried: bool = False

    def usable(self, day: date) -> int:
        """What is left on that day, in minor units."""
        if not self.start <= day < self.expires_on:
            return 0
        if day >= self.ends_on and not self.is_carried:
            self.left = minor_units(self.left * self.carried_percent / 100, 0)
            self.is_carried = True
        return self.left


def prepaid(contract: Contract, line: Line) -> Iterator[tuple[Due, Fund]]:
    """What is prepaid, and what can be used up for it."""
    for part in slices_of(contract, line):
        due = _licence(contract, part)
        carry = line.form.get("carryOver")
        end = part.days.end
        expires_on = boundary(end, every_of(carry["for"]), 1) if carry else end
        percent = number((carry or {}).get("percent", 100))
        yield due, Fund(line, due.start, end, expires_on, due.net, percent)


def drawn(counted: Sequence[Counted], funds: Sequence[Fund]) -> list[Due]:
    """What usage is charged after what was prepaid for it, the earliest to expire first."""
    out = []
    for part, net in counted:
        by_expiry = sorted(funds, key=lambda fund: (fund.expires_on, fund.start))
        for fund in by_expiry:
            if _is_covered(fund.line, part.line):
                taken = max(0, min(net, fund.usable(part.days.start)))
                fund.left -= taken
                net -= taken
        out.append(Due(part.line.ref, *part.days, net))
    return out
