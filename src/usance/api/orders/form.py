"""The order form as OpenAPI describes it. `documents/order_form.py` reads it, and decides.

A test holds every example in `examples/orders/`, and every order written back, to both.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from usance.api.envelope import Amount, CurrencyCode, Quantity, Wire
from usance.api.fields import Ref, TermsBody

Day = str
Number = Quantity | int
Money = Amount | int
Price = Annotated[
    dict[str, Any],
    Field(
        description="A price model: FLAT, PER_UNIT, GRADUATED, VOLUME, PACKAGE, PERCENTAGE, ...",
        examples=[{"model": "PER_UNIT", "unitAmount": "29.00"}],
    ),
]


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


class ServiceDays(Wire):
    """The days of a line; without `end` it ends with the contract, and moves with its end."""

    start: Day
    end: Day | None = Field(default=None, description="The first day not included.")


class RampStep(Wire):
    """Part of the line's days, with its own price or quantity."""

    start: Day
    end: Day | None = Field(default=None, description="Of the last step: by default the line's.")
    price: Price | None = None
    quantity: Number | None = None
    amount: Money | None = Field(default=None, description="Of a COMMITMENT or PREPAID line.")


class Stubs(Wire):
    """Whether a billing period that the line's days cut short is billed in part, or not."""

    first: Literal["BILL", "WAIVE"] | None = None
    last: Literal["BILL", "WAIVE"] | None = None


class PlanPart(Wire):
    """A part of the price that falls due on a day; without percent and amount: the rest."""

    on: Day
    percent: Number | None = None
    amount: Money | None = None
    name: str | None = None


class Deposit(Wire):
    """What is due first, by default when the service begins."""

    percent: Number | None = None
    amount: Money | None = None
    on: Day | None = None


class EqualParts(Wire):
    """So many equal parts, so often."""

    count: int = Field(examples=[4])
    every: Every
    first_on: Day | None = None


class CarryOver(Wire):
    """How much of what was prepaid, and not used, can be used later, and for how long."""

    percent: Number | None = None
    lasting: Every = Field(alias="for")


class AmountOff(Wire):
    """A percentage of what is left, or an amount of each whole period."""

    percent: Number | None = None
    amount: Number | None = None
    reason: str | None = None


class DatedAmountOff(AmountOff):
    """The same, for some days; without them throughout."""

    starts_on: Day | None = Field(default=None, alias="from")
    until: Day | None = Field(default=None, description="The first day without it.")


class Line(Wire):
    """What is sold, for which days, at which price, billed when."""

    line_id: Ref
    name: str
    kind: Literal["RECURRING", "USAGE", "ONE_OFF", "MILESTONE", "COMMITMENT", "PREPAID"]
    price: Price | None = None
    amount: Money | None = Field(
        default=None, description="What each period of a COMMITMENT or PREPAID line comes to."
    )
    price_per: Every | None = Field(
        default=None, description="What the price is for, when that is not the billing period."
    )
    quantity: Number | None = None
    unit: str | None = None
    ramp: list[RampStep] | None = None
    billing: Billing | None = None
    stubs: Stubs | None = None
    plan: list[PlanPart] | None = Field(default=None, description="In place of `billing`.")
    instalments: EqualParts | None = None
    deposit: Deposit | None = None
    balance_on: Day | None = Field(default=None, description="When the rest falls due.")
    service: ServiceDays | None = Field(default=None, description="Its days; by default the term.")
    on: Day | None = Field(default=None, description="The day of a ONE_OFF or MILESTONE.")
    done: Literal["LATER"] | None = Field(
        default=None, description="A MILESTONE that falls due when it is marked done."
    )
    feature_id: Ref | None = None
    covers: list[Ref] | None = Field(
        default=None, description="What counts toward a commitment, or draws from what is prepaid."
    )
    carry_over: CarryOver | None = None
    tier_scope: Literal["PERIOD", "TERM"] | None = None
    tier_group: Ref | None = None
    price_hold_until: Day | None = None
    price_includes_tax: bool | None = None
    discounts: list[DatedAmountOff] | None = None
    free_months: int | None = None
    tax_code: Ref | None = None
    separate_invoice: bool | None = None
    total: Money | None = Field(default=None, description="Checked against what it comes to.")


