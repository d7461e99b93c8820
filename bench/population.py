"""A population of contracts for the billing run: one real deal, copied in SQL as often as asked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from bench.deal import API_CALLS, BUYER, SELLER, TAXES, THREE_LINES
from usance.domain.catalog import Aggregation, Feature, FeatureType, Meter, MeterType
from usance.flows.define_feature import define_feature
from usance.flows.open_environment import move_clock, open_environment
from usance.flows.run_billing import run_billing
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates
from usance.store import contracts
from usance.store.database import Database, Jsonb
from usance.store.embedded.cluster import attach
from usance.store.migrate import migrate

BILL_ON = date(2025, 2, 1)
NEIGHBOUR = 1_000
NOON = datetime(2025, 2, 1, 12, tzinfo=UTC)

# Copies of the one real customer, contract and its lines, and three events for each metered line.
COPIES = (
    """
    INSERT INTO customers (tenant_id, id, name, particulars, created_at, updated_at)
    SELECT tenant_id, 'buyer-' || n, name,
           jsonb_set(particulars, '{id}', to_jsonb('buyer-' || n)), created_at, updated_at
      FROM customers, generate_series(1, %(last)s) n
     WHERE tenant_id = %(tenant_id)s AND id = 'buyer-0'
    """,
    """
    INSERT INTO contracts (tenant_id, id, customer_id, legal_entity_id, name, currency, status,
                           term, terms, versions, next_due_on, created_at, updated_at)
    SELECT tenant_id, 'contract-' || n, 'buyer-' || n, legal_entity_id, name, currency, status,
           term, terms, versions, next_due_on, created_at, updated_at
      FROM contracts, generate_series(1, %(last)s) n
     WHERE tenant_id = %(tenant_id)s AND id = 'contract-0'
    """,
    """
    INSERT INTO contract_lines (tenant_id, id, contract_id, order_id, position, line_ref, kind,
                                opened_on, service_window, feature_id, terms)
    SELECT tenant_id, id || '-' || n, 'contract-' || n, order_id, position, line_ref, kind,
           opened_on, service_window, feature_id, terms
      FROM contract_lines, generate_series(1, %(last)s) n
     WHERE tenant_id = %(tenant_id)s AND contract_id = 'contract-0'
    """,
    """
    INSERT INTO usage_events (tenant_id, customer_id, event_name, idempotency_key, occurred_at,
                              received_at, dimensions)
    SELECT %(tenant_id)s, 'buyer-' || n, 'api_call', 'key-' || k, %(used_at)s, %(used_at)s,
           jsonb_build_object('calls', 1000 * k + n)
      FROM generate_series(0, %(last)s) n, generate_series(1, 3) k
    """,
)
ORDER = """
INSERT INTO orders (tenant_id, id, kind, customer_id, effective_on, form, document,
                    document_sha256, created_at)
VALUES (%(tenant_id)s, 'order-0', 'INITIAL', 'buyer-0', '2025-01-01', %(form)s, '', %(sha)s, now())
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
    """A new environment with `count` contracts of three lines, all due on BILL_ON, none drafted."""
    runtime = Runtime(database)
    scope = Scope(f"bench-{secrets.token_hex(4)}", "bench")
    open_environment(runtime, scope.tenant_id, name="Bench", kind="SANDBOX")
    move_clock(runtime, scope, NOON)
    save_legal_entity(runtime, scope, SELLER)
    save_tax_rates(runtime, scope, SELLER.id, TAXES.rates)
    save_customer(runtime, scope, BUYER)
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
    with runtime.transaction(scope) as tx:
        tx.run(ORDER, form=Jsonb({}), sha=bytes(32))
        contracts.save(tx, THREE_LINES, next_due_on=BILL_ON, at=NOON)
        contracts.append_lines(tx, THREE_LINES.id, THREE_LINES.lines)
        used_at = datetime(2025, 1, 15, tzinfo=UTC)
        for statement in COPIES:
            values = {"tenant_id": tx.tenant_id, "last": count - 1, "used_at": used_at}
            tx.connection.execute(statement, values)
    settle(database)
    return runtime, scope


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
