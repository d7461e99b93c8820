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
    return amount_within(
        amount, balance.left, code="MoreThanLeft", limit="what is left of the payment"
    )


def credit_to_release(balance: PaymentBalance, amount: Money | None) -> Money:
    """How much of the credit is released, to be allocated or paid back: `amount`, or all of it.

    Raises Invalid: OtherCurrency, AmountNotPositive, MoreThanKept.
    """
    return amount_within(
        amount, balance.kept, code="MoreThanKept", limit="what is kept of the payment"
    )


def amount_within(amount: Money | None, most: Money, *, code: str, limit: str) -> Money:
    """`amount`, or all of `most` for None.

    Raises Invalid: OtherCurrency, AmountNotPositive, and `code` for more than the `limit`, which is
    told in words.
    """
    wanted = most if amount is None else amount
    refuse_if(list(_problems(wanted, most, code=code, limit=limit)))
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
