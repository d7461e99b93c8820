"""What an order says about the contract as a whole: its terms, and how a later order changes them.

`terms_from` reads all of them, of an INITIAL order; `terms_change_from` those that may change.
Both note their problems in the fields of the order, whose paths these are.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from itertools import pairwise
from typing import TypeVar

from usance.documents.approval_notation import approval_rules_from, plain_approval_rules
from usance.documents.billing_notation import plain_period
from usance.documents.plain import (
    Fields,
    amount,
    choice,
    day,
    each,
    given,
    refusal,
    text,
    truth,
    whole,
)
from usance.documents.terms_notation import payment_terms_from, plain_payment_terms
from usance.documents.uplift_notation import plain_uplift, uplift_from
from usance.domain.calendar import Period
from usance.domain.contracts.terms import (
    ContractTerms,
    Corrections,
    LateUsage,
    PoNumber,
    RenewalTerms,
    TermsChange,
)
from usance.domain.money import Currency, Money
from usance.domain.payment_terms import NET_30, PaymentTerms
from usance.domain.rating.proration import Proration

T = TypeVar("T")
MAX_PO_NUMBERS = 200


class DayCount(StrEnum):
    """How a contract may count days: those of `Proration` that know no hours."""

    DAYS = Proration.DAYS
    THIRTY_360 = Proration.THIRTY_360
    ACTUAL_30 = Proration.ACTUAL_30
    MONTH_THEN_DAY = Proration.MONTH_THEN_DAY
    NONE = Proration.NONE


def terms_from(fields: Fields, money: Currency, default: PaymentTerms) -> ContractTerms:
    """The terms of a new contract; `default` are the legal entity's own."""
    payment_terms = fields.take("paymentTerms", payment_terms_from, default)
    po_number = fields.take("poNumber", text, "")
    po_numbers = fields.take("poNumbers", _po_numbers, ())
    is_po_required = fields.take("poRequired", truth, default=False)
    usage_hold_days = fields.take("usageHoldDays", whole, 0)
    late_usage = fields.take("lateUsage", choice(LateUsage), LateUsage.NEXT_INVOICE)
    late_usage_days = fields.take("lateUsageDays", whole, 90)
    approve_under = fields.take("autoApprove", partial(_auto_approval, of=money), None)
    is_consolidated = fields.take("consolidate", truth, default=True)
    proration = fields.take("proration", choice(DayCount), DayCount.DAYS)
    corrections = fields.take("corrections", choice(Corrections), Corrections.NEXT_INVOICE)
    uplift = fields.take("uplift", uplift_from, None)
    renewal = fields.take("renewal", _renewal, None)
    review = fields.take("review", partial(approval_rules_from, of=money), None)
    return fields.attempt(
        lambda: ContractTerms(
            payment_terms=payment_terms,
            po_number=po_number,
            po_numbers=po_numbers,
            is_po_required=is_po_required,
            usage_hold_days=usage_hold_days,
            late_usage=late_usage,
            late_usage_days=late_usage_days,
            approve_under=approve_under,
            is_consolidated=is_consolidated,
            proration=Proration(proration),
            corrections=corrections,
            uplift=uplift,
            renewal=renewal,
            review=review,
        ),
        ContractTerms(payment_terms=default),
    )


def terms_change_from(fields: Fields, *, uplift_key: str = "uplift") -> TermsChange:
    """What a later order changes about the terms; `uplift_key`: the yearly one's."""
    payment_terms = fields.take("paymentTerms", payment_terms_from, None)
    po_number = fields.take("poNumber", text, None)
    po_numbers = fields.take("poNumbers", _po_numbers, None)
    usage_hold_days = fields.take("usageHoldDays", whole, None)
    late_usage = fields.take("lateUsage", choice(LateUsage), None)
    corrections = fields.take("corrections", choice(Corrections), None)
    uplift = fields.take(uplift_key, uplift_from, None)
    renewal = fields.take("renewal", _renewal, None)
    hold_days = usage_hold_days or 0
    held = partial(ContractTerms, payment_terms=NET_30, usage_hold_days=hold_days)
    fields.attempt(held, None)
    return TermsChange(
        payment_terms=payment_terms,
        po_number=po_number,
        po_numbers=po_numbers,
        usage_hold_days=usage_hold_days,
        late_usage=late_usage,
        corrections=corrections,
        uplift=uplift,
        renewal=renewal,
    )


