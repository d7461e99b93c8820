"""Calculated usage: numbers that somebody counted already, and how they become events.

A report says how much more was used (DELTA) or how much is used in all (SET). Either is kept as an
event that holds the difference, so that totals, counters and bills know one kind of usage only.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from usance.domain.catalog import REPORTED, REPORTED_VALUE, Feature, reported_as
from usance.domain.entitlements.usage import UpdateBehavior
from usance.domain.entitlements.windows import Window
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import REF, CustomerId, FeatureId
from usance.domain.metering.events import AHEAD, MAX_BATCH, Dimension, UsageEvent, read_instant

KEY_LIFETIME = timedelta(days=7)
WITH_METER = "CannotReportUsageForEntitlementWithMeterError"  # spelled as Stigg's
REPORTED_LEVEL = "usage:set"  # the dimension that holds the number of a SET, as it was reported
STEP = Decimal("0.00001")
MOST_WHOLE = Decimal(2**53 - 1)
MOST_FRACTIONAL = Decimal(2**35)
NEEDED = ("customerId", "featureId", "value")
MORE = ("resourceId", "updateBehavior", "createdAt", "dimensions", "idempotencyKey")
PATHS = {"timestamp": "createdAt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """How much a customer used of a feature, as it was told.

    `value` in the feature's units, rounded to 5 decimals half away from zero. `occurred_at` None:
    the moment it is received. The same key again within a week is the same report.
    """

    customer_id: CustomerId
    feature_id: FeatureId
    value: Decimal
    behavior: UpdateBehavior = UpdateBehavior.DELTA
    resource_id: str | None = None
    occurred_at: datetime | None = None
    dimensions: Mapping[str, Dimension]
    idempotency_key: str | None = None

    def kept_as(self, measurement_id: str, *, delta: Decimal, at: datetime) -> UsageEvent:
        """The event it is kept as: `delta` is what it changes."""
        kept = {**self.dimensions, REPORTED_VALUE: delta}
        if self.behavior is UpdateBehavior.SET:
            kept[REPORTED_LEVEL] = self.value
        return UsageEvent(
            customer_id=self.customer_id,
            event_name=reported_as(self.feature_id),
            idempotency_key=measurement_id,
            occurred_at=at,
            resource_id=self.resource_id,
            dimensions=kept,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A report that is kept, and where usage stood after it.

    `current_usage` counts in `window`; None: since ever.
    """

    id: str
    customer_id: CustomerId
    feature_id: FeatureId
    resource_id: str | None
    value: Decimal
    occurred_at: datetime
    received_at: datetime
    current_usage: Decimal
    window: Window | None


def read_reports(documents: object) -> tuple[UsageReport, ...]:
    """The reports of one request, at most 1,000.

    All or nothing: raises Invalid with the problems of every report, as `usages[3].value`.
    """
    if not isinstance(documents, list | tuple) or not 1 <= len(documents) <= MAX_BATCH:
        count = f"{len(documents)} of them" if isinstance(documents, list | tuple) else "no list"
        expected = f"a list of 1 to {MAX_BATCH} reports"
        raise Invalid(Problem("InvalidBatch", "usages", count, expected))
    reports: list[UsageReport] = []
    problems: list[Problem] = []
    for index, document in enumerate(documents):
        try:
            reports.append(read_report(document))
        except Invalid as refused:
            problems += [problem.under(f"usages[{index}]") for problem in refused.problems]
    refuse_if(problems)
    return tuple(reports)


def read_report(document: object) -> UsageReport:
    """The report in a JSON object. Raises Invalid with every problem."""
    if not isinstance(document, Mapping):
        expected = "an object with " + ", ".join(NEEDED)
        raise Invalid(Problem("InvalidReport", "", str(document)[:80], expected))
    problems = list(_name_problems(document))
    value = read_value(document.get("value"), problems)
    behavior = _behavior(document.get("updateBehavior"), problems)
    read = None
    try:
        read = _event(document)
    except Invalid as refused:
        problems += [
            replace(each, path=PATHS.get(each.path, each.path)) for each in refused.problems
        ]
    refuse_if(problems)
    assert read is not None, "what could not be read was refused"
    return UsageReport(
        customer_id=read.customer_id,
        feature_id=document["featureId"],
        value=value,
        behavior=behavior,
        resource_id=read.resource_id,
        occurred_at=read.occurred_at,
        dimensions=read.dimensions,
        idempotency_key=document.get("idempotencyKey"),
    )


