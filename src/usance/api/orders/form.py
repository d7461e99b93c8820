"""The order form as OpenAPI describes it. `documents/order_form.py` reads it, and decides.

A test holds every example in `examples/orders/`, and every order written back, to both.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from usance.api.envelope import Amount, CurrencyCode, Quantity, Wire
from usance.api.fields import Days, Ref, TermsBody

Day = str
Number = Quantity | int


class Term(Wire):
    """From a day, for so many months, or up to a day that is not included."""

    start: Day = Field(examples=["2026-01-01"])
    end: Day | None = Field(default=None, examples=["2027-01-01"])
    months: int | None = Field(default=None, examples=[12])


class Every(Wire):
    """A step of time."""

    count: int = 1
    unit: Literal["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]


class Billing(Wire):
    """How often, and at which end of the period; counted from the term's start unless said."""

    every: Every | Literal["WHOLE_TERM"]
    timing: Literal["IN_ADVANCE", "IN_ARREARS"] | None = None
    anchor_on: Day | None = None
    day_of_month: int | None = None


class RampStep(Wire):
    """Part of the line's days, with its own price or quantity."""

    start: Day
    end: Day | None = None
    price: dict[str, Any] | None = None
    quantity: Number | None = None


class Line(Wire):
    """What is sold, for which days, at which price, billed when."""

    line_id: Ref
    name: str
    kind: Literal["RECURRING", "USAGE", "ONE_OFF", "MILESTONE"]
    price: dict[str, Any] | None = Field(
        default=None,
        description="A price model: FLAT, PER_UNIT, GRADUATED, VOLUME, PACKAGE or PERCENTAGE.",
        examples=[{"model": "PER_UNIT", "unitAmount": "29.00"}],
    )
    price_per: Every | None = Field(
        default=None, description="What the price is for, when that is not the billing period."
    )
    quantity: Number | None = None
    unit: str | None = None
    ramp: list[RampStep] | None = None
    billing: Billing | None = None
    service: Days | None = Field(default=None, description="Its days; by default the term.")
    on: Day | None = Field(default=None, description="The day of a ONE_OFF or MILESTONE.")
    feature_id: Ref | None = None
    tax_code: Ref | None = None
    separate_invoice: bool | None = None
    total: Amount | int | None = Field(
        default=None, description="Checked against what it comes to."
    )


class Signed(Wire):
    """Who signed, and when."""

    by: str
    on: Day


class AutoApproval(Wire):
    """Drafts of at most this total, without findings, need no reviewer."""

    under: Amount | int


class Grant(Wire):
    """What the subscription lets the customer use."""

    feature_id: Ref
    limit: Number | None = None


class PromisedSubscription(Wire):
    """A subscription on a custom plan, provisioned when the order is fulfilled."""

    subscription_id: Ref
    plan_id: Ref
    entitlements: list[Grant] | None = None


class Totals(Wire):
    """What the form says it comes to, checked."""

    contract_value: Amount | int


class OrderForm(Wire):
    """One signed order. Every problem of a form is reported at once, by its path."""

    order_form: Literal[1] = Field(default=1, description="The version of this notation.")
    order_id: Ref | None = None
    kind: Literal["INITIAL"] | None = None
    contract_id: Ref | None = None
    contract_name: str | None = None
    customer_id: Ref | None = None
    customer: dict[str, Any] | None = Field(
        default=None, description="The customer's particulars, instead of `customerId`."
    )
    legal_entity_id: Ref
    currency: CurrencyCode
    effective_on: Day | None = None
    term: Term
    signature: Signed | None = None
    crm_ref: str | None = None
    payment_terms: TermsBody | None = None
    po_number: str | None = None
    po_required: bool | None = None
    consolidate: bool | None = None
    usage_hold_days: int | None = None
    auto_approve: AutoApproval | None = None
    lines: list[Line]
    subscriptions: list[PromisedSubscription] | None = None
    totals: Totals | None = None
    tags: list[str] | None = None


EXAMPLE: dict[str, object] = {
    "orderForm": 1,
    "orderId": "nordlicht-2026-001",
    "contractId": "nordlicht-2026",
    "contractName": "Framework agreement Nordlicht",
    "customerId": "nordlicht",
    "legalEntityId": "halden-de",
    "currency": "EUR",
    "term": {"start": "2026-01-01", "months": 12},
    "signature": {"by": "Dr. Henrike Petersen", "on": "2025-12-09"},
    "paymentTerms": {"netDays": 14},
    "lines": [
        {
            "lineId": "seats",
            "name": "Halden Platform, seats",
            "kind": "RECURRING",
            "price": {"model": "PER_UNIT", "unitAmount": "29.00"},
            "quantity": 25,
            "unit": "seat",
            "billing": {"every": {"count": 1, "unit": "MONTH"}, "timing": "IN_ADVANCE"},
            "total": "8700.00",
        }
    ],
    "totals": {"contractValue": "8700.00"},
}