def plain_terms(terms: ContractTerms, money: Currency) -> dict[str, object]:
    """The terms in their notation, with every default written out."""
    under, review = terms.approve_under, terms.review
    said: dict[str, object] = {
        "paymentTerms": plain_payment_terms(terms.payment_terms),
        "poRequired": terms.is_po_required,
        "consolidate": terms.is_consolidated,
        "usageHoldDays": terms.usage_hold_days,
        "lateUsage": terms.late_usage.value,
        "lateUsageDays": terms.late_usage_days,
        "corrections": terms.corrections.value,
        "proration": terms.proration.value,
    }
    said |= given(
        poNumber=terms.po_number,
        poNumbers=_plain_pos(terms.po_numbers),
        autoApprove=None if under is None else {"under": under.text},
        uplift=None if terms.uplift is None else plain_uplift(terms.uplift),
        renewal=None if terms.renewal is None else plain_renewal(terms.renewal),
    )
    if review is not None:  # which may ask for nothing, and is not the same as the entity's rules
        said["review"] = plain_approval_rules(review, of=money)
    return said


def plain_terms_change(change: TermsChange, *, uplift_key: str = "uplift") -> dict[str, object]:
    """The change in its notation; what stays as it is is left out, what is emptied is not."""
    held: dict[str, object] = {
        "paymentTerms": _maybe(plain_payment_terms, change.payment_terms),
        "poNumber": change.po_number,
        "poNumbers": _maybe(_plain_pos, change.po_numbers),
        "usageHoldDays": change.usage_hold_days,
        "lateUsage": _maybe(str, change.late_usage),
        "corrections": _maybe(str, change.corrections),
        "renewal": _maybe(plain_renewal, change.renewal),
        uplift_key: _maybe(plain_uplift, change.uplift),
    }
    return {key: value for key, value in held.items() if value is not None}


def _maybe(write: Callable[[T], object], value: T | None) -> object:
    return None if value is None else write(value)


def _auto_approval(plain: object, path: str, *, of: Currency) -> Money:
    fields = Fields(plain, path)
    under = fields.need("under", amount(of))
    return fields.made(lambda: under)


def _renewal(plain: object, path: str) -> RenewalTerms:
    """`{automatic, months, noticeDays, uplift}`."""
    fields = Fields(plain, path)
    is_automatic = fields.take("automatic", truth, default=False)
    months = fields.take("months", whole, 12)
    notice_days = fields.take("noticeDays", whole, 0)
    uplift = fields.take("uplift", uplift_from, None)
    return fields.made(
        lambda: RenewalTerms(
            is_automatic=is_automatic, months=months, notice_days=notice_days, uplift=uplift
        )
    )


def plain_renewal(renewal: RenewalTerms) -> dict[str, object]:
    """What happens at the end of the term, in its notation."""
    return {
        "automatic": renewal.is_automatic,
        "months": renewal.months,
        "noticeDays": renewal.notice_days,
    } | given(uplift=None if renewal.uplift is None else plain_uplift(renewal.uplift))


def _po_numbers(value: object, path: str) -> tuple[PoNumber, ...]:
    found = each(_po_number, most=MAX_PO_NUMBERS)(value, path)
    dated = sorted(enumerate(found), key=lambda pair: pair[1].period)
    for (_, before), (index, po) in pairwise(dated):
        if po.period.start < before.period.end:
            expected = f"{before.period.end} or later: one purchase order a day"
            raise refusal("PoOverlap", f"{path}[{index}].start", po.period.start, expected)
    return found


def _po_number(plain: object, path: str) -> PoNumber:
    """`{start, end, number}`; `end` is the first day not included."""
    fields = Fields(plain, path)
    start, end = fields.need("start", day), fields.need("end", day)
    number = fields.need("number", text)
    return fields.made(lambda: PoNumber(Period(start, end), number))


def _plain_pos(numbers: tuple[PoNumber, ...]) -> list[dict[str, object]]:
    return [plain_po(dated) for dated in numbers]


def plain_po(dated: PoNumber) -> dict[str, object]:
    """The purchase order of some days, in its notation."""
    return plain_period(dated.period) | {"number": dated.number}
