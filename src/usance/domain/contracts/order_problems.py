"""What is wrong with an order by itself: paths as in the order form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from usance.domain.calendar import LAST_DAY, Period, month_after
from usance.domain.contracts.order import LineChange, Order, OrderKind, OrderLine, Timing
from usance.domain.contracts.plan_problems import plan_problems
from usance.domain.contracts.terms import TermsChange
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import FeatureId

MAX_LINES = 500
MAX_PERIODS = 50_000  # billing periods of all lines, times their ramp steps: a bound on the work
OPEN_MONTHS = 120  # what a line is counted for that ends with a contract whose end is elsewhere
NEW_TERM = (OrderKind.INITIAL, OrderKind.RENEWAL)  # the orders that say which days are agreed
IN_ARREARS = {LineKind.USAGE: "UsageInAdvance", LineKind.COMMITMENT: "CommitmentInAdvance"}
BOUGHT_WHOLE = (LineKind.COMMITMENT, LineKind.PREPAID)  # an amount that others count toward


def order_problems(order: Order) -> list[Problem]:
    """Everything wrong with an order by itself; paths as in the order form. Empty: none.

    What needs the catalogue (does the feature exist, is it metered) is `catalogue_problems`; what
    needs amounts is contracts.value (control totals) and `plan_amount_problems`; what needs the
    other orders of the contract (its lines, its end) is `timeline`.
    """
    return [
        *_term_problems(order),
        *_content_problems(order),
        *_double_ref_problems(order),
        *_size_problems(order),
        *_covers_problems(order),
        *(
            problem.under(f"lines[{index}]")
            for index, line in enumerate(order.lines)
            for problem in _line_problems(line, order)
        ),
        *(
            problem.under(f"changes[{index}]")
            for index, change in enumerate(order.changes)
            for problem in _change_problems(change, order)
        ),
    ]


def catalogue_problems(
    order: Order, *, known: set[FeatureId], metered: set[FeatureId]
) -> list[Problem]:
    """What the order names and the catalogue lacks. Usage needs a metered feature."""
    problems = []
    for index, line in enumerate(order.lines):
        path = f"lines[{index}].featureId"
        if line.feature_id is None:
            continue
        if line.feature_id not in known:
            expected = "the id of a feature of this environment"
            problems.append(Problem("UnknownFeature", path, line.feature_id, expected))
        elif line.kind is LineKind.USAGE and line.feature_id not in metered:
            expected = "a feature whose usage is measured"
            problems.append(Problem("FeatureNotMetered", path, line.feature_id, expected))
    for at, subscription in enumerate(order.subscriptions):
        for index, grant in enumerate(subscription.grants):
            if grant.feature_id not in known:
                path = f"subscriptions[{at}].entitlements[{index}].featureId"
                expected = "the id of a feature of this environment"
                problems.append(Problem("UnknownFeature", path, grant.feature_id, expected))
    return problems


def _term_problems(order: Order) -> Iterator[Problem]:
    on = order.effective_on
    if order.kind is OrderKind.RENEWAL and on != order.term.start:
        expected = f"{order.term.start}, the day the new term starts, or nothing"
        yield Problem("EffectiveOutsideTerm", "effectiveOn", str(on), expected)
    elif on not in order.term:
        expected = f"a day of the term {order.term}"
        yield Problem("EffectiveOutsideTerm", "effectiveOn", str(on), expected)


def _content_problems(order: Order) -> Iterator[Problem]:
    """Something is agreed, and not too much of it."""
    is_needed = order.kind is OrderKind.INITIAL or order.carries == ()
    if is_needed and not order.lines:
        yield Problem("OrderWithoutLines", "lines", "0", "at least one line")
    elif len(order.lines) > MAX_LINES:
        expected = f"at most {MAX_LINES} lines"
        yield Problem("OrderTooLarge", "lines", str(len(order.lines)), expected)
    if order.kind in (OrderKind.EXPANSION, OrderKind.AMENDMENT) and _says_nothing(order):
        expected = "something that it changes: lines, changes, terms"
        yield Problem("EmptyOrder", "", order.kind, expected)


def _says_nothing(order: Order) -> bool:
    said = (order.lines, order.changes, order.discounts, order.subscriptions)
    parties = order.party_change
    is_same = parties.customer_id is None and parties.legal_entity_id is None
    return not any(said) and order.terms_change == TermsChange() and is_same and not order.moves_end


def _size_problems(order: Order) -> Iterator[Problem]:
    """Sixty years billed each day are a mistake, and would keep a billing run busy for long."""
    periods = sum(_period_count(line) for line in order.lines)
    if periods > MAX_PERIODS:
        expected = f"at most {MAX_PERIODS} billing periods in all lines and ramp steps"
        yield Problem("OrderTooLarge", "lines", str(periods), expected)


def _period_count(line: OrderLine) -> int:
    """How many slices a line has at most, and price periods to count in them."""
    counts = []
    for cadence in (line.cadence, line.price_cadence):
        try:
            first, last = (
                1 if cadence is None else cadence.index_at(line.anchor, day)
                for day in (line.window.start, _counted(line.window).last_day)
            )
            counts.append(last - first + 1)
        except Invalid:
            counts.append(0)  # _calendar_problems says so
    return counts[0] * len(line.segments) + counts[1]


def _counted(window: Period) -> Period:
    """Its days; of days that end with a contract whose end is not known here, the first years."""
    if window.end < LAST_DAY:
        return window
    return Period(window.start, min(window.end, month_after(window.start, OPEN_MONTHS)))


def _double_ref_problems(order: Order) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, line in enumerate(order.lines):
        if line.ref in seen:
            expected = "a lineId that no other line has"
            yield Problem("DuplicateLineId", f"lines[{index}].lineId", line.ref, expected)
        seen.add(line.ref)
    promised: set[str] = set()
    for index, terms in enumerate(order.subscriptions):
        if terms.ref in promised:
            path = f"subscriptions[{index}].subscriptionId"
            expected = "a subscriptionId that no other subscription has"
            yield Problem("DuplicateSubscriptionId", path, terms.ref, expected)
        promised.add(terms.ref)


def _covers_problems(order: Order) -> Iterator[Problem]:
    """A first order knows all its lines; a later one may name those that are there already."""
    sold = {line.ref: line.kind for line in order.lines}
    for index, line in enumerate(order.lines):
        for at, ref in enumerate(line.covers):
            problem = _covered_problem(line, ref, sold, is_all=order.kind is OrderKind.INITIAL)
            if problem is not None:
                yield problem.under(f"lines[{index}].covers[{at}]")


def _covered_problem(
    line: OrderLine, ref: str, sold: Mapping[str, LineKind], *, is_all: bool
) -> Problem | None:
    kind = sold.get(ref)
    if ref == line.ref:
        return Problem("CoversItself", "", ref, "the lineId of another line")
    if kind is None:
        return Problem("UnknownLine", "", ref, "the lineId of a line") if is_all else None
    if line.kind is LineKind.PREPAID and kind is not LineKind.USAGE:
        return Problem("CannotBeCovered", "", ref, f"a USAGE line, for a {kind} line uses nothing")
    if kind in BOUGHT_WHOLE:
        return Problem("CannotBeCovered", "", ref, f"a line that is charged; this is a {kind}")
    return None


def _line_problems(line: OrderLine, order: Order) -> Iterator[Problem]:
    yield from _window_problems(line, order)
    if line.kind is LineKind.USAGE and line.feature_id is None:
        expected = "the metered feature whose usage is billed"
        yield Problem("UsageWithoutFeature", "featureId", "", expected)
    yield from _timing_problems(line)
    yield from _bought_problems(line)
    yield from _calendar_problems(line)
    yield from _cadence_problems(line)
    yield from _segment_problems(line)
    yield from plan_problems(line)


def _window_problems(line: OrderLine, order: Order) -> Iterator[Problem]:
    """Where the contract's end is not said in the order, the timeline looks at the end."""
    path = "on" if line.kind.is_once else "service"
    if order.kind in NEW_TERM:
        if not order.term.covers(line.window):
            expected = f"days within the term {order.term}"
            yield Problem("ServiceOutsideTerm", path, str(line.window), expected)
    elif line.window.start < order.effective_on:
        expected = f"days from {order.effective_on} on, when the order takes effect"
        yield Problem("ServiceOutsideTerm", path, str(line.window), expected)


