"""Approval rules: when a draft needs a reviewer, and when it needs two.

Owns: the rules as a legal entity or a contract states them, and whether a limit is passed.
Does not own: what they ask of one draft (invoicing.review), who approved it (store).

Always true:
- a currency without a limit, where limits are given, is limited to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from usance.domain.errors import Invalid, Problem
from usance.domain.money import Money

MOST_PERCENT = Decimal(1000)

Limits = tuple[Money, ...]  # at most one a currency; gross amounts


def _check_limits(limits: Limits, path: str) -> None:
    seen = set()
    for limit in limits:
        if limit.is_negative:
            raise Invalid(Problem("NegativeAmount", path, limit.text, "an amount of zero or more"))
        if limit.currency.code in seen:
            expected = "one amount a currency"
            raise Invalid(Problem("DuplicateCurrency", path, limit.currency.code, expected))
        seen.add(limit.currency.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRules:
    """What a legal entity, or a contract, asks of those who approve. By default nothing more.

    `review_above` and `four_eyes_above`: gross amounts above which a reviewer, or a second one,
    is needed. `change_percent`: how far the total may be off the previous invoice of the same
    kind before that is pointed out and needs a reviewer. `first_invoice`, `always_review`: a
    contract's first, or every, invoice needs a reviewer. `separate_duties`: whoever entered or
    changed the order is not the only one to approve.
    """

    review_above: Limits = ()
    four_eyes_above: Limits = ()
    change_percent: Decimal | None = None
    first_invoice: bool = False
    always_review: bool = False
    separate_duties: bool = False

    def __post_init__(self) -> None:
        _check_limits(self.review_above, "reviewAbove")
        _check_limits(self.four_eyes_above, "fourEyesAbove")
        percent = self.change_percent
        if percent is not None and not 0 <= percent <= MOST_PERCENT:
            expected = f"a percentage from 0 to {MOST_PERCENT}"
            raise Invalid(Problem("InvalidPercent", "changePercent", f"{percent:f}", expected))


NO_RULES = ApprovalRules()


def is_above(gross: Money, limits: Limits) -> bool:
    """True where limits are given and `gross` is above the one in its currency.

    A currency without one is limited to nothing: whoever forgot it is asked, not passed over.
    """
    if not limits:
        return False
    return all(gross > limit for limit in limits if limit.currency == gross.currency)
