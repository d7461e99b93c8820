"""What was agreed, day by day: order forms folded into lines whose every day has its terms.

Orders are taken by effective day, then sequence. A line holds a list with one entry a day; an
order changes entries. Nothing is clever, so that everything can be checked by looking at a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from tests.reference.days import (
    Days,
    Every,
    anchor_by_number,
    every_of,
    months_later,
    the_day,
    whole_periods,
)
from tests.reference.prices import Off, Price, Written, number, off_from, price_from, raised

Form = Mapping[str, Any]
FREE = Off(Fraction(100), None)
FOREVER = date.max
ONE = Fraction(1)
BY_PERIODS = ("RECURRING", "USAGE", "COMMITMENT", "PREPAID")
RISING = ("RECURRING", "USAGE")


class Terms(NamedTuple):
    """What holds on one day of a line."""

    price: Price
    quantity: Fraction
    offs: tuple[Off, ...] = ()


class Uplift(NamedTuple):
    """By how much prices rise, and to how many decimals they are rounded then."""

    percent: Fraction
    decimals: int | None


class DatedOff(NamedTuple):
    """A discount on all recurring and metered lines, and its days."""

    off: Off
    start: date
    end: date


@dataclass
class Line:
    """One line of one term: `terms[k]` holds on the day k days after `start`."""

    ref: str
    form: Form
    start: date
    own_end: date  # FOREVER: it ends with the contract
    anchor: date
    every: Every | None  # None: the whole of its days is one period
    terms: list[Terms]
    whole: Days  # all of its days as agreed when it began
    steps: set[date]  # the days on which a step begins because an order says so
    is_first_term: bool = True
    is_last_term: bool = True
    ended_on: date = FOREVER  # by a change, or by the renewal that took its place

    @property
    def kind(self) -> str:
        """RECURRING, USAGE, ..."""
        return str(self.form["kind"])

    @property
    def is_in_arrears(self) -> bool:
        """True when its periods are billed at their end."""
        if self.kind in ("USAGE", "COMMITMENT"):
            return True
        return bool(self.form.get("billing", {}).get("timing") == "IN_ARREARS")

    def on(self, day: date) -> Terms:
        """What holds on that day; after the last one that was written down, the same."""
        return self.terms[min((day - self.start).days, len(self.terms) - 1)]

    def runs_on(self, day: date) -> bool:
        """True when it has that day, whatever becomes of the contract."""
        return self.start <= day < min(self.own_end, self.ended_on)


@dataclass
class Contract:
    """The contract as agreed; `horizon` is a day that no line reaches."""

    horizon: date
    digits: int
    term: Days
    lines: list[Line] = field(default_factory=list)
    offs: list[DatedOff] = field(default_factory=list)
    uplift: Uplift | None = None
    at_renewal: Uplift | None = None
    raised_through: date = date.min  # anniversaries up to this day are behind
    termination: Form | None = None
    unended: Contract | None = None  # the same as if nobody had ended it early

    def end_of(self, line: Line) -> date:
        """The first day that a line has no more, whether or not that was always so."""
        return min(line.own_end, line.ended_on, self.term.end)

    def line_on(self, ref: str, day: date) -> Line:
        """The line of that reference that runs on that day."""
        (found,) = [line for line in self.lines if line.ref == ref and line.runs_on(day)]
        return found


def contract_of(forms: Sequence[Form], *, digits: int) -> Contract:
    """The contract after all of its orders. The forms may come in any sequence."""
    in_order = sorted(forms, key=_rank)
    ending = [form for form in forms if form.get("kind") == "TERMINATION"]
    first = in_order[0]
    term = term_of(first)
    contract = Contract(horizon=_horizon(forms), digits=digits, term=term)
    contract.raised_through = term.start
    if ending:
        rest = [form for form in forms if form not in ending]
        contract.unended = contract_of(rest, digits=digits)
    contract.uplift, contract.at_renewal = _uplift(first, "uplift"), _at_renewal(first)
    contract.offs += _dated_offs(first, term.start)
    contract.lines += [_new_line(plain, first, term, contract) for plain in first["lines"]]
    for form in in_order[1:]:
        _raise_prices(contract, through=the_day(_effective_on(form)), of=form)
        APPLY[form["kind"]](contract, form)
    end = contract.term.end
    if contract.termination is not None:
        end = min(end, the_day(contract.termination["effectiveOn"]))
    _raise_prices(contract, through=end - timedelta(days=1))
    return contract


def term_of(form: Form) -> Days:
    """The days agreed: `{start, end}` or `{start, months}`."""
    plain = form["term"]
    start = the_day(plain["start"])
    if "months" in plain:
        return Days(start, months_later(start, int(plain["months"])))
    return Days(start, the_day(plain["end"]))


def _effective_on(form: Form) -> str | date:
    found = form.get("effectiveOn")
    return term_of(form).start if found is None else the_day(found)


def _rank(form: Form) -> tuple[bool, date, int]:
    is_later = form.get("kind", "INITIAL") != "INITIAL"
    return is_later, the_day(_effective_on(form)), int(form.get("sequence", 0))


def _horizon(forms: Sequence[Form]) -> date:
    """A day after the end of every term, and of every line, that any order speaks of."""
    ends = [term_of(form).end for form in forms if "term" in form]
    ends += [the_day(form["termEnd"]) for form in forms if "termEnd" in form]
    return max(ends)


# The lines of an order


def _new_line(plain: Form, form: Form, term: Days, contract: Contract) -> Line:
    kind = plain["kind"]
    if kind not in BY_PERIODS:
        on = the_day(plain["on"])
        days = Days(on, on + timedelta(days=1))
        return Line(plain["lineId"], plain, on, days.end, on, None, _steps(plain, days), days, {on})
    service = plain.get("service", {})
    start = the_day(service.get("start", term.start))
    own_end = the_day(service["end"]) if "end" in service else FOREVER
    days = Days(start, min(own_end, contract.horizon))
    anchor, every = _billing(plain, form, term, start)
    whole = Days(start, min(own_end, contract.term.end))
    steps = {the_day(step["start"]) for step in plain.get("ramp", [])} | {start}
    for dated in _dated_offs(plain, start):
        steps |= {dated.start, dated.end}
    terms = _steps(plain, days)
    return Line(plain["lineId"], plain, start, own_end, anchor, every, terms, whole, steps)


def _billing(plain: Form, form: Form, term: Days, start: date) -> tuple[date, Every | None]:
    """From which day periods are counted, and how long they are."""
    billing = plain.get("billing")
    if billing is None:  # a plan
        return start, None
    written = billing["every"]
    every = None if written == "WHOLE_TERM" else every_of(written)
    if "anchorOn" in billing:
        return the_day(billing["anchorOn"]), every
    by_number = billing.get("dayOfMonth", form.get("billingDay"))
    if by_number is not None and every is not None and every.unit not in ("DAY", "WEEK"):
        return anchor_by_number(term.start, int(by_number), every), every
    return term.start, every


def _steps(plain: Form, days: Days) -> list[Terms]:
    """The terms of each day, discounts included."""
    out: list[Terms] = []
    ramp = plain.get("ramp") or [{"start": days.start}]
    for index, step in enumerate(ramp):
        is_last = index == len(ramp) - 1
        end = days.end if is_last else the_day(step["end"])
        out += [_step({**plain, **step})] * (min(end, days.end) - the_day(step["start"])).days
    for dated in _dated_offs(plain, days.start):
        _discount(out, days.start, dated)
    return out


def _step(said: Form) -> Terms:
    if "amount" in said:
        return Terms(price_from({"model": "FLAT", "amount": said["amount"]}), ONE)
    return Terms(price_from(said["price"]), number(said.get("quantity", 1)))


def _dated_offs(plain: Form, start: date) -> list[DatedOff]:
    """`discounts`, then `freeMonths`; a discount without days holds throughout."""
    out = []
    for listed in plain.get("discounts", []):
        first = the_day(listed.get("from", start))
        out.append(DatedOff(off_from(listed), first, the_day(listed.get("until", FOREVER))))
    if plain.get("freeMonths"):
        out.append(DatedOff(FREE, start, months_later(start, int(plain["freeMonths"]))))
    return out


def _discount(terms: list[Terms], start: date, dated: DatedOff) -> None:
    def less(held: Terms) -> Terms:
        return held._replace(offs=(*held.offs, dated.off))

    _each(terms, _indices(terms, start, dated.start, dated.end), less)


def _each(terms: list[Terms], days: range, change: Callable[[Terms], Terms]) -> None:
    """Change the terms of these days, one after the other."""
    held: Terms | None = None
    for index in days:
        if terms[index] is not held:  # the same again costs nothing
            held = terms[index]
            made = change(held)
        terms[index] = made


def _indices(terms: list[Terms], start: date, first: date, end: date) -> range:
    """Which entries are the days from `first` up to `end`."""
    return range(max(0, (first - start).days), min(len(terms), (end - start).days))


# What later orders do


def _expand(contract: Contract, form: Form) -> None:
    on = the_day(form["effectiveOn"])
    for change in form.get("changes", []):
        _change(contract, change, on)
    term = Days(on, contract.term.end)
    contract.lines += [_new_line(plain, form, term, contract) for plain in form.get("lines", [])]


def _amend(contract: Contract, form: Form) -> None:
    on = the_day(form["effectiveOn"])
    if "termEnd" in form:
        end = the_day(form["termEnd"])
        contract.term = Days(contract.term.start, end)
        for line in contract.lines:
            if line.own_end != FOREVER:  # stops there at the latest, also when the end moves again
                line.own_end = min(line.own_end, end)
    _expand(contract, form)
    contract.offs += _dated_offs(form, on)
    contract.uplift = _uplift(form, "uplift") or contract.uplift
    contract.at_renewal = _at_renewal(form) or contract.at_renewal


def _renew(contract: Contract, form: Form) -> None:
    term = term_of(form)
    uplift = _uplift(form, "uplift") or contract.at_renewal
    going_on = [line for line in contract.lines if _goes_on(line, form, contract, term.start)]
    carried = [_carried(line, term, uplift, contract) for line in going_on]
    for line in going_on:
        line.is_last_term = False
    for line in contract.lines:
        if line.kind in BY_PERIODS:  # a one-off fee that was agreed is owed all the same
            line.ended_on = min(line.ended_on, term.start)
    contract.offs = [
        dated._replace(end=term.start) if dated.end == FOREVER else dated for dated in contract.offs
    ]
    contract.term, contract.raised_through = term, term.start
    contract.lines += carried
    for change in form.get("changes", []):
        _change(contract, change, term.start)
    contract.lines += [_new_line(plain, form, term, contract) for plain in form.get("lines", [])]
    contract.offs += _dated_offs(form, term.start)
    contract.uplift = _uplift(form, "yearlyUplift") or contract.uplift
    contract.at_renewal = _at_renewal(form) or contract.at_renewal


def _goes_on(line: Line, form: Form, contract: Contract, on: date) -> bool:
    """Only lines billed by periods that run to the new term, or to the end of the old one."""
    names = form.get("carryOver", True)
    is_named = names is True or (names is not False and line.ref in names)
    if not is_named or "billing" not in line.form or line.kind not in BY_PERIODS:
        return False
    return line.start < on and (
        contract.end_of(line) > on or contract.end_of(line) == contract.term.end
    )


def _carried(line: Line, term: Days, uplift: Uplift | None, contract: Contract) -> Line:
    """The line in the new term: at the terms of its last day, the price risen once."""
    last = line.on(term.start - timedelta(days=1))
    if uplift is not None and line.kind in RISING and _is_free_to_rise(line, term.start):
        last = _risen(last, uplift)
    terms = [last] * (contract.horizon - term.start).days
    anchor = _next_anchor(line, term.start)
    whole, steps = term, {term.start}
    return Line(
        *(line.ref, line.form, term.start, FOREVER, anchor, line.every),
        *(terms, whole, steps),
        is_first_term=False,
    )


def _next_anchor(line: Line, on: date) -> date:
    """A line keeps the calendar it is billed by; one that was counted from its own first day
    begins anew where the new term does not fall on it.
    """
    if line.every is None or line.anchor != line.start:
        return line.anchor
    (period,) = whole_periods(line.anchor, line.every, Days(on, on + timedelta(days=1)))
    return line.anchor if period.start == on else on


def _terminate(contract: Contract, form: Form) -> None:
    contract.termination = form


def _change(contract: Contract, change: Form, on: date) -> None:
    """Change the entries of the line from its first day to its last."""
    first = the_day(change.get("from", on))
    line = contract.line_on(change["lineId"], first)
    if change.get("end"):
        line.ended_on = min(line.ended_on, first)
        return
    until = the_day(change.get("until", FOREVER))
    line.steps.add(until)
    days = _indices(line.terms, line.start, first, until)
    _each(line.terms, days, lambda held: _changed(held, change))


def _changed(held: Terms, change: Form) -> Terms:
    if "price" in change:  # the discounts that were agreed on it included
        held = Terms(price_from(change["price"]), held.quantity)
    if "quantity" in change:
        held = held._replace(quantity=number(change["quantity"]))
    if "addQuantity" in change:
        held = held._replace(quantity=held.quantity + number(change["addQuantity"]))
    if "discount" in change:
        held = held._replace(offs=(*held.offs, off_from(change["discount"])))
    return held


APPLY = {
    "EXPANSION": _expand,
    "AMENDMENT": _amend,
    "RENEWAL": _renew,
    "TERMINATION": _terminate,
}


# Uplifts


def _uplift(form: Form, key: str) -> Uplift | None:
    plain = form.get(key)
    if plain is None:
        return None
    return Uplift(number(plain["percent"]), plain.get("decimals"))


def _at_renewal(form: Form) -> Uplift | None:
    return _uplift(form.get("renewal", {}), "uplift")


def _is_free_to_rise(line: Line, on: date) -> bool:
    hold = line.form.get("priceHoldUntil")
    return hold is None or on >= the_day(hold)


def _raise_prices(contract: Contract, *, through: date | str, of: Form | None = None) -> None:
    """Every anniversary of the term's start up to a day raises all that was agreed by then."""
    last = the_day(through)
    if of is not None and of["kind"] == "RENEWAL":  # the new term has anniversaries of its own
        last = min(last, contract.term.end) - timedelta(days=1)
    for on in _anniversaries(contract, min(last, contract.term.end - timedelta(days=1))):
        if contract.uplift is not None:
            for line in contract.lines:
                _raise(line, contract.uplift, on)
    contract.raised_through = max(contract.raised_through, last)


def _anniversaries(contract: Contract, last: date) -> Iterator[date]:
    years = 1
    while (on := months_later(contract.term.start, 12 * years)) <= last:
        if on > contract.raised_through:
            yield on
        years += 1


def _raise(line: Line, uplift: Uplift, on: date) -> None:
    """Raise what a line that runs already costs from that day on."""
    if line.kind not in RISING or not _is_free_to_rise(line, on) or line.start >= on:
        return
    days = _indices(line.terms, line.start, on, FOREVER)
    _each(line.terms, days, lambda held: _risen(held, uplift))


def _risen(held: Terms, uplift: Uplift) -> Terms:
    """Price and what comes off it, so many percent higher."""
    offs = tuple(off._replace(amount=_higher(off.amount, uplift)) for off in held.offs)
    return held._replace(price=raised(held.price, *uplift), offs=offs)


def _higher(amount: Written | None, uplift: Uplift) -> Written | None:
    return None if amount is None else amount.raised(*uplift)
