"""A population of contracts for the billing run: two deals, copied in SQL as often as asked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString

import psycopg

from bench.deal import (
    AMENDED,
    API_CALLS,
    AS_SIGNED,
    BUYER,
    BUYER_ABROAD,
    SELLER,
    TAXES,
    TERM,
    THREE_LINES,
)
from usance.domain.calendar import FIRST_DAY
from usance.domain.catalog import Aggregation, Feature, FeatureType, Meter, MeterType
from usance.flows.define_feature import define_feature
from usance.flows.open_environment import move_clock, open_environment
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates
from usance.store import contracts
from usance.store.database import Database, Jsonb, Tx
from usance.store.embedded.cluster import attach
from usance.store.migrate import migrate

BILL_ON = date(2025, 2, 1)
NEIGHBOUR = 1_000
NOON = datetime(2025, 2, 1, 12, tzinfo=UTC)
USED_AT = datetime(2025, 1, 15, tzinfo=UTC)

# Copies of one real customer, its contract and lines, and three events for each metered line.
COPIES = (
    """
    INSERT INTO customers (tenant_id, id, name, particulars, created_at, updated_at)
    SELECT tenant_id, %(kind)s || '-buyer-' || n, name,
           jsonb_set(particulars, '{id}', to_jsonb(%(kind)s || '-buyer-' || n)),
           created_at, updated_at
      FROM customers, generate_series(1, %(count)s) n
     WHERE tenant_id = %(tenant_id)s AND id = %(kind)s || '-buyer-0'
    """,
    """
    INSERT INTO contracts (tenant_id, id, customer_id, legal_entity_id, name, currency, status,
                           term, terms, versions, next_due_on, first_billed_on, created_at,
                           updated_at)
    SELECT tenant_id, %(kind)s || '-' || n, %(kind)s || '-buyer-' || n, legal_entity_id, name,
           currency, status, term, terms, versions, next_due_on, first_billed_on, created_at,
           updated_at
      FROM contracts, generate_series(1, %(count)s) n
     WHERE tenant_id = %(tenant_id)s AND id = %(kind)s || '-0'
    """,
    """
    INSERT INTO contract_lines (tenant_id, id, contract_id, order_id, position, line_ref, kind,
                                opened_on, service_window, feature_id, terms)
    SELECT tenant_id, id || '-' || n, %(kind)s || '-' || n, order_id, position, line_ref, kind,
           opened_on, service_window, feature_id, terms
      FROM contract_lines, generate_series(1, %(count)s) n
     WHERE tenant_id = %(tenant_id)s AND contract_id = %(kind)s || '-0'
    """,
    """
    INSERT INTO usage_events (tenant_id, customer_id, event_name, idempotency_key, occurred_at,
                              received_at, dimensions)
    SELECT %(tenant_id)s, %(kind)s || '-buyer-' || n, 'api_call', 'key-' || k, %(used_at)s,
           %(used_at)s, jsonb_build_object('calls', 1000 * k + n)
      FROM generate_series(1, %(count)s) n, generate_series(1, 3) k
    """,
)
# And of the document that billed January, before the amendment.
DOCUMENTS = (
    """
    INSERT INTO invoices (tenant_id, id, legal_entity_id, customer_id, type, reason, currency,
                          status, bill_on, "grouping", net_minor, tax_minor, gross_minor, findings,
                          input_hash, created_at)
    SELECT tenant_id, 'january-' || n, legal_entity_id, %(kind)s || '-buyer-' || n, type, reason,
           currency, status, bill_on, "grouping", net_minor, tax_minor, gross_minor, findings,
           input_hash, created_at
      FROM invoices, generate_series(1, %(count)s) n
     WHERE tenant_id = %(tenant_id)s AND customer_id = %(kind)s || '-buyer-0'
    """,
    """
    INSERT INTO invoice_lines (tenant_id, invoice_id, position, contract_id, contract_line_id,
                               kind, description, unit, service_period, quantity, unit_amount,
                               net_minor, tax_code, tax_category, tax_percent, tax_rule,
                               tax_reason, tax_minor, working)
    SELECT tenant_id, 'january-' || n, position, %(kind)s || '-' || n,
           contract_line_id || '-' || n, kind, description, unit, service_period, quantity,
           unit_amount, net_minor, tax_code, tax_category, tax_percent, tax_rule, tax_reason,
           tax_minor, working
      FROM invoice_lines, generate_series(1, %(count)s) n
     WHERE tenant_id = %(tenant_id)s AND contract_id = %(kind)s || '-0'
    """,
    """
    INSERT INTO billed_slices (tenant_id, invoice_id, position, contract_line_id, service_period,
                               net_minor, terms_key)
    SELECT tenant_id, 'january-' || n, position, contract_line_id || '-' || n, service_period,
           net_minor, terms_key
      FROM billed_slices, generate_series(1, %(count)s) n
     WHERE tenant_id = %(tenant_id)s
    """,
)
NOT_BILLED = """
UPDATE contracts SET next_due_on = NULL WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)
"""
ORDER = """
INSERT INTO orders (tenant_id, id, kind, customer_id, effective_on, form, document,
                    document_sha256, created_at)
