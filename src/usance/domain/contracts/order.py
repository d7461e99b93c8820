"""The order: one signed commitment, as sold, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.domain.calendar import Cadence, Period
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import ContractId, CustomerId, FeatureId, LegalEntityId, OrderId
from usance.domain.money import Currency, Money
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Pricing

MAX_LINES = 500
MAX_PERIODS = 50_000  # billing periods of all lines, times their ramp steps: a bound on the work


class OrderKind(StrEnum):
    """What an order does to its contract. The spine knows the first order of a contract."""

    INITIAL = "INITIAL"


class Timing(StrEnum):
    """When a period is billed: at its start or at its end."""

    IN_ADVANCE = "IN_ADVANCE"
    IN_ARREARS = "IN_ARREARS"


@dataclass(frozen=True, slots=True)
class Segment:
    """Days with constant terms: this price, this quantity."""

    period: Period
    pricing: Pricing
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line as sold.

    `cadence` None: the whole service window is one billing period. `price_cadence`: what the price
    is for, when that is not the billing period (30.00 a month, billed yearly). `control_total`:
    what the form says the line costs over its window, checked against what it does.
    """

    ref: str
    name: str
    kind: LineKind
    window: Period
    segments: tuple[Segment, ...]
    cadence: Cadence | None = None
    price_cadence: Cadence | None = None
    timing: Timing = Timing.IN_ADVANCE
    anchor: date
    unit: str = ""
    feature_id: FeatureId | None = None
    tax_code: str = "standard"
    is_separate: bool = False
    control_total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a subscription on a custom plan lets the customer use. `limit` None: without limit."""

    feature_id: FeatureId
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTerms:
    """A subscription the order promises, on a custom plan."""

    ref: str
    plan_id: str
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed, and on which day."""

    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """What holds for the whole contract.

    `usage_hold_days`: how long after a usage period its invoice waits for late events.
    `approve_under`: drafts of at most this gross without findings need no reviewer; None: all do.
    """

    payment_terms: PaymentTerms
    po_number: str = ""
    is_po_required: bool = False
    usage_hold_days: int = 0
    approve_under: Money | None = None
    is_consolidated: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.usage_hold_days <= 90:
            expected = "a whole number of days from 0 to 90"
            value = str(self.usage_hold_days)
            raise Invalid(Problem("InvalidUsageHold", "usageHoldDays", value, expected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A signed commitment. `control_total` is the contract value the form states, when it does."""

    id: OrderId
    kind: OrderKind
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    contract_id: ContractId
    contract_name: str
    currency: Currency
    term: Period
    effective_on: date
    terms: ContractTerms
    lines: tuple[OrderLine, ...]
    subscriptions: tuple[SubscriptionTerms, ...] = ()
    signature: Signature | None = None
    crm_ref: str = ""
    control_total: Money | None = None
    tags: tuple[str, ...] = ()


def order_problems(order: Order) -> list[Problem]:
    """Everything wrong with an order by itself; paths as in the order form. Empty: none.

    What needs the catalogue (does the feature exist, is it metered) is `catalogue_problems`; what
    needs amounts (control totals) is contracts.value.
    """
    return [
        *_term_problems(order),
        *_line_count_problems(order),
        *_double_ref_problems(order),
        *_size_problems(order),
        *(
            problem.under(f"lines[{index}]")
            for index, line in enumerate(order.lines)
            for problem in _line_problems(line, order.term)
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
            expected = "a feature with a meter, for usage is counted by it"
            problems.append(Problem("FeatureNotMetered", path, line.feature_id, expected))
    for at, subscription in enumerate(order.subscriptions):
        for index, grant in enumerate(subscription.grants):
            if grant.feature_id not in known:
                path = f"subscriptions[{at}].entitlements[{index}].featureId"
                expected = "the id of a feature of this environment"
                problems.append(Problem("UnknownFeature", path, grant.feature_id, expected))
    return problems


def _term_problems(order: Order) -> Iterator[Problem]:
    if order.effective_on not in order.term:
        expected = f"a day of the term {order.term}"
        yield Problem("EffectiveOutsideTerm", "effectiveOn", str(order.effective_on), expected)


def _line_count_problems(order: Order) -> Iterator[Problem]:
    if not order.lines:
        yield Problem("OrderWithoutLines", "lines", "0", "at least one line")
    elif len(order.lines) > MAX_LINES:
        expected = f"at most {MAX_LINES} lines"
        yield Problem("OrderTooLarge", "lines", str(len(order.lines)), expected)


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
                for day in (line.window.start, line.window.last_day)
            )
            counts.append(last - first + 1)
        except Invalid:
            counts.append(0)  # _calendar_problems says so
    return counts[0] * len(line.segments) + counts[1]


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


def _line_problems(line: OrderLine, term: Period) -> Iterator[Problem]:
    if not term.covers(line.window):
        path = "on" if line.kind.is_once else "service"
        expected = f"days within the term {term}"
        yield Problem("ServiceOutsideTerm", path, str(line.window), expected)
    if line.kind is LineKind.USAGE and line.feature_id is None:
        expected = "the metered feature whose usage is billed"
        yield Problem("UsageWithoutFeature", "featureId", "", expected)
    if line.kind is LineKind.USAGE and line.timing is Timing.IN_ADVANCE:
        expected = "IN_ARREARS: usage is known at the end of its period"
        yield Problem("UsageInAdvance", "billing.timing", line.timing, expected)
    yield from _calendar_problems(line)
    yield from _cadence_problems(line)
    yield from _segment_problems(line)


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
        yield Problem("RampIncomplete", path, str(reached), expected)