def _timing_problems(line: OrderLine) -> Iterator[Problem]:
    path = "billing.timing"
    if line.kind in IN_ARREARS and line.timing is Timing.IN_ADVANCE:
        expected = "IN_ARREARS: usage is known at the end of its period"
        yield Problem(IN_ARREARS[line.kind], path, line.timing, expected)
    if line.kind is LineKind.PREPAID and line.timing is Timing.IN_ARREARS:
        yield Problem("PrepaidInArrears", path, line.timing, "IN_ADVANCE: it is paid before use")


def _bought_problems(line: OrderLine) -> Iterator[Problem]:
    """A commitment and what is prepaid are amounts: nothing is counted for them."""
    if line.kind in BOUGHT_WHOLE and line.feature_id is not None:
        expected = f"nothing: a {line.kind} line counts no usage itself; name lines in covers"
        yield Problem("NotOfThisKind", "featureId", line.feature_id, expected)


def _change_problems(change: LineChange, order: Order) -> Iterator[Problem]:
    on = order.effective_on if change.starts_on is None else change.starts_on
    if on < order.effective_on:
        expected = f"{order.effective_on}, when the order takes effect, or later"
        yield Problem("ChangeBeforeOrder", "from", str(on), expected)
    if change.until is not None and change.until <= on:
        expected = f"a day after {on}, for it is the first day not included"
        yield Problem("EmptyPeriod", "until", str(change.until), expected)
    if change.quantity is not None and change.quantity < 0:
        expected = "a quantity of zero or more"
        yield Problem("NegativeQuantity", "quantity", f"{change.quantity:f}", expected)


