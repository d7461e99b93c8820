"""The outbox: facts to announce, kept in the transaction in which they became true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from usance.domain.fact_names import name_of
from usance.domain.facts import Fact
from usance.store.database import Jsonb, Tx

COLUMNS = ("kind", "name", "subject_id", "fact", "happened_at")
ADD = """
INSERT INTO outbox (tenant_id, kind, name, subject_id, fact, happened_at)
VALUES (%(tenant_id)s, %(kind)s, %(name)s, %(subject_id)s, %(fact)s, %(happened_at)s)
"""


def add(tx: Tx, *facts: Fact, at: datetime) -> None:
    """Announce `facts` once this transaction commits."""
    tx.run_many(ADD, [_row(fact, at) for fact in facts])


def add_each(tx: Tx, facts: Iterable[tuple[Fact, datetime]]) -> None:
    """Announce facts, each as of the instant at which it became true."""
    rows: Iterator[Sequence[object]] = (
        (fact.kind, name_of(fact), fact.subject_id, {}, at) for fact, at in facts
    )
    tx.append_rows("outbox", COLUMNS, rows)


def add_all(tx: Tx, facts: Iterable[Fact], *, at: datetime) -> None:
    """Announce many facts, as a set."""
    rows: Iterator[Sequence[object]] = (
        (fact.kind, name_of(fact), fact.subject_id, {}, at) for fact in facts
    )
    tx.append_rows("outbox", COLUMNS, rows)


def _row(fact: Fact, at: datetime) -> dict[str, object]:
    return {
        "kind": fact.kind,
        "name": name_of(fact),
        "subject_id": fact.subject_id,
        "fact": Jsonb({}),
        "happened_at": at,
    }
