"""Payment terms: on which day an invoice falls due, counted from the day it is issued.

Owns: the ways of counting that contracts name, their bounds, their stable key.
Does not own: which terms a contract has (contracts), what happens when a due day passes.

Always true:
- an invoice is due on or after the day it is issued;
- two terms have one key exactly when they are the same.

"30 days end of month" and "end of month plus 30 days" differ: issued on 31 January 2025 the first
is due on 31 March (2 March, then to the end of that month), the second on 2 March.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from usance.domain.calendar import month_after
from usance.domain.errors import Problem, refuse_if

MAX_DAYS = 365
MAX_MONTHS = 12


class DueRule(StrEnum):
    """How the due day is counted."""

    NET = "NET"  # so many days after issue
    END_OF_MONTH_PLUS = "END_OF_MONTH_PLUS"  # the end of the month of issue, then so many days
    NET_END_OF_MONTH = "NET_END_OF_MONTH"  # so many days, then to the end of the month they reach
    DAY_OF_MONTH = "DAY_OF_MONTH"  # a fixed day of a month to come


# What the notation calls the number of each rule.
FIELDS = {
    DueRule.NET: "netDays",
    DueRule.END_OF_MONTH_PLUS: "endOfMonthPlus",
    DueRule.NET_END_OF_MONTH: "netEndOfMonth",
    DueRule.DAY_OF_MONTH: "dayOfMonth",
}


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """PaymentTerms(30) is net 30: the whole amount is due 30 days after issue.

    `count` is a number of days, or the day of the month; `months_ahead` belongs to the latter: 1 is
    the month after that of issue. A month too short for the day gives its last day.
    """

    count: int
    rule: DueRule = DueRule.NET
    months_ahead: int = 1

    def __post_init__(self) -> None:
        refuse_if(list(self._problems()))

    @property
    def net_days(self) -> int | None:
        """The days after issue, where nothing but days counts."""
        return self.count if self.rule is DueRule.NET else None

    @property
    def key(self) -> str:
        """As text without blanks, stable: what drafts that share a document agree in."""
        if self.rule is DueRule.DAY_OF_MONTH:
            return f"{self.rule}:{self.count}:{self.months_ahead}"
        return f"{self.rule}:{self.count}"

    def due_on(self, issued_on: date) -> date:
        """The day an invoice issued on that day falls due, in the same zone."""
        if self.rule is DueRule.DAY_OF_MONTH:
            month = month_after(issued_on.replace(day=1), self.months_ahead)
            return month.replace(day=min(self.count, month_end(month).day))
        days = timedelta(days=self.count)
        if self.rule is DueRule.END_OF_MONTH_PLUS:
            return month_end(issued_on) + days
        due_on = issued_on + days
        return due_on if self.rule is DueRule.NET else month_end(due_on)

    def _problems(self) -> Iterator[Problem]:
        code, path = "InvalidPaymentTerms", FIELDS[self.rule]
        is_day = self.rule is DueRule.DAY_OF_MONTH
        least, most = (1, 31) if is_day else (0, MAX_DAYS)
        if not least <= self.count <= most:
            what = "a day of the month" if is_day else "a whole number of days"
            yield Problem(code, path, str(self.count), f"{what} from {least} to {most}")
        # The month of issue itself is no choice: its day may have passed already.
        if not 1 <= self.months_ahead <= (MAX_MONTHS if is_day else 1):
            expected = f"1 to {MAX_MONTHS} months after that of issue, with a dayOfMonth"
            yield Problem(code, "monthsAhead", str(self.months_ahead), expected)


NET_30 = PaymentTerms(30)  # where nothing else was agreed


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])