def read_value(value: object, problems: list[Problem]) -> Decimal:
    """A number as usage may be reported; what is none is added to `problems`."""
    if (
        isinstance(value, int | Decimal)
        and not isinstance(value, bool)
        and Decimal(value).is_finite()
    ):
        exact = Decimal(value)
        is_whole = exact == exact.to_integral_value() if abs(exact) <= MOST_WHOLE else False
        if is_whole:
            return exact.to_integral_value() + 0
        if abs(exact) < MOST_FRACTIONAL:
            return exact.quantize(STEP, decimal.ROUND_HALF_UP).normalize() + 0
    expected = (
        f"a whole number up to ±{MOST_WHOLE:,f}, one with a fraction to ±{MOST_FRACTIONAL:,f}"
    )
    shown = "" if value is None else str(value)[:80]
    problems.append(Problem("InvalidUsageValue", "value", shown, expected))
    return Decimal(0)


def report_problems(
    report: UsageReport, feature: Feature | None, *, has_customer: bool, latest: datetime
) -> Iterator[Problem]:
    """What stands against a report once its customer and feature are known.

    `latest`: the present; a report may be an hour ahead of it.
    """
    if not has_customer:
        expected = "the id of a customer of this environment"
        yield Problem("CustomerNotFound", "customerId", report.customer_id, expected)
    if feature is None:
        expected = "the id of a feature of this environment"
        yield Problem("FeatureNotFound", "featureId", report.feature_id, expected)
    elif feature.meter is not None:
        expected = (
            f"a feature without a meter; report {feature.meter.event_name!r} events of this one"
        )
        yield Problem(WITH_METER, "featureId", report.feature_id, expected)
    elif feature.counted_by is None:
        expected = "a feature whose usage is measured"
        yield Problem("FeatureNotMetered", "featureId", report.feature_id, expected)
    if report.occurred_at is not None and report.occurred_at > latest + AHEAD:
        expected = f"at most {(latest + AHEAD).isoformat(timespec='seconds')}, an hour from now"
        shown = report.occurred_at.isoformat()
        yield Problem("TimestampInFuture", "createdAt", shown, expected)


def delta_of(report: UsageReport, used: Decimal) -> Decimal:
    """What a report changes, when so much was used in its window before it."""
    return report.value - used if report.behavior is UpdateBehavior.SET else report.value


def _event(document: Mapping[str, Any]) -> UsageEvent:
    """All of a report but its number, under the rules of events. Raises Invalid."""
    key, dimensions = document.get("idempotencyKey"), document.get("dimensions")
    moment = document.get("createdAt")
    at = read_instant(moment, "createdAt") if moment is not None else None
    return UsageEvent(
        customer_id=document.get("customerId", ""),
        event_name=REPORTED,
        idempotency_key="none" if key is None else key,
        occurred_at=at,
        resource_id=document.get("resourceId"),
        dimensions={} if dimensions is None else dimensions,
    )


def _name_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in document:
        if name not in (*NEEDED, *MORE):
            yield Problem(
                "UnknownField", str(name)[:80], "", "one of " + ", ".join((*NEEDED, *MORE))
            )
    feature_id = document.get("featureId")
    if not isinstance(feature_id, str) or not REF.fullmatch(feature_id):
        expected = "a feature's id: 1 to 255 letters, digits and _ | . : @ -"
        shown = "" if feature_id is None else str(feature_id)[:80]
        yield Problem("InvalidId", "featureId", shown, expected)
    dimensions = document.get("dimensions")
    for name in dimensions if isinstance(dimensions, Mapping) else ():
        if isinstance(name, str) and name.startswith(REPORTED):
            expected = f"a name that does not begin with {REPORTED!r}, which are ours"
            yield Problem("ReservedName", f"dimensions.{name[:80]}", "", expected)


def _behavior(word: object, problems: list[Problem]) -> UpdateBehavior:
    if word is None:
        return UpdateBehavior.DELTA
    if isinstance(word, str) and word in list(UpdateBehavior):
        return UpdateBehavior(word)
    expected = " or ".join(UpdateBehavior)
    problems.append(Problem("UnknownWord", "updateBehavior", str(word)[:80], expected))
    return UpdateBehavior.DELTA
