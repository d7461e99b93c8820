"""Papers: the PDF of each issued invoice, archived once with its SHA-256."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from usance.domain.ids import InvoiceId
from usance.store.database import Tx

ONE = """
SELECT pdf, sha256
  FROM invoice_papers
 WHERE tenant_id = %(tenant_id)s
   AND invoice_id = %(invoice_id)s
"""
ADD = """
INSERT INTO invoice_papers (tenant_id, invoice_id, sha256, pdf, created_at)
VALUES (%(tenant_id)s, %(invoice_id)s, %(sha256)s, %(pdf)s, %(at)s)
ON CONFLICT (tenant_id, invoice_id) DO NOTHING
"""


class PaperDamaged(Exception):
    """An archived PDF is not what was archived: the database was tampered with or has decayed."""


def archived(tx: Tx, invoice_id: InvoiceId) -> bytes | None:
    """The archived PDF, None before it was first asked for. Raises PaperDamaged."""
    row = tx.maybe(ONE, invoice_id=invoice_id)
    if row is None:
        return None
    if sha256(row.pdf).digest() != row.sha256:
        raise PaperDamaged(f"the archived PDF of invoice {invoice_id} fails its SHA-256")
    return bytes(row.pdf)


def add(tx: Tx, invoice_id: InvoiceId, pdf: bytes, *, at: datetime) -> bool:
    """Archive it. False, and nothing done, when somebody was first: theirs counts."""
    digest = sha256(pdf).digest()
    return bool(tx.run(ADD, invoice_id=invoice_id, sha256=digest, pdf=pdf, at=at))
