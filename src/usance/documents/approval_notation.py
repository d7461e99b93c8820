"""Approval rules in their notation, and back.

For every currency, `approval_rules_from(plain_approval_rules(rules, of=of), "", of=of) == rules`.
A contract has one currency, so its amounts are bare (`"5000.00"`); a legal entity, which bills in
several, names each (`{EUR: "5000.00", USD: "6000.00"}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from usance.documents.plain import (
    Fields,
    Reader,
    amount,
    currency,
    given,
    number,
    raise_all,
    refusal,
    shown,
    truth,
)
from usance.domain.approval_rules import ApprovalRules, Limits
from usance.domain.errors import Invalid, Problem
from usance.domain.money import Currency, Money

MOST_CURRENCIES = 50


def approval_rules_from(plain: object, path: str, *, of: Currency | None = None) -> ApprovalRules:
    """`{reviewAbove, fourEyesAbove, changePercent, firstInvoice, alwaysReview, separateDuties}`.

    `of`: the contract's currency; None for a legal entity. Raises Invalid with every problem.
    """
    fields = Fields(plain, path)
    limits: Reader[Limits] = limits_by_currency if of is None else partial(_in_one, of=of)
    review_above = fields.take("reviewAbove", limits, ())
    four_eyes_above = fields.take("fourEyesAbove", limits, ())
    change_percent = fields.take("changePercent", number, None)
    first_invoice = fields.take("firstInvoice", truth, default=False)
    always_review = fields.take("alwaysReview", truth, default=False)
    separate_duties = fields.take("separateDuties", truth, default=False)
    return fields.made(
        lambda: ApprovalRules(
            review_above=review_above,
            four_eyes_above=four_eyes_above,
            change_percent=change_percent,
            first_invoice=first_invoice,
            always_review=always_review,
            separate_duties=separate_duties,
        )
    )


def plain_approval_rules(rules: ApprovalRules, *, of: Currency | None = None) -> dict[str, object]:
    """The rules in their notation; what they do not ask for is left out."""
    percent = rules.change_percent
    return given(
        reviewAbove=_plain(rules.review_above, of),
        fourEyesAbove=_plain(rules.four_eyes_above, of),
        changePercent=None if percent is None else f"{percent:f}",
        firstInvoice=rules.first_invoice or None,
        alwaysReview=rules.always_review or None,
        separateDuties=rules.separate_duties or None,
    )


def _in_one(value: object, path: str, *, of: Currency) -> Limits:
    return (amount(of)(value, path),)


def limits_by_currency(value: object, path: str) -> Limits:
    """Amounts by currency, as `{EUR: "5000.00"}`. Raises Invalid with every problem."""
    if not isinstance(value, Mapping):
        raise refusal("WrongType", path, value, 'amounts by currency, as {EUR: "5000.00"}')
    if len(value) > MOST_CURRENCIES:
        raise refusal("TooMany", path, f"{len(value)} of them", f"at most {MOST_CURRENCIES}")
    limits: list[Money] = []
    problems: list[Problem] = []
    for code, written in value.items():
        where = f"{path}.{shown(code)}"
        try:
            limits.append(amount(currency(code, where))(written, where))
        except Invalid as refused:
            problems += refused.problems
    raise_all(problems)
    return tuple(sorted(limits, key=lambda limit: limit.currency.code))


def _plain(limits: Limits, of: Currency | None) -> object:
    if of is None:
        return {limit.currency.code: limit.text for limit in limits}
    return next((limit.text for limit in limits if limit.currency == of), None)
