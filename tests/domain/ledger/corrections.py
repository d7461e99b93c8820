"""Building blocks of the ledger's tests: credit notes, refunds, late fees and write-offs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from tests.domain.ledger.books import ACME, EIGHT, SHOP, TODAY, eur, issued
from usance.domain.ids import AllocationId, InvoiceId, RefundId, WriteOffId
from usance.domain.invoicing.ad_hoc import LATE_PAYMENT
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit, credit
from usance.domain.invoicing.invoice import Approved, Issued
from usance.domain.money import Money
from usance.domain.payments.payment import Allocation, Basis
from usance.domain.payments.refund import Refund
from usance.domain.payments.write_off import WriteOff, WriteOffKind


def credit_note(note_id: str, source: Issued, amount: str) -> Issued:
    """An issued goodwill credit of so much of the first line of an invoice."""
    wish = CreditWish(reason=CreditReason.GOODWILL, lines=(LineCredit(1, eur(amount)),))
    draft = credit(source, {}, wish, invoice_id=InvoiceId(note_id), on=TODAY)
    approved = Approved(draft, EIGHT, "test")
    return Issued(approved=approved, number=f"CN-{note_id}", issued_on=TODAY, due_on=TODAY)


def late_fee(amount: str) -> Issued:
    """An issued late fee."""
    made = issued("inv_late", [(eur(amount).minor, 0)])
    lines = tuple(structs.replace(line, treatment=LATE_PAYMENT) for line in made.draft.lines)
    rows = tuple(
        structs.replace(row, category=LATE_PAYMENT.category, percent=Decimal(0))
        for row in made.draft.taxes
    )
    draft = replace(made.draft, lines=lines, taxes=rows)
    return replace(made, approved=Approved(draft, EIGHT, "test"))


def credit_allocation(amount: Money, *, invoice_id: str = "inv_late") -> Allocation:
    """Of credit note `cn_1`, to that invoice."""
    return Allocation(
        id=AllocationId("alc_cn"),
        credit_note_id=InvoiceId("cn_1"),
        invoice_id=InvoiceId(invoice_id),
        amount=amount,
        basis=Basis.OLDEST_DUE,
        allocated_on=TODAY,
    )


def refund(amount: str) -> Refund:
    """Promised, of credit note `cn_1`."""
    return Refund(
        id=RefundId("ref_1"),
        customer_id=SHOP,
        legal_entity_id=ACME,
        amount=eur(amount),
        promised_on=TODAY,
        credit_note_id=InvoiceId("cn_1"),
    )


def bad_debt(amount: str, tax: str) -> WriteOff:
    """So much of `inv_4` that will not be paid."""
    return WriteOff(
        id=WriteOffId("wof_1"),
        invoice_id=InvoiceId("inv_4"),
        kind=WriteOffKind.BAD_DEBT,
        amount=eur(amount),
        tax=eur(tax),
        reason="insolvent",
        written_off_on=TODAY,
    )


def bank_fee(amount: str) -> WriteOff:
    """So much of `inv_4` that is not asked for."""
    made = bad_debt(amount, "0.00")
    return replace(made, id=WriteOffId("wof_2"), kind=WriteOffKind.SMALL_DIFFERENCE)
