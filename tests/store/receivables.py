"""Issued invoices in a few lines of SQL: all that payments and the ledger need of the house."""

from __future__ import annotations

from datetime import date

from tests.domain.ledger.books import ACME, EIGHT, EUR, SHOP, TODAY, issued
from usance.domain.calendar import zone
from usance.domain.customer import Address, Customer
from usance.domain.ids import CustomerId, EntryId, InvoiceId, LegalEntityId
from usance.domain.ledger.postings import entry_for_issue
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Currency
from usance.store import ledger, parties
from usance.store.database import Tx

ADD_INVOICE = """
INSERT INTO invoices (tenant_id, id, legal_entity_id, customer_id, currency, status, bill_on,
                      grouping, net_minor, tax_minor, gross_minor, findings, input_hash, created_at,
                      approved_at, approved_by, type, reason, number, issued_on, due_on,
                      parties)
SELECT %(tenant_id)s, %(id)s, %(legal_entity_id)s, %(customer_id)s, %(currency)s, %(status)s,
       %(on)s, '{}', %(net)s, %(tax)s, %(gross)s, '[]', '', %(at)s, %(at)s, 'test',
       'INVOICE', '',
       issued.*
  FROM (SELECT %(number)s, %(on)s::date, %(due_on)s::date, '{}'::jsonb WHERE %(status)s = 'ISSUED'
        UNION ALL
        SELECT NULL, NULL, NULL, NULL WHERE %(status)s <> 'ISSUED') AS issued
"""


def add_parties(tx: Tx, *, customers: tuple[str, ...] = (SHOP,)) -> None:
    """The legal entities `acme` (Berlin) and `globex` (New York), and those customers."""
    for entity_id, zone_name in ((ACME, "Europe/Berlin"), ("globex", "America/New_York")):
        entity = LegalEntity(
            id=LegalEntityId(entity_id),
            name=entity_id.title(),
            address=Address(country="DE"),
            zone=zone(zone_name),
            series=entity_id.upper(),
        )
        parties.save_entity(tx, entity, at=EIGHT)
    for customer_id in customers:
        customer = Customer(id=CustomerId(customer_id), name=customer_id)
        parties.save_customer(tx, customer, at=EIGHT)


def add_invoice(
    tx: Tx,
    invoice_id: str,
    net: int,
    *,
    percent: int = 0,
    of: Currency = EUR,
    status: str = "ISSUED",
    customer_id: str = SHOP,
    legal_entity_id: str = ACME,
    on: date = TODAY,
) -> InvoiceId:
    """An invoice of one line, numbered `N-<id>`, due in 14 days; booked once it is issued."""
    made = issued(invoice_id, [(net, percent)], of=of, on=on)
    tx.run(
        ADD_INVOICE,
        id=invoice_id,
        legal_entity_id=legal_entity_id,
        customer_id=customer_id,
        currency=of.code,
        status=status,
        on=on,
        net=made.draft.net.minor,
        tax=made.draft.tax.minor,
        gross=made.draft.gross.minor,
        at=EIGHT,
        number=made.number,
        due_on=made.due_on,
    )
    if status == "ISSUED":
        entry = entry_for_issue(made, entry_id=EntryId(f"ent_{invoice_id}"))
        if legal_entity_id == ACME:
            ledger.append(tx, entry, at=EIGHT)
    return made.draft.id
