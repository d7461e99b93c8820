"""A world to tell stories in: three companies, four customers, a clock, and a ledger to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path

from tests.stories.deals import CUSTOMER_OF, ENTITY_OF, order_form
from tests.stories.explained import recomputed
from usance.documents.company_file import Company, read_company
from usance.documents.yaml_text import read_plain
from usance.domain.calendar import parse_day
from usance.domain.contracts.order import Order
from usance.domain.errors import NotFound
from usance.domain.ids import ContractId, CustomerId, InvoiceId, LegalEntityId, OrderId
from usance.domain.invoicing.invoice import DocumentType, Draft, InvoiceStatus, Issued
from usance.domain.ledger.trial_balance import imbalances
from usance.domain.metering.events import UsageEvent
from usance.domain.money import Money, currency
from usance.flows.approve_invoice import approve_invoice
from usance.flows.define_feature import define_feature
from usance.flows.fulfil_order import FulfilledOrder, fulfil_order
from usance.flows.ingest_usage import ingest_usage
from usance.flows.issue_invoice import issue_invoice
from usance.flows.open_environment import move_clock
from usance.flows.record_payment import RecordedPayment, RecordPayment, record_payment
from usance.flows.run_billing import BillingRun, run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates
from usance.flows.sign_order import sign_order
from usance.flows.void_invoice import void_invoice
from usance.store import invoices, ledger, orders
from usance.store.invoice_rows import StoredInvoice

EXAMPLES = Path(__file__).parents[2] / "examples"
EVERY_INVOICE = """
SELECT id FROM invoices WHERE tenant_id = %(tenant_id)s ORDER BY bill_on, number, customer_id, id
"""
# Those of setting up (customers, features) are left out: they stand before every story.
FACTS = """
SELECT kind, subject_id
  FROM outbox
 WHERE tenant_id = %(tenant_id)s
   AND kind !~ '^(Customer|Feature)'
 ORDER BY sequence
