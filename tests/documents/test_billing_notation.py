"""When a line is billed: its days, milestones done later, stubs, the order's billing day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.documents.deals import FLAT, MONTHLY, USAGE, codes, line, read
from usance.domain.calendar import Period
from usance.domain.contracts.order import Stub
from usance.domain.contracts.terms import Scope

MONTH = {"price": FLAT, "billing": MONTHLY}
DONE = {"kind": "MILESTONE", "price": FLAT}


def test_without_days_of_its_own_a_line_ends_with_the_contract() -> None:
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    own = {"start": "2025-01-01", "end": "2026-01-01"}
    assert (line(**MONTH).window, line(**MONTH).ends_with_contract) == (year, True)
    fixed = line(**MONTH, service=own)
    assert (fixed.window, fixed.ends_with_contract) == (year, False)
    late = line(**MONTH, service={"start": "2025-05-01"})
    assert (late.window.start, late.window.end) == (date(2025, 5, 1), year.end)


def test_a_milestone_may_be_done_later() -> None:
    sold = line(**DONE, done="LATER")
    assert (sold.is_done_later, str(sold.window)) == (True, "2025-01-01..2025-01-02")


def test_part_periods_are_billed_unless_they_are_waived() -> None:
    assert (line(**MONTH).first_stub, line(**MONTH).last_stub) == (Stub.BILL, Stub.BILL)
    sold = line(**MONTH, stubs={"last": "WAIVE"})
    assert (sold.first_stub, sold.last_stub) == (Stub.BILL, Stub.WAIVE)


def test_the_orders_billing_day_holds_for_lines_that_name_none() -> None:
    weekly = {"price": FLAT, "billing": {"every": {"unit": "WEEK"}}}
    own = {"price": FLAT, "billing": {**MONTHLY, "anchorOn": "2025-01-03"}}
    fifth = {"price": FLAT, "billing": {**MONTHLY, "dayOfMonth": 5}}
    anchors = [each.anchor.day for each in read(MONTH, weekly, own, fifth, billingDay=15).lines]
    assert anchors == [15, 1, 3, 5]


def test_tiers_may_count_over_the_term_and_across_lines() -> None:
    sold = line(**USAGE, tierScope="TERM", tierGroup="calls", priceHoldUntil="2026-01-01")
    assert (sold.tier_scope, sold.tier_group) == (Scope.TERM, "calls")
    assert sold.held_until == date(2026, 1, 1)
    assert line(**MONTH, priceIncludesTax=True).is_tax_inclusive


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({**DONE, "done": "SOON", "on": "2025-01-01"}, "UnknownWord", "lines[0].done"),
    ({**DONE, "done": "LATER", "on": "2025-01-01"}, "AmbiguousDay", "lines[0].on"),
    ({**DONE, "kind": "ONE_OFF", "done": "LATER"}, "NotOfThisKind", "lines[0].done"),
    ({**MONTH, "done": "LATER"}, "NotOfThisKind", "lines[0].done"),
    ({**DONE, "done": "LATER", "stubs": {}}, "NotOfThisKind", "lines[0].stubs"),
    ({**MONTH, "stubs": {"middle": "BILL"}}, "UnknownField", "lines[0].stubs.middle"),
    ({**MONTH, "stubs": {"first": "FREE"}}, "UnknownWord", "lines[0].stubs.first"),
    ({**MONTH, "service": {"start": "2026-01-01"}}, "ServiceOutsideTerm",
     "lines[0].service.start"),
    ({**MONTH, "billing": {"every": {"unit": "WEEK"}, "dayOfMonth": 5}}, "InvalidDayOfMonth",
     "lines[0].billing.dayOfMonth"),
    ({**MONTH, "service": {"end": "2026-01-01"}}, "MissingField", "lines[0].service.start"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "path"), BAD)
def test_days_that_a_line_cannot_have_are_refused(
    fields: dict[str, Any], code: str, path: str
) -> None:
    assert (code, path) in codes(fields)


def test_a_billing_day_that_no_period_can_begin_on_is_told_once() -> None:
    yearly = {"price": FLAT, "billing": {"every": {"unit": "YEAR"}}}
    term = {"start": "2025-02-01", "months": 12}
    assert codes(yearly, yearly, term=term, billingDay=31) == [("InvalidDayOfMonth", "billingDay")]
    assert codes(MONTH, billingDay=32) == [("InvalidDayOfMonth", "billingDay")]
