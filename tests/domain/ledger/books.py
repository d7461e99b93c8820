"""Building blocks of the ledger's tests: issued invoices in one line, and a small pure business."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from usance.domain.calendar import Period
from usance.domain.due_items import Grouping, LineKind
from usance.domain.ids import (
    AllocationId,
    CustomerCreditId,
    CustomerId,
    EntryId,
    InvoiceId,
    LegalEntityId,
    PaymentId,
)
from usance.domain.invoicing.invoice import (
    Approved,
    DocumentType,
    Draft,
    InvoiceLine,
    InvoiceStatus,
    Issued,
)
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry
from usance.domain.ledger.postings import (
    entry_for_allocation,
    entry_for_credit,
    entry_for_issue,
    entry_for_payment,
    entry_for_void,
)
from usance.domain.money import Currency, Money, currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.payments.allocating import (
    OpenItem,
    allocate_automatically,
    as_allocations,
    take_back,
)
from usance.domain.payments.payment import Allocation, CustomerCredit, Payment, PaymentBalance
from usance.domain.rating.working import Working
from usance.domain.tax.amounts import TaxedAmount, document_tax
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxTreatment

EUR = currency("EUR")
ACME = LegalEntityId("acme")
SHOP = CustomerId("shop")
TODAY = date(2026, 3, 1)
EIGHT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def eur(text: str) -> Money:
    """An amount as it is written: `eur("10.50")`."""
    return Money.parse(text, EUR)


def issued(
    invoice_id: str, lines: Sequence[tuple[int, int]], *, of: Currency = EUR, on: date = TODAY
) -> Issued:
    """An issued invoice with a line for each (net in minor units, tax percent); net 14 days."""
    treatments = [_treatment(percent) for _, percent in lines]
    nets = [Money(net, of) for net, _ in lines]
    taxed = [TaxedAmount(net, treatment) for net, treatment in zip(nets, treatments, strict=True)]
    taxes, shares = document_tax(taxed, of)
    net = Money(sum(each.minor for each in nets), of)
    tax = Money(sum(row.tax.minor for row in taxes), of)
    draft = Draft(
        id=InvoiceId(invoice_id),
        legal_entity_id=ACME,
        customer_id=SHOP,
        currency=of,
        bill_on=on,
        grouping=Grouping(PaymentTerms(14), po_number="", is_po_required=False, alone=""),
        lines=tuple(_line(*each) for each in zip(nets, treatments, shares, strict=True)),
        taxes=taxes,
        net=net,
        tax=tax,
        gross=net + tax,
        findings=(),
        input_hash="",
        type=DocumentType.of(net + tax),
    )
    due_on = PaymentTerms(14).due_on(on)
    approved = Approved(draft, EIGHT, "test")
    return Issued(approved=approved, number=f"N-{invoice_id}", issued_on=on, due_on=due_on)


def payment(amount: Money, *, payment_id: str = "pay_1", remittance: str = "") -> Payment:
    """Money that arrived today."""
    return Payment(
        id=PaymentId(payment_id),
        legal_entity_id=ACME,
        customer_id=SHOP,
        amount=amount,
        received_on=TODAY,
        remittance=remittance,
    )


def allocation(
    amount: Money, *, invoice_id: str = "inv_1", allocation_id: str = "alc_1"
) -> Allocation:
    """Of payment `pay_1`, to that invoice."""
    item = open_item(invoice_id, amount)
    (share,) = allocate_automatically(payment(amount), amount, [item])
    (made,) = as_allocations([share], payment(amount), ids=[AllocationId(allocation_id)], on=TODAY)
    return made


def credit(amount: str) -> CustomerCredit:
    """Kept of payment `pay_1`, or released, below zero."""
    return CustomerCredit(
        id=CustomerCreditId("ccr_1"),
        payment_id=PaymentId("pay_1"),
        amount=eur(amount),
        kept_on=TODAY,
    )


def open_item(
    invoice_id: str, gross: Money, *, allocated: int = 0, due_on: date = TODAY, number: str = ""
) -> OpenItem:
    """An issued invoice of the shop, as a payment sees it."""
    return OpenItem(
        invoice_id=InvoiceId(invoice_id),
        status=InvoiceStatus.ISSUED,
        number=number or f"N-{invoice_id}",
        due_on=due_on,
        legal_entity_id=ACME,
        customer_id=SHOP,
        gross=gross,
        allocated=Money(allocated, gross.currency),
    )


@dataclass
class Books:
    """A business without a database: what happens to it, booked by the rules alone."""

    invoices: dict[InvoiceId, Issued] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)
    credits: list[CustomerCredit] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def issue(self, lines: Sequence[tuple[int, int]]) -> None:
        """An invoice with those lines."""
        made = issued(f"inv_{next(self._numbers)}", lines)
        self.invoices[made.draft.id] = made
        self._book(entry_for_issue(made, entry_id=self._entry_id()))

    def void(self, index: int) -> None:
        """The invoice at that place, unless money is allocated to it."""
        unpaid = [each for each in self.invoices if self.allocated_to(each).is_zero]
        if unpaid:
            made = self.invoices.pop(unpaid[index % len(unpaid)])
            self._book(entry_for_void(made, entry_id=self._entry_id(), on=TODAY))

    def pay(self, minor: int) -> None:
        """A payment the rules allocate."""
        paid = payment(Money(minor, EUR), payment_id=f"pay_{next(self._numbers)}")
        self.payments.append(paid)
        self._book(entry_for_payment(paid, entry_id=self._entry_id()))
        shares = allocate_automatically(paid, paid.amount, self.items())
        ids = [AllocationId(f"alc_{next(self._numbers)}") for _ in shares]
        for each in as_allocations(shares, paid, ids=ids, on=TODAY):
            self.allocations.append(each)
            self._book(entry_for_allocation(paid, each, entry_id=self._entry_id()))

    def take_back(self, index: int) -> None:
        """The standing allocation at that place."""
        gone = {each.takes_back for each in self.allocations}
        standing = [
            each for each in self.allocations if each.id not in gone and each.takes_back is None
        ]
        if standing:
            new_id = AllocationId(f"alc_{next(self._numbers)}")
            chosen = standing[index % len(standing)]
            undone = take_back(chosen, allocation_id=new_id, on=TODAY, was_taken_back=False)
            self.allocations.append(undone)
            (paid,) = [each for each in self.payments if each.id == undone.payment_id]
            self._book(entry_for_allocation(paid, undone, entry_id=self._entry_id()))

    def keep(self, index: int) -> None:
        """What is left of the payment at that place."""
        with_rest = [each for each in self.balances() if not each.left.is_zero]
        if with_rest:
            chosen = with_rest[index % len(with_rest)]
            self._credit(chosen.payment, chosen.left)

    def release(self, index: int) -> None:
        """What was kept of the payment at that place."""
        with_credit = [each for each in self.balances() if not each.kept.is_zero]
        if with_credit:
            chosen = with_credit[index % len(with_credit)]
            self._credit(chosen.payment, -chosen.kept)

    def items(self) -> list[OpenItem]:
        """The standing invoices as payments see them."""
        return [
            open_item(each, made.draft.gross, allocated=self.allocated_to(each).minor)
            for each, made in self.invoices.items()
        ]

    def balances(self) -> list[PaymentBalance]:
        """What became of each payment; its constructor refuses more than was paid."""
        return [self._balance(each) for each in self.payments]

    def allocated_to(self, invoice_id: InvoiceId) -> Money:
        """What is allocated to an invoice, as the sum of its rows."""
        rows = [each.amount.minor for each in self.allocations if each.invoice_id == invoice_id]
        return Money(sum(rows), EUR)

    def balance_of(self, account: Account) -> int:
        """What stands on an account, in minor units: debits less credits."""
        postings = [each for entry in self.entries for each in entry.postings]
        return sum(each.amount.minor for each in postings if each.account is account)

    def _balance(self, paid: Payment) -> PaymentBalance:
        allocated = sum(
            each.amount.minor for each in self.allocations if each.payment_id == paid.id
        )
        kept = sum(each.amount.minor for each in self.credits if each.payment_id == paid.id)
        return PaymentBalance(paid, Money(allocated, EUR), Money(kept, EUR))

    def _credit(self, paid: Payment, amount: Money) -> None:
        made = CustomerCredit(
            id=CustomerCreditId(f"ccr_{next(self._numbers)}"),
            payment_id=paid.id,
            amount=amount,
            kept_on=TODAY,
        )
        self.credits.append(made)
        self._book(entry_for_credit(paid, made, entry_id=self._entry_id()))

    def _entry_id(self) -> EntryId:
        return EntryId(f"ent_{next(self._numbers)}")

    def _book(self, entry: Entry | None) -> None:
        if entry is not None:
            self.entries.append(entry)


def _treatment(percent: int) -> TaxTreatment:
    if percent:
        return TaxTreatment(TaxCategory.STANDARD, Decimal(percent), f"table:DE:{percent}")
    return TaxTreatment(TaxCategory.EXEMPT, Decimal(0), "exempt", "Exempt from tax.")


def _line(net: Money, treatment: TaxTreatment, tax: Money) -> InvoiceLine:
    return InvoiceLine(
        contract_id=None,
        line_id=None,
        kind=LineKind.ONE_OFF,
        description="Work",
        unit="",
        service_period=Period(TODAY, date(2026, 4, 1)),
        quantity=Decimal(1),
        unit_amount=None,
        net=net,
        tax_code="standard",
        treatment=treatment,
        tax=tax,
        working=Working("line", {}),
    )
