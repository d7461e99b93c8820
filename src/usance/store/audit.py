"""The audit log: who did what to which thing, when, and how it looked before and after."""

from __future__ import annotations

from datetime import datetime

from usance.store.database import Jsonb, Row, Tx

APPEND = """
INSERT INTO audit_log (tenant_id, at, actor, action, subject_id, before, after)
VALUES (%(tenant_id)s, %(at)s, %(actor)s, %(action)s, %(subject_id)s, %(before)s, %(after)s)
"""
OF_SUBJECT = """
SELECT sequence, at, actor, action, subject_id, before, after
  FROM audit_log
 WHERE tenant_id = %(tenant_id)s
   AND subject_id = %(subject_id)s
 ORDER BY sequence
"""


def append(
    tx: Tx,
    action: str,
    subject_id: str,
    *,
    at: datetime,
    actor: str,
    before: object = None,
    after: object = None,
) -> None:
    """Write it down. `before` and `after` are plain values; None where there is nothing."""
    tx.run(
        APPEND,
        at=at,
        actor=actor,
        action=action,
        subject_id=subject_id,
        before=None if before is None else Jsonb(before),
        after=None if after is None else Jsonb(after),
    )


def of_subject(tx: Tx, subject_id: str) -> list[Row]:
    """Everything ever done to it, oldest first."""
    return tx.all(OF_SUBJECT, subject_id=subject_id)
