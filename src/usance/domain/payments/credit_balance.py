"""What an issued credit note is still worth, and what becomes of it: applied, kept or refunded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from usance.domain.ids import AllocationId, CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import Disposition, DocumentType, Issued
from usance.domain.money import Money
from usance.domain.payments.allocating import OpenItem, Share, by_age, fill
from usance.domain.payments.payment import Allocation, Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditBalance:
    """An issued credit note, and how much of it is used: `amount` is above zero."""

    credit_note_id: InvoiceId
    number: str
    issued_on: date
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    amount: Money
    allocated: Money
    refunded: Money

    def __post_init__(self) -> None:
        assert not self.left.is_negative, "no more is used than was credited"

    @property
    def left(self) -> Money:
        """What the customer has with us of it."""
        return self.amount - self.allocated - self.refunded

    @property
    def remittance(self) -> str:
        """A credit note names its invoices by its lines, not by words."""
        return ""


def balance_of(issued: Issued) -> CreditBalance:
    """A credit note at the moment it is issued: nothing of it is used."""
    draft = issued.draft
    assert draft.type is DocumentType.CREDIT_NOTE, "only a credit note gives back"
    return CreditBalance(
        credit_note_id=draft.id,
        number=issued.number,
        issued_on=issued.issued_on,
        customer_id=draft.customer_id,
        legal_entity_id=draft.legal_entity_id,
        amount=-draft.gross,
        allocated=Money.zero(draft.currency),
        refunded=Money.zero(draft.currency),
    )


def apply_at_issue(
    issued: Issued, items: Sequence[OpenItem], *, is_automatic: bool
) -> tuple[Share, ...]:
    """Where a credit note goes at once: by its disposition, and by whether credit pays by itself.

    APPLY: to the invoices its lines refer to, the oldest due first; what is left then, where credit
    is applied automatically, to the customer's others. `items`: all that are open.
    """
    if issued.draft.disposition not in (None, Disposition.APPLY):
        return ()
    left = -issued.draft.gross
    sources = set(issued.draft.sources)
    open_items = sorted(items, key=by_age)
    own = fill(left, [item for item in open_items if item.invoice_id in sources], Basis.SOURCE)
    for share in own:
        left -= share.amount
    if not is_automatic:
        return own
    others = [item for item in open_items if item.invoice_id not in sources]
    return own + fill(left, others, Basis.OLDEST_DUE)


def spread(amounts: Sequence[Money], items: Sequence[OpenItem]) -> list[tuple[Share, ...]]:
    """Several credits, one after the other, on what is open, the oldest due first: the shares of
    each credit.
    """
    left = {item.invoice_id: item for item in sorted(items, key=by_age)}
    made = []
    for amount in amounts:
        shares = fill(amount, list(left.values()), Basis.OLDEST_DUE)
        for share in shares:
            item = left[share.invoice_id]
            left[share.invoice_id] = replace(item, allocated=item.allocated + share.amount)
        made.append(shares)
    return made


def as_credit_allocations(
    shares: Sequence[Share], credit_note_id: InvoiceId, *, ids: Sequence[AllocationId], on: date
) -> tuple[Allocation, ...]:
    """The shares of a credit note as rows, one id each; `on` is a day of the legal entity."""
    return tuple(
        Allocation(
            id=allocation_id,
            credit_note_id=credit_note_id,
            invoice_id=share.invoice_id,
            amount=share.amount,
            basis=share.basis,
            allocated_on=on,
        )
        for share, allocation_id in zip(shares, ids, strict=True)
    )
