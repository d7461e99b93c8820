"""Receivables policy: what a legal entity does about credit, small differences and late payment.

Owns: whether customer credit pays invoices by itself, tolerances, the terms of late fees.
Does not own: what is open on an invoice (payments), the lines of a late fee (invoicing).

Always true:
- the recovery fee of a debt never falls as the debt grows.

Late interest is simple: principal x percent x days / 365, from the day after the due day to the day
of payment, whatever the year has. Sources: finance.md section 10; UK Late Payment of Commercial
Debts (Interest) Act 1998, section 5A; EU directive 2011/7, article 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.domain.errors import Problem, refuse_if
from usance.domain.money import Money, currency

MOST_PERCENT = Decimal(100)
MOST_GRACE_DAYS = 365


def _one_a_currency(amounts: tuple[Money, ...], path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for amount in amounts:
        if amount.minor < 0:
            yield Problem("NegativeAmount", path, amount.text, "zero or more")
        if amount.currency.code in seen:
            yield Problem("DuplicateCurrency", path, amount.currency.code, "one amount a currency")
        seen.add(amount.currency.code)


class CreditApplication(StrEnum):
    """Whether customer credit pays the next invoice by itself, the oldest due first."""

    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"


class Recovery(StrEnum):
    """The fixed sum the law gives for recovering a late debt."""

    EU = "EU"
    UK = "UK"


# By what is owed, in major units: from so much on, so much.
RECOVERY_SUMS = {
    Recovery.EU: ("EUR", ((0, 40),)),
    Recovery.UK: ("GBP", ((0, 40), (1000, 70), (10000, 100))),
}


@dataclass(frozen=True, slots=True)
class InterestRate:
    """So many percent a year from that day on, base rate and margin together."""

    percent: Decimal
    valid_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeePolicy:
    """What is charged for paying late; what is not given is not charged.

    `fixed`: once an invoice, at most one amount a currency. `recovery`: the statutory sum, once an
    invoice. `monthly_percent`: of what is open, for each full month it is late. `interest`: a
    year's rates by the day they hold from. Nothing is charged before it is `grace_days` late.
    Raises Invalid.
    """

    grace_days: int = 0
    fixed: tuple[Money, ...] = ()
    recovery: Recovery | None = None
    monthly_percent: Decimal | None = None
    interest: tuple[InterestRate, ...] = ()

    def __post_init__(self) -> None:
        refuse_if(list(self._problems()))

    def _problems(self) -> Iterator[Problem]:
        if not 0 <= self.grace_days <= MOST_GRACE_DAYS:
            expected = f"a whole number of days from 0 to {MOST_GRACE_DAYS}"
            yield Problem("InvalidGraceDays", "graceDays", str(self.grace_days), expected)
        yield from _one_a_currency(self.fixed, "fixed")
        rates = [("interest", each.percent) for each in self.interest]
        if self.monthly_percent is not None:
            rates.append(("monthlyPercent", self.monthly_percent))
        for path, percent in rates:
            if not 0 <= percent <= MOST_PERCENT:
                yield Problem("InvalidPercent", path, f"{percent:f}", "a percentage from 0 to 100")
        days = [each.valid_from for each in self.interest]
        if days != sorted(set(days)):
            expected = "rates by the day they hold from, one a day"
            yield Problem("RatesOutOfOrder", "interest", "", expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivablesPolicy:
    """`tolerances`: differences not asked for, at most one amount a currency. Raises Invalid."""

    credit_application: CreditApplication = CreditApplication.AUTOMATIC
    tolerances: tuple[Money, ...] = ()
    late_fees: LateFeePolicy | None = None

    def __post_init__(self) -> None:
        refuse_if(list(_one_a_currency(self.tolerances, "tolerances")))


BY_DEFAULT = ReceivablesPolicy()


def recovery_fee(recovery: Recovery, owed: Money) -> Money | None:
    """The statutory sum for a debt of that size; None in another currency than the law's."""
    code, bands = RECOVERY_SUMS[recovery]
    if owed.currency != currency(code) or owed.minor <= 0:
        return None
    unit = 10**owed.currency.digits
    fitting = [fee for above, fee in bands if owed.minor >= above * unit]
    return Money(max(fitting) * unit, owed.currency)
