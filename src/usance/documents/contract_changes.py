"""Differences between two states of a contract in the words of the order form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum

from usance.documents.approval_notation import plain_approval_rules
from usance.documents.billing_notation import plain_cadence, plain_period
from usance.documents.contract_notation import plain_po, plain_renewal
from usance.documents.line_prices import plain_amount_off
from usance.documents.plain import given
from usance.documents.terms_notation import plain_payment_terms
from usance.documents.uplift_notation import plain_uplift
from usance.domain.approval_rules import ApprovalRules
from usance.domain.calendar import Cadence, Period
from usance.domain.contracts.changes_between import Difference
from usance.domain.contracts.order import Instalment
from usance.domain.contracts.terms import PoNumber, RenewalTerms
from usance.domain.contracts.uplift import Uplift
from usance.domain.money import Money
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.notation import plain_pricing
from usance.domain.rating.prices import Discount, Pricing

# Fields that the order form calls otherwise than camelCase of ours.
CALLED = {
    "window": "service",
    "is_po_required": "poRequired",
    "approve_under": "autoApprove",
    "is_consolidated": "consolidate",
    "anchor": "anchorOn",
    "price_cadence": "pricePer",
    "cadence": "every",
    "is_done_later": "done",
    "held_until": "priceHoldUntil",
    "is_tax_inclusive": "priceIncludesTax",
    "is_separate": "separateInvoice",
    "carried_percent": "carryOver.percent",
    "carried_for": "carryOver.for",
    "first_stub": "stubs.first",
    "last_stub": "stubs.last",
}


def field_name(difference: Difference) -> str:
    """What the order form calls the field."""
    first, *rest = difference.field.split("_")
    return CALLED.get(difference.field, first + "".join(word.title() for word in rest))


def plain_value(value: object) -> object:
    """A value of a difference in its notation: text, truth, number, object, list, or null."""
    match value:
        case None | bool():
            return value
        case Enum():
            return str(value.value)
        case str() | int():
            return value
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case Money():
            return value.text
        case Period():
            return plain_period(value)
        case tuple():
            return [plain_value(each) for each in value]
        case _:
            return _plain_object(value)


def _plain_object(value: object) -> dict[str, object]:
    match value:
        case Cadence():
            return plain_cadence(value)
        case Pricing():
            return plain_pricing(value)
        case Discount():
            return plain_amount_off(value)
        case Instalment():
            return _plain_instalment(value)
        case PaymentTerms():
            return dict(plain_payment_terms(value))
        case Uplift():
            return plain_uplift(value)
        case RenewalTerms():
            return plain_renewal(value)
        case PoNumber():
            return plain_po(value)
        case ApprovalRules():
            return plain_approval_rules(value)
        case _:
            raise AssertionError(f"{type(value).__name__} is no value of a contract")


def _plain_instalment(part: Instalment) -> dict[str, object]:
    return {"on": part.on.isoformat()} | given(
        percent=None if part.percent is None else f"{part.percent:f}",
        amount=None if part.amount is None else part.amount.text,
        name=part.name,
    )