"""


@cache
def halden() -> Company:
    """The invented company of the examples."""
    return read_company(EXAMPLES / "company.yaml")


@dataclass(slots=True)
class World:
    """One environment and its clock. What happens in it happens through the flows alone."""

    runtime: Runtime
    scope: Scope
    keys: Iterator[int] = field(default_factory=count)

    def open(self) -> World:
        """With the example company, its features and its customers; at New Year 2025."""
        return self.open_now().on("2025-01-01")

    def open_now(self) -> World:
        """The same, on the world's own clock."""
        company = halden()
        for entity in company.legal_entities:
            save_legal_entity(self.runtime, self.scope, entity)
            save_tax_rates(self.runtime, self.scope, entity.id, company.tax_rates[entity.id])
        for feature in company.features:
            define_feature(self.runtime, self.scope, feature)
        for customer in company.customers:
            save_customer(self.runtime, self.scope, customer)
        return self

    # ------------------------------------------------------------------------ what happens --

    def on(self, day: str) -> World:
        """It is noon in London, and the same day in San Francisco, Berlin and Tokyo."""
        return self.at(f"{day}T12:00:00+00:00")

    def at(self, instant: str) -> World:
        """It is that instant."""
        move_clock(self.runtime, self.scope, datetime.fromisoformat(instant).astimezone(UTC))
        return self

    def order(self, text: str) -> Order:
        """A signed order comes in, as a deal in a few words or as an order form in YAML."""
        is_yaml = "currency:" in text
        form = read_plain(text, code="UnreadableOrderForm") if is_yaml else order_form(text)
        return sign_order(self.runtime, self.scope, form, document=text.encode())

    def sign(self, text: str) -> ContractId:
        """A signed order comes in and is fulfilled at once."""
        return self.fulfil(self.order(text).id).contract.id

    def fulfil(self, order_id: OrderId) -> FulfilledOrder:
        """Contract, subscriptions and meters of an order are made."""
        return fulfil_order(self.runtime, self.scope, order_id)

    def usage(self, at: str, calls: int, *, by: str = "nordlicht") -> None:
        """A customer calls the API so often at that instant, and we hear of it now."""
        event = UsageEvent(
            customer_id=CustomerId(by),
            event_name="api_calls",
            idempotency_key=str(next(self.keys)),
            occurred_at=datetime.fromisoformat(at if "T" in at else f"{at}T12:00:00+00:00"),
            dimensions={"calls": Decimal(calls)},
        )
        ingest_usage(self.runtime, self.scope, [event])

    def bill(self, *, through: str | None = None, is_dry: bool = False) -> BillingRun:
        """A billing run, through each entity's today unless a day is given."""
        day = None if through is None else parse_day(through)
        return run_billing(self.runtime, self.scope, through=day, is_dry=is_dry)

    def approve_all(self) -> World:
        """Finance finds every held draft right."""
        for stored in self.every("DRAFT"):
            approve_invoice(self.runtime, self.scope, stored.id)
        return self

    def issue_all(self) -> list[Issued]:
        """Whatever is approved goes out."""
        return [
            issue_invoice(self.runtime, self.scope, stored.id) for stored in self.every("APPROVED")
        ]

    def send_out(self) -> list[Issued]:
        """Bill, approve and issue, in one breath."""
        self.bill()
        return self.approve_all().issue_all()

    def pay(self, text: str, *, remittance: str = "", by: str | None = None) -> RecordedPayment:
        """A customer (the currency's, unless named) transfers "12,000.00 USD" today."""
        amount, code = text.replace(",", "").split()
        wanted = RecordPayment(
            legal_entity_id=LegalEntityId(ENTITY_OF[code]),
            customer_id=CustomerId(by or CUSTOMER_OF[code]),
            amount=Money.parse(amount, currency(code)),
            received_on=self.today,
            remittance=remittance,
        )
        return record_payment(self.runtime, self.scope, wanted)

    def void(self, invoice_id: InvoiceId, reason: str = "entered by mistake") -> None:
        """Finance makes an invoice void."""
        void_invoice(self.runtime, self.scope, invoice_id, reason=reason)

    # ------------------------------------------------------------------------ what one sees --

    @property
    def today(self) -> date:
        """The day it is in London."""
        with self.runtime.transaction(self.scope) as tx:
            return self.runtime.now(tx).date()

    def every(self, *statuses: str) -> list[StoredInvoice]:
        """The invoices of those states, or of any, by the day they fell due."""
        with self.runtime.transaction(self.scope) as tx:
            found = invoices.many(tx, [row.id for row in tx.all(EVERY_INVOICE)])
        return [each for each in found if not statuses or each.status in statuses]

    def one(self, *statuses: str) -> StoredInvoice:
        """The only invoice there is of those states."""
        (found,) = self.every(*statuses)
        return found

    def invoice(self, invoice_id: InvoiceId) -> StoredInvoice | None:
        """The invoice of that id as it is now, or None."""
        try:
            with self.runtime.transaction(self.scope) as tx:
                return invoices.one(tx, invoice_id)
        except NotFound:
            return None

    def invoices(self) -> list[str]:
        """Every line that stands: when it fell due, what, for which days, how much before tax."""
        return [
            line
            for stored in self.every(*set(InvoiceStatus) - {InvoiceStatus.VOID})
            for line in written(stored.draft)
        ]

    def documents(self) -> list[str]:
        """Every document: number, state, what is on it, gross."""
        return [
            f"{stored.number or '-'}  {stored.state(self.today)}  "
            f"{' + '.join(line.description for line in stored.draft.lines)}  {stored.draft.gross}"
            for stored in self.every()
        ]

    def order_status(self, order_id: OrderId) -> str:
        """NEW, FULFILLED or CANCELED."""
        with self.runtime.transaction(self.scope) as tx:
            return orders.status_of(orders.one(tx, order_id)).value

    def facts(self) -> list[tuple[str, str]]:
        """What was announced, in order: what, and about whom."""
        with self.runtime.transaction(self.scope) as tx:
            return [(row.kind, row.subject_id) for row in tx.all(FACTS)]

    def books(self) -> dict[str, str]:
        """What stands on each account that is not at zero, by account, in its currency."""
        with self.runtime.transaction(self.scope) as tx:
            rows = ledger.trial_balance(tx)
        assert imbalances(rows) == {}, "debits and credits are equal"
        return {row.account.value: str(row.balance) for row in rows if not row.balance.is_zero}

    def audit(self) -> None:
        """What holds after every story: books balance and agree with the documents, which add up,
        and every stored line is explained by its working.
        """
        owed: dict[str, int] = {}
        for stored in self.every():
            for line in stored.draft.lines:
                amounts = (line.net, line.net + line.tax)  # with its tax, where its price holds it
                assert recomputed(line) in amounts, f"{line.description}: {line.working}"
            is_invoice = stored.draft.type is DocumentType.INVOICE
            if stored.status is InvoiceStatus.ISSUED and is_invoice:
                code = stored.draft.currency.code
                left = stored.draft.gross.minor - stored.allocated.minor
                owed[code] = owed.get(code, 0) + left
        with self.runtime.transaction(self.scope) as tx:
            rows = ledger.trial_balance(tx)
        assert imbalances(rows) == {}
        booked: dict[str, int] = {}
        for row in rows:
            if row.account.value == "receivable":
                code = row.balance.currency.code
                booked[code] = booked.get(code, 0) + row.balance.minor
        assert all(minor == owed.get(code, 0) for code, minor in booked.items())


def written(draft: Draft) -> list[str]:
    """The lines of a document, one a line of text."""
    return [
        f"{draft.bill_on}  {line.description}  "
        f"{line.service_period.start}..{line.service_period.end}  {_amount(line.net)}"
        for line in draft.lines
    ]


def _amount(money: Money) -> str:
    """1234.50 USD as 1,234.50 USD."""
    whole, *rest = money.text.split(".")
    return ".".join([f"{int(whole):,}", *rest]) + f" {money.currency}"
