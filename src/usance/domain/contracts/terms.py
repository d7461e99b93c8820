"""Terms: what holds for a contract as a whole, beside its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.domain.approval_rules import ApprovalRules
from usance.domain.calendar import Period
from usance.domain.contracts.uplift import Uplift
from usance.domain.errors import Problem, refuse_if
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.money import Money
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Discount
from usance.domain.rating.proration import Proration

MAX_HOLD_DAYS = 90
MAX_LATE_DAYS = 400


class Corrections(StrEnum):
    """How days that were billed, and no longer should be, are given back."""

    NEXT_INVOICE = "NEXT_INVOICE"  # as lines of the next invoice; a credit note when none follows
    NEXT_PERIOD = "NEXT_PERIOD"  # so is what is charged anew: all waits for the next invoice
    CREDIT_NOTE = "CREDIT_NOTE"  # at once


class LateUsage(StrEnum):
    """What becomes of usage that arrives after its invoice was approved."""

    NEXT_INVOICE = "NEXT_INVOICE"  # rolls into the next period, as a line naming the old window
    REBILL = "REBILL"  # the window is credited and billed anew
    IGNORE = "IGNORE"  # is shown and not billed


class Refund(StrEnum):
    """What of the time paid for and not used a termination gives back."""

    PRO_RATA = "PRO_RATA"
    NONE = "NONE"  # the billing period begun is due in full


class Scope(StrEnum):
    """Over which time tiers and included units count."""

    PERIOD = "PERIOD"  # anew in each billing period
    TERM = "TERM"  # through the whole service window


@dataclass(frozen=True, slots=True)
class PoNumber:
    """The purchase order that service of those days is billed under."""

    period: Period
    number: str


@dataclass(frozen=True, slots=True)
class DatedDiscount:
    """Off every recurring and metered line for the days of `period`; None: throughout."""

    discount: Discount
    period: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalTerms:
    """What happens at the end of the term when nobody says anything.

    Automatic: it goes on for `months`, unless notice was given `notice_days` before the end.
    `uplift` applies to what goes on, on the day the new term begins.
    """

    is_automatic: bool = False
    months: int = 12
    notice_days: int = 0
    uplift: Uplift | None = None

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= self.months <= 1200:
            expected = "a whole number from 1 to 1200"
            problems.append(Problem("InvalidMonths", "months", str(self.months), expected))
        if not 0 <= self.notice_days <= 730:
            expected = "a whole number of days from 0 to 730"
            problems.append(Problem("InvalidNotice", "noticeDays", str(self.notice_days), expected))
        refuse_if(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """What holds for the whole contract.

    `po_number` is billed under where no number of `po_numbers` has the day. `usage_hold_days`: how
    long after a usage period its invoice waits for late events; `late_usage_days`: how long after
    that events still change what was billed. `approve_under`: drafts of at most this gross without
    findings need no reviewer; None: all do. `uplift` applies on each anniversary of the term's
    start.
    """

    payment_terms: PaymentTerms
    po_number: str = ""
    po_numbers: tuple[PoNumber, ...] = ()
    is_po_required: bool = False
    usage_hold_days: int = 0
    late_usage: LateUsage = LateUsage.NEXT_INVOICE
    late_usage_days: int = 90
    approve_under: Money | None = None
    is_consolidated: bool = True
    proration: Proration = Proration.DAYS
    corrections: Corrections = Corrections.NEXT_INVOICE
    uplift: Uplift | None = None
    renewal: RenewalTerms | None = None
    review: ApprovalRules | None = None

    def __post_init__(self) -> None:
        refuse_if(list(self._problems()))

    def _problems(self) -> Iterator[Problem]:
        if not 0 <= self.usage_hold_days <= MAX_HOLD_DAYS:
            expected = f"a whole number of days from 0 to {MAX_HOLD_DAYS}"
            yield Problem("InvalidUsageHold", "usageHoldDays", str(self.usage_hold_days), expected)
        if not 0 <= self.late_usage_days <= MAX_LATE_DAYS:
            expected = f"a whole number of days from 0 to {MAX_LATE_DAYS}"
            yield Problem("InvalidLateUsage", "lateUsageDays", str(self.late_usage_days), expected)

    def po_on(self, day: date) -> str:
        """The purchase order number for service that begins on that day; empty: none."""
        if not self.po_numbers:
            return self.po_number
        dated = (po.number for po in self.po_numbers if day in po.period)
        return next(dated, self.po_number)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsChange:
    """What an order changes about the contract as a whole; None: stays as it is."""

    payment_terms: PaymentTerms | None = None
    po_number: str | None = None
    po_numbers: tuple[PoNumber, ...] | None = None
    usage_hold_days: int | None = None
    late_usage: LateUsage | None = None
    corrections: Corrections | None = None
    renewal: RenewalTerms | None = None
    uplift: Uplift | None = None

    @property
    def named(self) -> dict[str, object]:
        """The fields of ContractTerms it changes, and to what."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in every.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyChange:
    """Who buys or who sells from a day on: an assignment, another legal entity; None: the same."""

    customer_id: CustomerId | None = None
    legal_entity_id: LegalEntityId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Termination:
    """How a contract ends before its term does: what is given back, and what it costs.

    The fee is an amount, or a percentage of the committed fees that will not be billed any more.
    `is_for_cause` is kept for the record; what it means for money is said by the others.
    """

    refund: Refund = Refund.NONE
    fee: Money | None = None
    fee_percent: Decimal | None = None
    is_for_cause: bool = False

    def __post_init__(self) -> None:
        problems = []
        if self.fee is not None and self.fee_percent is not None:
            expected = "an amount or a percentage, not both"
            problems.append(Problem("AmbiguousFee", "fee", self.fee.text, expected))
        if self.fee is not None and self.fee.is_negative:
            problems.append(Problem("NegativeFee", "fee.amount", self.fee.text, "zero or more"))
        if self.fee_percent is not None and not 0 <= self.fee_percent <= 100:
            value = f"{self.fee_percent:f}"
            problems.append(Problem("InvalidFee", "fee.percent", value, "0 to 100"))
        refuse_if(problems)
