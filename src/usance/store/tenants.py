"""Tenants (environments) and their clocks."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from usance.domain.errors import Conflict, NotAllowedNow, Problem
from usance.store.database import Row, Tx

CLOCK_OF = "SELECT clock_at FROM tenants WHERE tenant_id = %(tenant_id)s"
CLOCK_OF_CUSTOMER = """
SELECT greatest(t.clock_at, c.clock_at) AS clock_at
  FROM tenants t
  LEFT JOIN customers c ON c.tenant_id = t.tenant_id AND c.id = %(customer_id)s
 WHERE t.tenant_id = %(tenant_id)s
"""
CUSTOMER_CLOCKS = """
SELECT id, clock_at
  FROM customers
 WHERE tenant_id = %(tenant_id)s
   AND clock_at IS NOT NULL
 ORDER BY id
"""
MOVE_CUSTOMER_CLOCK = """
UPDATE customers
   SET clock_at = %(clock_at)s
 WHERE tenant_id = %(tenant_id)s
   AND id = %(customer_id)s
   AND (clock_at IS NULL OR clock_at <= %(clock_at)s)
   AND EXISTS (SELECT FROM tenants t
                WHERE t.tenant_id = %(tenant_id)s
                  AND t.kind = 'SANDBOX'
                  AND (t.clock_at IS NULL OR t.clock_at <= %(clock_at)s))
"""
LINK_SECRET = "SELECT link_secret FROM tenants WHERE tenant_id = %(tenant_id)s"
MOVE_CLOCK = """
UPDATE tenants
   SET clock_at = %(clock_at)s
 WHERE tenant_id = %(tenant_id)s
   AND kind = 'SANDBOX'
   AND (clock_at IS NULL OR clock_at <= %(clock_at)s)
"""
ONE = """
SELECT tenant_id, name, kind, clock_at, created_at FROM tenants WHERE tenant_id = %(tenant_id)s
"""
EVERY = "SELECT tenant_id, name, kind, clock_at, created_at FROM tenants ORDER BY tenant_id"
ANY = "SELECT tenant_id FROM tenants LIMIT 1"
ADD = """
INSERT INTO tenants (tenant_id, name, kind, link_secret, created_at)
VALUES (%(id)s, %(name)s, %(kind)s, %(link_secret)s, %(created_at)s)
ON CONFLICT (tenant_id) DO NOTHING
"""


class ClockMovesForwardOnly(NotAllowedNow):
    """Only a sandbox's clock moves, and only forward: what was billed stays billed."""

    code = "ClockMovesForwardOnly"

    def __init__(self, whose: str, kind: str, stands: datetime | None, to: datetime) -> None:
        since = "real time" if stands is None else stands.isoformat(timespec="seconds")
        expected = f"an instant not before {since}, in a sandbox"
        if kind != "SANDBOX":
            expected = f"no move: {whose} is in {kind.lower()}, and only a sandbox's clock moves"
        problem = Problem(self.code, "to", to.isoformat(), expected)
        super().__init__(problem.message)
        self.problems = (problem,)


def clock_of(tx: Tx, customer_id: str | None = None) -> datetime | None:
    """Where this environment's clock, or a customer's own, was moved to, whichever is later; None:
    it follows the world. Raises NotFound.
    """
    if customer_id is None:
        row = tx.one(CLOCK_OF, kind="environment", ref=tx.tenant_id)
    else:
        asked = {"kind": "environment", "ref": tx.tenant_id}
        row = tx.one(CLOCK_OF_CUSTOMER, customer_id=customer_id, **asked)
    return cast(datetime | None, row.clock_at)


def customer_clocks(tx: Tx) -> dict[str, datetime]:
    """The customers whose own clock was moved, and where it stands."""
    return {row.id: row.clock_at for row in tx.all(CUSTOMER_CLOCKS)}


def save_customer_clock(tx: Tx, customer_id: str, at: datetime) -> None:
    """Move one customer's clock forward to `at`, in a sandbox. Raises ClockMovesForwardOnly."""
    if not tx.run(MOVE_CUSTOMER_CLOCK, customer_id=customer_id, clock_at=at):
        whose, stands = f"customer {customer_id}", clock_of(tx, customer_id)
        raise ClockMovesForwardOnly(whose, one(tx).kind, stands, at)


def save_clock(tx: Tx, at: datetime) -> None:
    """Move the clock of a sandbox forward to `at`. Raises ClockMovesForwardOnly."""
    if not tx.run(MOVE_CLOCK, clock_at=at):
        row = tx.one(ONE, kind="environment", ref=tx.tenant_id)
        raise ClockMovesForwardOnly(f"environment {row.tenant_id}", row.kind, row.clock_at, at)


def refuse_backward(tx: Tx, to: datetime, customer_id: str | None) -> None:
    """Raises ClockMovesForwardOnly when a clock could not be moved to that instant."""
    row, stands = one(tx), clock_of(tx, customer_id)
    if row.kind != "SANDBOX" or (stands is not None and to < stands):
        whose = f"environment {tx.tenant_id}" if customer_id is None else f"customer {customer_id}"
        raise ClockMovesForwardOnly(whose, row.kind, stands, to)


def link_secret(tx: Tx) -> bytes:
    """The secret that signs this environment's links."""
    return bytes(tx.one(LINK_SECRET, kind="environment", ref=tx.tenant_id).link_secret)


def one(tx: Tx) -> Row:
    """This environment. Raises NotFound."""
    return tx.one(ONE, kind="environment", ref=tx.tenant_id)


def every(platform: Tx) -> list[Row]:
    """All environments; for a platform transaction."""
    return platform.all(EVERY)


def answers(platform: Tx) -> None:
    """Return when the registry can be read; for a platform transaction."""
    platform.maybe(ANY)


def add(
    platform: Tx, tenant_id: str, *, name: str, kind: str, link_secret: bytes, at: datetime
) -> None:
    """A new environment. Raises Conflict."""
    added = platform.run(
        ADD, id=tenant_id, name=name, kind=kind, link_secret=link_secret, created_at=at
    )
    if not added:
        raise Conflict(f"There is an environment {tenant_id!r} already.")
