"""What holds for a contract as a whole, read from its first order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.documents.deals import FLAT, MONTHLY, codes, read
from usance.domain.approval_rules import ApprovalRules
from usance.domain.calendar import Period
from usance.domain.contracts.terms import (
    ContractTerms,
    Corrections,
    LateUsage,
    PoNumber,
    RenewalTerms,
)
from usance.domain.contracts.uplift import Uplift
from usance.domain.money import Money, currency
from usance.domain.payment_terms import DueRule, PaymentTerms
from usance.domain.rating.proration import Proration

MONTH = {"price": FLAT, "billing": MONTHLY}
TERMS: dict[str, Any] = {
    "paymentTerms": {"endOfMonthPlus": 15},
    "poNumbers": [{"start": "2025-01-01", "end": "2025-07-01", "number": "PO-1"}],
    "poRequired": True,
    "usageHoldDays": 5,
    "lateUsage": "REBILL",
    "lateUsageDays": 30,
    "corrections": "CREDIT_NOTE",
    "proration": "THIRTY_360",
    "uplift": {"percent": 3},
    "renewal": {"automatic": True, "months": 24, "noticeDays": 60, "uplift": {"index": "CPI-U"}},
    "review": {"reviewAbove": "5000.00", "alwaysReview": True},
    "consolidate": False,
}


def test_every_term_of_a_contract_can_be_agreed() -> None:
    usd = currency("USD")
    assert read(MONTH, **TERMS).terms == ContractTerms(
        payment_terms=PaymentTerms(15, DueRule.END_OF_MONTH_PLUS),
        po_numbers=(PoNumber(Period(date(2025, 1, 1), date(2025, 7, 1)), "PO-1"),),
        is_po_required=True,
        usage_hold_days=5,
        late_usage=LateUsage.REBILL,
        late_usage_days=30,
        corrections=Corrections.CREDIT_NOTE,
        proration=Proration.THIRTY_360,
        uplift=Uplift(percent=Decimal(3)),
        renewal=RenewalTerms(
            is_automatic=True, months=24, notice_days=60, uplift=Uplift(index="CPI-U")
        ),
        review=ApprovalRules(review_above=(Money(500000, usd),), always_review=True),
        is_consolidated=False,
    )


def test_rules_that_ask_for_nothing_are_not_the_same_as_none() -> None:
    assert read(MONTH, review={}).terms.review == ApprovalRules()
    assert read(MONTH).terms.review is None


HALF = {"start": "2025-01-01", "end": "2025-07-01", "number": "PO-1"}
BAD: list[tuple[str, Any, str, str]] = [
    ("proration", "SECONDS", "UnknownWord", "proration"),
    ("lateUsage", "LATER", "UnknownWord", "lateUsage"),
    ("lateUsageDays", 401, "InvalidLateUsage", "lateUsageDays"),
    ("poNumbers", [HALF, {**HALF, "start": "2025-06-01"}], "PoOverlap", "poNumbers[1].start"),
    ("poNumbers", [{**HALF, "end": "2025-01-01"}], "EmptyPeriod", "poNumbers[0].end"),
    ("poNumbers", [{**HALF, "number": None}], "MissingField", "poNumbers[0].number"),
    ("renewal", {"months": 0}, "InvalidMonths", "renewal.months"),
    ("renewal", {"noticeDays": -1}, "InvalidNotice", "renewal.noticeDays"),
    ("renewal", {"uplift": {}}, "AmbiguousUplift", "renewal.uplift.percent"),
    ("uplift", {"percent": 3, "cap": 5}, "NotOfThisUplift", "uplift.cap"),
    ("review", {"reviewOver": 5}, "UnknownField", "review.reviewOver"),
    ("discounts", [{"percent": 5, "when": "always"}], "UnknownField", "discounts[0].when"),
]


@pytest.mark.parametrize(("key", "value", "code", "path"), BAD)
def test_terms_that_cannot_be_are_refused(key: str, value: Any, code: str, path: str) -> None:
    assert codes(MONTH, **{key: value}) == [(code, path)]
