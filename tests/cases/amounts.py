"""Amounts as cases of several steps write them: whole cents as integers, or decimal text.

Cents are amounts of a currency without smaller units, so that nothing has to be converted.
"""

from __future__ import annotations

from typing import Any

from tests.cases.values import Case
from usance.domain.money import Currency, Money

CENTS = Currency("XXX", 0)


def currency_of(case: Case, plain: Any) -> Currency:
    """Cents where the amount is an integer, else the case's currency."""
    return CENTS if isinstance(plain, int) else case.currency


def money(case: Case, plain: Any) -> Money:
    """The amount, in cents or in the case's currency."""
    return Money.parse(str(plain), currency_of(case, plain))
