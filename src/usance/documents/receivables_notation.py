"""The receivables policy of a legal entity in its notation, and back.

`receivables_from(plain_receivables(policy), "") == policy`. Amounts are told by currency, as in
`{EUR: "40.00"}`.
"""

from __future__ import annotations

from decimal import Decimal

from usance.documents.approval_notation import limits_by_currency
from usance.documents.plain import Fields, choice, day, each, given, number, whole
from usance.domain.money import Money
from usance.domain.receivables_policy import (
    CreditApplication,
    InterestRate,
    LateFeePolicy,
    ReceivablesPolicy,
    Recovery,
)

MOST_RATES = 200


def receivables_from(plain: object, path: str) -> ReceivablesPolicy:
    """`{creditApplication, tolerances, lateFees}`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    chosen = fields.take(
        "creditApplication", choice(CreditApplication), CreditApplication.AUTOMATIC
    )
    tolerances = fields.take("tolerances", limits_by_currency, ())
    late_fees = fields.take("lateFees", _late_fees_from, None)
    return fields.made(
        lambda: ReceivablesPolicy(
            credit_application=chosen, tolerances=tolerances, late_fees=late_fees
        )
    )


def plain_receivables(policy: ReceivablesPolicy) -> dict[str, object]:
    """The policy in its notation; what is as by default is left out."""
    is_manual = policy.credit_application is CreditApplication.MANUAL
    fees = policy.late_fees
    return given(
        creditApplication=policy.credit_application.value if is_manual else None,
        tolerances=_plain_amounts(policy.tolerances),
        lateFees=None if fees is None else _plain_late_fees(fees),
    )


def _late_fees_from(plain: object, path: str) -> LateFeePolicy:
    fields = Fields(plain, path)
    grace_days = fields.take("graceDays", whole, 0)
    fixed = fields.take("fixed", limits_by_currency, ())
    recovery = fields.take("recovery", choice(Recovery), None)
    monthly = fields.take("monthlyPercent", number, None)
    interest = fields.take("interest", each(_rate_from, most=MOST_RATES), ())
    return fields.made(
        lambda: LateFeePolicy(
            grace_days=grace_days,
            fixed=fixed,
            recovery=recovery,
            monthly_percent=monthly,
            interest=interest,
        )
    )


def _plain_late_fees(fees: LateFeePolicy) -> dict[str, object]:
    monthly: Decimal | None = fees.monthly_percent
    return given(
        graceDays=fees.grace_days,
        fixed=_plain_amounts(fees.fixed),
        recovery=None if fees.recovery is None else fees.recovery.value,
        monthlyPercent=None if monthly is None else f"{monthly:f}",
        interest=[
            {"percent": f"{rate.percent:f}", "validFrom": rate.valid_from.isoformat()}
            for rate in fees.interest
        ],
    )


def _rate_from(plain: object, path: str) -> InterestRate:
    fields = Fields(plain, path)
    percent, valid_from = fields.need("percent", number), fields.need("validFrom", day)
    return fields.made(lambda: InterestRate(percent, valid_from))


def _plain_amounts(amounts: tuple[Money, ...]) -> dict[str, str]:
    return {amount.currency.code: amount.text for amount in amounts}