class Signed(Wire):
    """Who signed, and when."""

    by: str
    on: Day


class AutoApproval(Wire):
    """Drafts of at most this total, without findings, need no reviewer."""

    under: Money


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

    contract_value: Money


class Uplift(Wire):
    """By how much prices rise: a percentage, or what an index did within bounds."""

    percent: Number | None = None
    index: Ref | None = None
    lag_months: int | None = None
    floor: Number | None = None
    cap: Number | None = None
    plus: Number | None = None
    decimals: int | None = None


class Renewal(Wire):
    """What happens at the end of the term when nobody says anything."""

    automatic: bool | None = None
    months: int | None = None
    notice_days: int | None = None
    uplift: Uplift | None = None


class Review(Wire):
    """Which drafts of the contract need whose approval."""

    review_above: Money | None = None
    four_eyes_above: Money | None = None
    change_percent: Number | None = None
    first_invoice: bool | None = None
    always_review: bool | None = None
    separate_duties: bool | None = None


class DatedPo(Wire):
    """The purchase order of some days."""

    start: Day
    end: Day
    number: str


class LineChange(Wire):
    """What an order changes about a line that is there."""

    line_id: Ref
    starts_on: Day | None = Field(default=None, alias="from")
    until: Day | None = None
    quantity: Number | None = None
    add_quantity: Number | None = None
    price: Price | None = None
    discount: AmountOff | None = None
    end: bool | None = None


class Fee(Wire):
    """An amount, or a percentage of the committed fees that will not be billed any more."""

    amount: Money | None = None
    percent: Number | None = None


class OrderForm(Wire):
    """One signed order. Every problem of a form is reported at once, by its path.

    An INITIAL order needs customer, legal entity, currency, term and lines; later ones name their
    contract and take the rest from it. What belongs to which kind is in the guide.
    """

    order_form: Literal[1] = Field(default=1, description="The version of this notation.")
    order_id: Ref | None = None
    kind: Literal["INITIAL", "EXPANSION", "AMENDMENT", "RENEWAL", "TERMINATION"] | None = None
    contract_id: Ref | None = None
    contract_name: str | None = None
    customer_id: Ref | None = None
    customer: dict[str, Any] | None = Field(
        default=None, description="The customer's particulars, instead of `customerId`."
    )
    legal_entity_id: Ref | None = None
    currency: CurrencyCode | None = None
    effective_on: Day | None = None
    sequence: int | None = Field(default=None, description="Among the orders of one day.")
    term: Term | None = None
    signature: Signed | None = None
    crm_ref: str | None = None
    payment_terms: TermsBody | None = None
    po_number: str | None = None
    po_numbers: list[DatedPo] | None = None
    po_required: bool | None = None
    consolidate: bool | None = None
    usage_hold_days: int | None = None
    late_usage: Literal["NEXT_INVOICE", "REBILL", "IGNORE"] | None = None
    late_usage_days: int | None = None
    corrections: Literal["NEXT_INVOICE", "NEXT_PERIOD", "CREDIT_NOTE"] | None = None
    proration: Literal["DAYS", "THIRTY_360", "ACTUAL_30", "MONTH_THEN_DAY", "NONE"] | None = None
    uplift: Uplift | None = None
    yearly_uplift: Uplift | None = Field(default=None, description="Of a RENEWAL's new term.")
    renewal: Renewal | None = None
    review: Review | None = None
    auto_approve: AutoApproval | None = None
    billing_day: int | None = Field(default=None, description="Of lines that name none.")
    discounts: list[DatedAmountOff] | None = None
    free_months: int | None = None
    lines: list[Line] | None = None
    changes: list[LineChange] | None = None
    term_end: Day | None = Field(default=None, description="The contract's new end.")
    assign_to: Ref | None = Field(default=None, description="The customer who takes over.")
    new_legal_entity_id: Ref | None = Field(default=None, description="Who sells from then on.")
    early: bool | None = Field(default=None, description="Before the old term ends.")
    carry_over: bool | list[Ref] | None = Field(
        default=None, description="The lines that a RENEWAL takes along; by default all."
    )
    refund: Literal["PRO_RATA", "NONE"] | None = None
    fee: Fee | None = None
    for_cause: bool | None = None
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