VALUES (%(tenant_id)s, 'order-0', 'INITIAL', 'plain-buyer-0', '2025-01-01', %(form)s, '',
        %(sha)s, now())
"""


@contextmanager
def database() -> Iterator[Database]:
    """A migrated database on an embedded server of its own, as durable as a real one."""
    with TemporaryDirectory(prefix="usance-bench-") as folder, attach(Path(folder) / "home") as own:
        migrate(own.url)
        opened = Database(own.url)
        yield opened
        opened.close()


def populate(database: Database, count: int) -> tuple[Runtime, Scope]:
    """A new environment with `count` contracts that owe one document each by BILL_ON.

    Two thirds have three lines, and no document yet. One third, of buyers who account for the tax
    themselves, has a commitment beside them, was billed for January, and amended since: fewer seats
    from the middle of that month on.
    """
    runtime = Runtime(database)
    scope = Scope(f"bench-{secrets.token_hex(4)}", "bench")
    _set_up(runtime, scope)
    amended = count // 3
    with runtime.transaction(scope) as tx:
        tx.run(ORDER, form=Jsonb({}), sha=bytes(32))
        contracts.save(tx, THREE_LINES, next_due_on=BILL_ON, at=NOON)
        contracts.append_lines(tx, THREE_LINES.id, THREE_LINES.lines)
        contracts.save(tx, AS_SIGNED, next_due_on=TERM.start, at=NOON)
        contracts.append_lines(tx, AS_SIGNED.id, AS_SIGNED.lines)
    run_billing(runtime, scope, through=TERM.start, customer_id=BUYER_ABROAD.id)
    with runtime.transaction(scope) as tx:
        contracts.save(tx, AMENDED, next_due_on=FIRST_DAY, at=NOON)
        contracts.save_lines(tx, AMENDED.id, AMENDED.lines)
        _copy(tx, COPIES, kind="plain", count=count - amended)
        _copy(tx, (*COPIES, *DOCUMENTS), kind="amended", count=amended)
        tx.run(NOT_BILLED, ids=[THREE_LINES.id, AMENDED.id])
    settle(database)
    return runtime, scope


def _set_up(runtime: Runtime, scope: Scope) -> None:
    open_environment(runtime, scope.tenant_id, name="Bench", kind="SANDBOX")
    move_clock(runtime, scope, NOON)
    save_legal_entity(runtime, scope, SELLER)
    save_tax_rates(runtime, scope, SELLER.id, TAXES.rates)
    save_customer(runtime, scope, BUYER)
    save_customer(runtime, scope, BUYER_ABROAD)
    meter = Meter(event_name="api_call", aggregation=Aggregation.SUM, field="calls")
    define_feature(
        runtime,
        scope,
        Feature(
            id=API_CALLS,
            display_name="API calls",
            feature_type=FeatureType.NUMBER,
            meter_type=MeterType.INCREMENTAL,
            meter=meter,
        ),
    )


def _copy(tx: Tx, statements: Sequence[LiteralString], *, kind: str, count: int) -> None:
    for statement in statements:
        values = {"tenant_id": tx.tenant_id, "kind": kind, "count": count, "used_at": USED_AT}
        tx.connection.execute(statement, values)


def give_history(database: Database) -> None:
    """Documents of a neighbour, as any database in use has: on empty tables PostgreSQL plans badly,
    for us and for the plain COPY we are measured against.
    """
    runtime, scope = populate(database, NEIGHBOUR)
    run_billing(runtime, scope, through=BILL_ON)


def settle(database: Database) -> None:
    """Let PostgreSQL tidy up after what was done before, so that it does not do so meanwhile."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
