"""What every story is handed: the world it may touch, and on whose behalf it acts."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from zoneinfo import ZoneInfo

from usance.domain.calendar import day_of
from usance.domain.facts import Fact
from usance.domain.ids import InvoiceId, LineId
from usance.providers.stigg_api import stigg_api
from usance.providers.tax_id_register import TaxIdRegister
from usance.providers.tax_service import HttpTaxService, TaxService
from usance.providers.usage_source import Reached
from usance.providers.vies import Vies
from usance.store import audit, outbox, tenants
from usance.store.database import Database, Tx

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_count = count()


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf: the tenant (environment) and the person, key or process acting in it."""

    tenant_id: str
    actor: str


def new_id(prefix: str) -> str:
    """`prefix_` and 26 characters that sort by age: 48 bits of time, a count, 64 random bits.

    The count keeps what one process makes within a millisecond in the order it was made.
    """
    made = next(_count) & 0xFFFF
    number = ((time.time_ns() // 1_000_000 << 16 | made) << 64) | secrets.randbits(64)
    return f"{prefix}_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


def world_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class _Rehearsed(Exception):
    """The end of a rehearsal: its transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The outside, as the stories see it: the database, the clock, ids, services of others."""

    database: Database
    clock: Callable[[], datetime] = field(default=world_clock)
    new_id: Callable[[str], str] = field(default=new_id)
    tax_id_register: TaxIdRegister = field(default=Vies())
    tax_service: Callable[[str], TaxService] = field(default=HttpTaxService)  # of its address
    usage_source: Reached = field(default=stigg_api)  # of its address and the key to it
    rehearsed_in: Tx | None = None  # everything happens in this transaction, which is not kept

    def invoice_id(self) -> InvoiceId:
        """A new invoice's id."""
        return InvoiceId(self.new_id("inv"))

    def line_id(self) -> LineId:
        """A new contract line's id."""
        return LineId(self.new_id("lin"))

    @contextmanager
    def transaction(self, scope: Scope) -> Iterator[Tx]:
        """One transaction of the scope's tenant: all of it, or nothing."""
        if self.rehearsed_in is not None:
            yield self.rehearsed_in
            return
        with self.database.transaction(scope.tenant_id) as tx:
            yield tx

    @contextmanager
    def rehearsal(self, scope: Scope) -> Iterator[Runtime]:
        """A runtime in which every story can be told as usual, and nothing of it is kept."""
        with suppress(_Rehearsed), self.database.transaction(scope.tenant_id) as tx:
            yield replace(self, rehearsed_in=tx)
            raise _Rehearsed

    def now(self, tx: Tx, customer_id: str | None = None) -> datetime:
        """This environment's instant: the world's, or where a sandbox's clock was moved to; of a
        customer whose own clock was moved further, that.
        """
        return tenants.clock_of(tx, customer_id) or self.clock()

    def today(self, tx: Tx, zone: ZoneInfo, customer_id: str | None = None) -> date:
        """The day it is in that zone, by the clock of this environment, or of a customer."""
        return day_of(self.now(tx, customer_id), zone)

    def note(
        self,
        tx: Tx,
        scope: Scope,
        action: str,
        subject_id: str,
        *facts: Fact,
        before: object = None,
        after: object = None,
    ) -> None:
        """Announce `facts` and write the audit row of one act, in the same transaction."""
        at = self.now(tx)
        audit.append(tx, action, subject_id, at=at, actor=scope.actor, before=before, after=after)
        outbox.add(tx, *facts, at=at)
