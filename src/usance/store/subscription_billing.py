"""How far a subscription is billed: the contract of its own, and when to look at it next."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple, cast

from usance.domain.ids import ContractId, CustomerId
from usance.store.database import Tx

BEHIND = """
SELECT s.id
  FROM subscriptions s
 WHERE s.tenant_id = %(tenant_id)s
   AND s.billing_due_at <= %(at)s
   AND (%(customer_id)s::text IS NULL
        OR coalesce(s.paying_customer_id, s.customer_id) = %(customer_id)s
        OR s.customer_id = %(customer_id)s)
 ORDER BY s.created_at, s.id
"""
PROGRESS = """
SELECT agreement_id, billed_version, billed_on, billing_due_at
  FROM subscriptions
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
SAVE = """
UPDATE subscriptions
   SET agreement_id = %(agreement_id)s,
       billed_version = %(billed_version)s,
       billed_on = %(billed_on)s,
       billing_due_at = %(billing_due_at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
MARK = """
UPDATE contracts
   SET subscription_id = %(subscription_id)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
AGREEMENTS = """
SELECT id
  FROM contracts
 WHERE tenant_id = %(tenant_id)s
   AND subscription_id = %(subscription_id)s
 ORDER BY created_at, id
"""
LOOK_AGAIN = """
UPDATE subscriptions
   SET billing_due_at = %(at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(id)s
"""
NEXT = """
SELECT min(billing_due_at) AS at
  FROM subscriptions
 WHERE tenant_id = %(tenant_id)s
   AND billing_due_at > %(after)s
   AND (%(customer_id)s::text IS NULL
        OR coalesce(paying_customer_id, customer_id) = %(customer_id)s
        OR customer_id = %(customer_id)s)
"""


class Progress(NamedTuple):
    """The agreement, the version it was brought up to last and from which day on that is billed,
    and when to look again. None: none so far; never.
    """

    agreement_id: ContractId | None
    billed_version: int | None
    billed_on: date | None
    look_at: datetime | None


def behind(tx: Tx, *, at: datetime, customer_id: CustomerId | None = None) -> list[str]:
    """The subscriptions whose billing is to be looked at by `at`, oldest first; those that a
    customer has or pays for alone, when one is given.
    """
    return [row.id for row in tx.all(BEHIND, at=at, customer_id=customer_id)]


def next_look(tx: Tx, *, after: datetime, customer_id: CustomerId | None = None) -> datetime | None:
    """The first instant after `after` at which some subscription's billing is to be looked at."""
    (row,) = tx.all(NEXT, after=after, customer_id=customer_id)
    return cast(datetime | None, row.at)


def progress(tx: Tx, subscription_id: str) -> Progress:
    """How far it is billed. Raises NotFound."""
    row = tx.one(PROGRESS, kind="subscription", ref=subscription_id, id=subscription_id)
    return Progress(row.agreement_id, row.billed_version, row.billed_on, row.billing_due_at)


def save_progress(tx: Tx, subscription_id: str, done: Progress) -> None:
    """Remember how far it is billed."""
    tx.run(
        SAVE,
        id=subscription_id,
        agreement_id=done.agreement_id,
        billed_version=done.billed_version,
        billed_on=done.billed_on,
        billing_due_at=done.look_at,
    )


def save_agreement_of(tx: Tx, contract_id: ContractId, subscription_id: str) -> None:
    """The contract is there to bill that subscription, and is listed nowhere."""
    tx.run(MARK, id=contract_id, subscription_id=subscription_id)


def agreements_of(tx: Tx, subscription_id: str) -> list[ContractId]:
    """All that ever billed it, oldest first: one for each currency it was paid in, one by one."""
    rows = tx.all(AGREEMENTS, subscription_id=subscription_id)
    return [ContractId(row.id) for row in rows]


def save_due(tx: Tx, subscription_id: str, *, at: datetime) -> None:
    """Its billing is to be looked at again."""
    tx.run(LOOK_AGAIN, id=subscription_id, at=at)
