"""Due items: something priced that falls due on a day, whatever it comes from.

The one thing invoicing knows. Sales-led contract lines and, later, self-serve subscription charges
both become due items, so drafting, consolidation, tax and preview exist once.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct

from usance.domain.calendar import Period
from usance.domain.ids import (
    ContractId,
    CustomerId,
    FeatureId,
    InvoiceId,
    LegalEntityId,
    LineId,
)
from usance.domain.metering.totals import WHOLE, Detail
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Pricing


class LineKind(StrEnum):
    """What a line is for; it decides when it falls due and where its quantity comes from."""

    RECURRING = "RECURRING"  # flat or per seat, each billing period
    USAGE = "USAGE"  # a metered feature, each billing period, in arrears
    ONE_OFF = "ONE_OFF"  # once, on its day
    MILESTONE = "MILESTONE"  # once, when something is reached
    COMMITMENT = "COMMITMENT"  # what covered lines lack of an agreed minimum, in arrears
    PREPAID = "PREPAID"  # bought in advance, drawn down by the usage of covered lines

    @property
    def is_once(self) -> bool:
        """True when it falls due once, not each period."""
        return self in (LineKind.ONE_OFF, LineKind.MILESTONE)


class Grouping(NamedTuple):
    """What due items must agree in, beside customer, entity, currency and day, to share a draft."""

    payment_terms: PaymentTerms
    po_number: str
    is_po_required: bool
    alone: str  # names the contract or line that wants an invoice of its own; else empty

    @property
    def key(self) -> str:
        """As text, stable: equal exactly when all that they agree in is.

        Only the PO number, which comes last, may hold a blank.
        """
        required = "required" if self.is_po_required else "optional"
        return f"{self.payment_terms.key} {required} {self.alone} {self.po_number}"


class Source(NamedTuple):
    """A line of an earlier document, counted from 1."""

    invoice_id: InvoiceId
    position: int


class Piece(NamedTuple):
    """Days of a contract line that stand on a document: at which terms, for how much net in minor
    units, on which line. What was given back of them stands no more. `late_on`: the day on which
    their usage turned out to be other than billed.
    """

    line_id: LineId
    start: date
    end: date
    terms_key: str
    net_minor: int
    source: Source
    late_on: date | None = None


class GivenBack(NamedTuple):
    """Days of a piece that stand no longer, and what they were billed for, in minor units."""

    piece: Piece
    period: Period
    net_minor: int


class Raised(NamedTuple):
    """A rise its price took: from which day, times what; by which index, of which months."""

    on: date
    factor: str  # exactly, as a fraction or a decimal
    series: str = ""  # the price index, if it follows one
    of: date | None = None
    against: date | None = None
    change: str = ""  # of the index, in percent, to four places


class UsedBy(NamedTuple):
    """Whose usage is counted, where that is not who buys; None: of all of its resources."""

    customer_id: CustomerId
    resource_id: str | None = None


class CountedSlice(NamedTuple):
    """Usage of a feature in a service period, as some other item's amount needs it."""

    line_id: LineId
    feature_id: FeatureId
    service_period: Period
    detail: Detail = WHOLE
    used_by: UsedBy | None = None  # None: by who buys it

    @property
    def key(self) -> tuple[LineId, date]:
        """As the counts are looked up."""
        return self.line_id, self.service_period.start


class Fund(NamedTuple):
    """Prepaid for usage from `start` up to, not including, `expires_on`; minor units.

    What is left at `ends_on` is carried over to `expires_on` only as far as `carried_percent`.
    """

    start: date
    ends_on: date
    expires_on: date
    minor: int
    carried_percent: Decimal
    payer: LineId  # the line it was bought by


class DueItem(Struct, frozen=True, kw_only=True, gc=False):
    """What, for which service period, priced how, quantity from where, payable when.

    `quantity` None: counted from usage of `feature_id` in the service period. `share` is how many
    whole price periods the service period holds, exactly: 1, 10/31, 12. Days are the legal
    entity's. `coverage` are the days of its line it settles (its service period, but for what is
    due by a plan of dates); `terms_key` names the terms it is billed at.

    `used_by`: whose usage is counted, where it is not the customer's.
    `is_po_expired`: its contract has purchase orders, but none for its first day.
    `raised`: the rises its price took since it was agreed.

    `fixed_minor`: the net amount is known already and not rated. `gives_back`: it gives back what
    an earlier document billed; `replaces`: what it is rated at stands in the place of pieces whose
    amounts come off it. `before`: usage counted earlier in the same tier scope. `covered`: what a
    commitment tops up; `earlier`: its steps before, in the same period. `funds` and `drawn_by`:
    what was prepaid for it, and the items that drew from that before it.
    """

    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    contract_id: ContractId
    line_id: LineId
    position: int  # among the lines of its contract
    line_ref: str
    order_ref: str
    kind: LineKind
    description: str
    unit: str
    due_on: date
    service_period: Period
    share: Fraction
    pricing: Pricing
    quantity: Decimal | None
    feature_id: FeatureId | None
    tax_code: str
    grouping: Grouping
    used_by: UsedBy | None = None
    terms_key: str = ""
    coverage: Period | None = None
    is_tax_inclusive: bool = False
    is_provisional: bool = False
    is_po_expired: bool = False
    raised: tuple[Raised, ...] = ()
    fixed_minor: int | None = None
    gives_back: GivenBack | None = None
    replaces: tuple[GivenBack, ...] = ()
    before: tuple[CountedSlice, ...] = ()
    covered: tuple[DueItem, ...] = ()
    earlier: tuple[DueItem, ...] = ()
    funds: tuple[Fund, ...] = ()
    drawn_by: tuple[DueItem, ...] = ()

    @property
    def is_usage(self) -> bool:
        """True when its quantity is counted, not agreed."""
        return self.kind is LineKind.USAGE

    @property
    def key(self) -> tuple[LineId, date]:
        """Which slice it is: no line has two that start on one day."""
        return self.line_id, self.service_period.start

    @property
    def gone(self) -> tuple[GivenBack, ...]:
        """The days of pieces that stand no longer once it is billed."""
        return self.replaces if self.gives_back is None else (self.gives_back,)

    @property
    def covers(self) -> Period:
        """The days of its line that it settles."""
        return self.service_period if self.coverage is None else self.coverage