def _calendar_problems(line: OrderLine) -> Iterator[Problem]:
    """A period of a thousand years, counted from here, ends after the calendar does."""
    for path, cadence in (("billing.every", line.cadence), ("pricePer", line.price_cadence)):
        if cadence is None:
            continue
        try:
            for day in (line.window.start, line.window.last_day):
                cadence.period(line.anchor, cadence.index_at(line.anchor, day))
        except Invalid as refused:
            expected = refused.problems[0].expected
            yield Problem("DayOutOfRange", path, str(cadence), f"periods whose ends are {expected}")


def _cadence_problems(line: OrderLine) -> Iterator[Problem]:
    if line.price_cadence is None:
        return
    if line.kind is not LineKind.RECURRING:
        expected = "nothing: only a recurring price is for a period"
        yield Problem("PricePeriodNotRecurring", "pricePer", str(line.price_cadence), expected)
    elif line.cadence is not None:
        inside, outside = line.price_cadence, line.cadence
        same_kind = bool(inside.months) == bool(outside.months)
        if not same_kind or (inside.months and outside.months % inside.months):
            expected = f"a period that divides the billing period, {outside}"
            yield Problem("PricePeriodMismatch", "pricePer", str(inside), expected)


def _segment_problems(line: OrderLine) -> Iterator[Problem]:
    reached = line.window.start
    for index, segment in enumerate(line.segments):
        path = f"ramp[{index}]"
        if segment.quantity < 0:
            expected = "a quantity of zero or more"
            value = f"{segment.quantity:f}"
            yield Problem("NegativeQuantity", f"{path}.quantity", value, expected)
        if segment.period.start < reached:
            expected = f"{reached} or later: the steps of a ramp do not overlap"
            yield Problem("RampOverlap", f"{path}.start", str(segment.period.start), expected)
        elif segment.period.start > reached:
            expected = f"{reached}: the steps of a ramp leave no day out"
            yield Problem("RampGap", f"{path}.start", str(segment.period.start), expected)
        reached = max(reached, segment.period.end)
    if reached != line.window.end:
        path = f"ramp[{len(line.segments) - 1}].end" if line.segments else "ramp"
        expected = f"{line.window.end}, the end of the service window"
        if line.window.end == LAST_DAY:
            expected = "a last step without an end: it ends with the contract, as the line does"
        yield Problem("RampIncomplete", path, str(reached), expected)
