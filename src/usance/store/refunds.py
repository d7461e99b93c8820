"""Refunds: what was promised to be given back, and whether it was sent."""

from __future__ import annotations

from datetime import datetime

from usance.domain.errors import NotFound
from usance.domain.ids import CustomerId, RefundId
from usance.domain.money import Money, currency
from usance.domain.payments.payment import PaymentMethod
from usance.domain.payments.refund import Refund
from usance.store.database import Row, Tx

ADD = """
INSERT INTO refunds (tenant_id, id, customer_id, legal_entity_id, currency, payment_id,
                     credit_note_id, amount_minor, method, promised_on, reference, created_at)
VALUES (%(tenant_id)s, %(id)s, %(customer_id)s, %(legal_entity_id)s, %(currency)s, %(payment_id)s,
        %(credit_note_id)s, %(minor)s, %(method)s, %(promised_on)s, %(reference)s, %(at)s)
"""
SAVE = """
UPDATE refunds
   SET sent_on = %(sent_on)s, canceled_on = %(canceled_on)s, reference = %(reference)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
LOCK = "SELECT id FROM refunds WHERE tenant_id = %(tenant_id)s AND id = %(id)s FOR UPDATE"
PAGE = """
SELECT id, customer_id, legal_entity_id, currency, payment_id, credit_note_id, amount_minor, method,
       promised_on, sent_on, canceled_on, reference
  FROM refunds
 WHERE tenant_id = %(tenant_id)s
   AND (%(id)s::text IS NULL OR id = %(id)s)
   AND (%(customer_id)s::text IS NULL OR customer_id = %(customer_id)s)
   AND (NOT %(pending)s OR num_nonnulls(sent_on, canceled_on) = 0)
   AND (%(after)s::text IS NULL OR (created_at, id) > (
            SELECT created_at, id
              FROM refunds
             WHERE tenant_id = %(tenant_id)s AND id = %(after)s))
   AND (%(before)s::text IS NULL OR (created_at, id) < (
            SELECT created_at, id
              FROM refunds
             WHERE tenant_id = %(tenant_id)s AND id = %(before)s))
 ORDER BY CASE WHEN %(before)s::text IS NULL THEN created_at END,
          CASE WHEN %(before)s::text IS NULL THEN id END,
          created_at DESC, id DESC
 LIMIT %(limit)s
"""


def add(tx: Tx, refund: Refund, *, at: datetime) -> None:
    """Keep a promised refund; the database refuses more than there is to give back."""
    tx.run(
        ADD,
        id=refund.id,
        customer_id=refund.customer_id,
        legal_entity_id=refund.legal_entity_id,
        currency=refund.amount.currency.code,
        payment_id=refund.payment_id,
        credit_note_id=refund.credit_note_id,
        minor=refund.amount.minor,
        method=refund.method.value,
        promised_on=refund.promised_on,
        reference=refund.reference,
        at=at,
    )


def save(tx: Tx, refund: Refund) -> None:
    """Keep that it was sent or called off."""
    tx.run(
        SAVE,
        id=refund.id,
        sent_on=refund.sent_on,
        canceled_on=refund.canceled_on,
        reference=refund.reference,
    )


def one(tx: Tx, refund_id: RefundId) -> Refund:
    """The refund of that id. Raises NotFound."""
    found = _page(tx, refund_id=refund_id, limit=1)
    if not found:
        raise NotFound("refund", refund_id)
    return found[0]


def lock(tx: Tx, refund_id: RefundId) -> Refund:
    """The refund, held until `tx` ends. Raises NotFound."""
    tx.one(LOCK, kind="refund", ref=refund_id, id=refund_id)
    return one(tx, refund_id)


def page(
    tx: Tx,
    *,
    after: str | None = None,
    before: str | None = None,
    customer_id: CustomerId | None = None,
    is_pending: bool = False,
    limit: int = 20,
) -> list[Refund]:
    """Refunds by age, after one or before one (then newest first); all, or those still to send."""
    return _page(
        tx,
        after=after,
        before=before,
        customer_id=customer_id,
        is_pending=is_pending,
        limit=limit,
    )


def _page(
    tx: Tx,
    *,
    refund_id: RefundId | None = None,
    after: str | None = None,
    before: str | None = None,
    customer_id: CustomerId | None = None,
    is_pending: bool = False,
    limit: int,
) -> list[Refund]:
    rows = tx.all(
        PAGE,
        id=refund_id,
        after=after,
        before=before,
        customer_id=customer_id,
        pending=is_pending,
        limit=limit,
    )
    return [_refund_from(row) for row in rows]


def _refund_from(row: Row) -> Refund:
    return Refund(
        id=row.id,
        customer_id=row.customer_id,
        legal_entity_id=row.legal_entity_id,
        amount=Money(int(row.amount_minor), currency(row.currency)),
        promised_on=row.promised_on,
        payment_id=row.payment_id,
        credit_note_id=row.credit_note_id,
        method=PaymentMethod(row.method),
        sent_on=row.sent_on,
        canceled_on=row.canceled_on,
        reference=row.reference,
    )
