"""Tallies: how much of an allowance is used, as the server said and as was reported since.

Three parts. `base` is the server's own number. `expected` is what that number is to be once the
server has what was sent: kept until a snapshot shows as much, for whether a snapshot that comes
meanwhile holds what was sent is not known. `queued` is what was not sent yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from usance_client.quantity import NOTHING, minus
from usance_client.reports import NO_CHANGE, Change, Report, change_of
from usance_client.rules import Use
from usance_client.snapshot import EVERY_RESOURCE, Allowance
from usance_client.windows import Nanoseconds, Window


@dataclass(slots=True)
class Tally:
    """What is used of one allowance in its window."""

    allowance: Allowance
    window: Window
    base: Decimal
    expected: Decimal | None = None
    queued: Change = NO_CHANGE
    is_rising: bool = True

    @property
    def settled(self) -> Decimal:
        """What the server has or is about to have."""
        if self.expected is None:
            return self.base
        return (max if self.is_rising else min)(self.base, self.expected)

    @property
    def use(self) -> Use:
        """What is used in all, and in which window."""
        return Use(self.queued.after(self.settled), self.window)

    def counts(self, report: Report) -> bool:
        """Whether that report is of this window and of a resource that counts here.

        What one resource is set to makes of a total that is the customer's, only the server knows.
        """
        is_of_a_part = report.is_set and report.resource_id is not None
        return (
            self.window.start <= report.at < self.window.end
            and self.allowance.counts(report.resource_id)
            and not (is_of_a_part and self.allowance.scope == EVERY_RESOURCE)
        )

    def count(self, report: Report) -> None:
        """It was reported just now."""
        if self.counts(report):
            self.queued = self.queued.then(report)

    def send(self, reports: Iterable[Report], left: Iterable[Report]) -> None:
        """These are on their way; `left` are those that are still queued."""
        change = self._change(reports)
        self.expected = change.after(self.settled)
        self.is_rising = self.expected >= self.base
        if self.queued.set_to is None and change.set_to is None:
            self.queued = Change(None, minus(self.queued.plus, change.plus))
        else:
            self.queued = self._change(left)

    def without(self, unanswered: Iterable[Report]) -> Decimal:
        """What is settled but for these, which may have arrived or not, and are sent again."""
        change = self._change(unanswered)
        return self.base if change.set_to is not None else minus(self.settled, change.plus)

    def take_out(self, reports: Iterable[Report]) -> None:
        """The server will never have these."""
        change = self._change(reports)
        if self.expected is not None and change.set_to is None:
            self.expected = minus(self.expected, change.plus)
        else:
            self.expected = None

    def told(self, old: Tally, *, is_settling: bool, is_exact: bool) -> None:
        """Take over from the one before what this, the server's news, may not hold yet.

        `is_settling`: nothing is on its way. `is_exact`: nor was when the server was asked.
        """
        if is_exact or old.expected is None:
            return
        is_shown = self.base >= old.expected if old.is_rising else self.base <= old.expected
        if not (is_settling and is_shown):
            self.expected, self.is_rising = old.expected, old.is_rising

    def roll(self, now: Nanoseconds, queued: Iterable[Report]) -> None:
        """Go on to the window of that instant, if this one is over; usage counts from zero."""
        if now < self.window.end or self.allowance.reset is None:
            return
        self.window = self.allowance.reset.window_at(now)
        self.base, self.expected = NOTHING, None
        self.queued = self._change(queued)

    def _change(self, reports: Iterable[Report]) -> Change:
        return change_of(report for report in reports if self.counts(report))


def tally_of(allowance: Allowance, now: Nanoseconds, queued: Iterable[Report]) -> Tally:
    """What the server counted, in the window of that instant, and what is queued on top."""
    tally = Tally(allowance, allowance.window, allowance.used)
    reports = list(queued)
    tally.queued = change_of(report for report in reports if tally.counts(report))
    tally.roll(now, reports)
    return tally


def is_same_count(one: Tally, other: Tally) -> bool:
    """Whether both count the same usage in the same window."""
    return one.window == other.window and one.allowance.scope == other.allowance.scope
