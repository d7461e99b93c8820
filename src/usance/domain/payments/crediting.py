"""Customer credit: an over-payment the customer agreed to leave with us, and its release."""

from __future__ import annotations

from collections.abc import Iterator

from usance.domain.errors import Problem, refuse_if
from usance.domain.money import Money
from usance.domain.payments.payment import PaymentBalance


def credit_to_keep(balance: PaymentBalance, amount: Money | None) -> Money:
    """How much of what is left is kept as credit: `amount`, or all of it.

    Raises Invalid: OtherCurrency, AmountNotPositive, MoreThanLeft.
    """
    wanted = balance.left if amount is None else amount
    limit = "what is left of the payment"
    refuse_if(list(_problems(wanted, balance.left, code="MoreThanLeft", limit=limit)))
    return wanted


def credit_to_release(balance: PaymentBalance, amount: Money | None) -> Money:
    """How much of the credit is released, to be allocated or paid back: `amount`, or all of it.

    Raises Invalid: OtherCurrency, AmountNotPositive, MoreThanKept.
    """
    wanted = balance.kept if amount is None else amount
    limit = "what is kept of the payment"
    refuse_if(list(_problems(wanted, balance.kept, code="MoreThanKept", limit=limit)))
    return wanted


def _problems(wanted: Money, most: Money, *, code: str, limit: str) -> Iterator[Problem]:
    if wanted.currency != most.currency:
        expected = f"an amount in {most.currency}, the currency of the payment"
        yield Problem("OtherCurrency", "amount", str(wanted), expected)
    elif wanted.minor <= 0:
        expected = f"more than zero, at most {most.text}, {limit}"
        yield Problem("AmountNotPositive", "amount", wanted.text, expected)
    elif most < wanted:
        yield Problem(code, "amount", wanted.text, f"at most {most.text}, {limit}")
