"""Due items: something priced that falls due on a day, whatever it comes from.

The one thing invoicing knows. Sales-led contract lines and, later, self-serve subscription charges
both become due items, so drafting, consolidation, tax and preview exist once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from usance.domain.calendar import Period
from usance.domain.ids import ContractId, FeatureId, LineId
from usance.domain.legal_entity import PaymentTerms
from usance.domain.rating.prices import Pricing


class LineKind(StrEnum):
    """What a line is for; it decides when it falls due and where its quantity comes from."""

    RECURRING = "RECURRING"  # flat or per seat, each billing period
    USAGE = "USAGE"  # a metered feature, each billing period, in arrears
    ONE_OFF = "ONE_OFF"  # once, on its day
    MILESTONE = "MILESTONE"  # once, when something is reached

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
        return f"{self.payment_terms.net_days} {required} {self.alone} {self.po_number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueItem:
    """What, for which service period, priced how, quantity from where, payable when.

    `quantity` None: counted from usage of `feature_id` in the service period. `share` is how many
    whole price periods the service period holds, exactly: 1, 10/31, 12. Days are the legal
    entity's.
    """

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

    @property
    def is_usage(self) -> bool:
        """True when its quantity is counted, not agreed."""
        return self.kind is LineKind.USAGE

    @property
    def key(self) -> tuple[LineId, date]:
        """Which slice it is: no line has two that start on one day."""
        return self.line_id, self.service_period.start
