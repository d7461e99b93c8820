"""What PostgreSQL refuses by itself, whatever the code does."""

from __future__ import annotations

from datetime import date

import pytest
from psycopg import errors

from tests.stories.world import World
from usance.store.database import Tx, range_text

pytestmark = pytest.mark.postgres

COPY_INVOICE = """
INSERT INTO invoices
SELECT (jsonb_populate_record(invoices, '{"id": "inv_second"}')).* FROM invoices
 WHERE tenant_id = %(tenant_id)s
"""
COPY_LINE = """
INSERT INTO invoice_lines
SELECT (jsonb_populate_record(invoice_lines, '{"invoice_id": "inv_second"}')).* FROM invoice_lines
 WHERE tenant_id = %(tenant_id)s
"""
ADD_SLICE = """
INSERT INTO billed_slices (tenant_id, invoice_id, position, contract_line_id, service_period,
                           net_minor, terms_key)
SELECT tenant_id, 'inv_second', 1, contract_line_id, %(days)s::daterange, 1, 'terms'
  FROM billed_slices
 WHERE tenant_id = %(tenant_id)s
"""
ISSUE_UNAPPROVED = """
UPDATE invoices
   SET status = 'ISSUED', number = 'X-1', issued_on = '2025-01-01', due_on = '2025-01-31',
       parties = '{}'
 WHERE tenant_id = %(tenant_id)s
"""
NUMBER_BOTH = """
UPDATE invoices
   SET status = 'ISSUED', approved_at = created_at, approved_by = 'x', number = 'X-1',
       issued_on = '2025-01-01', due_on = '2025-01-31', parties = '{}'
 WHERE tenant_id = %(tenant_id)s
"""


@pytest.fixture
def billed(world: World) -> World:
    """One draft, of January."""
    world.sign("""
        12 months from 2025-01-01
        Platform 100.00 USD, monthly in advance
    """)
    world.bill()
    return world


def second_document(tx: Tx, start: date, end: date) -> None:
    """Another document for those days of the same line, past all our code."""
    tx.run(COPY_INVOICE)
    tx.run(COPY_LINE)
    tx.run(ADD_SLICE, days=range_text(start, end))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2025, 1, 1), date(2025, 2, 1)),
        (date(2025, 1, 31), date(2025, 2, 1)),
        (date(2024, 12, 1), date(2025, 1, 2)),
        (date(2025, 1, 10), date(2025, 1, 11)),
        (date(2024, 1, 1), date(2026, 1, 1)),
    ],
)
def test_no_day_of_a_line_is_on_two_documents(billed: World, start: date, end: date) -> None:
    with (
        pytest.raises(errors.ExclusionViolation, match="a_day_is_billed_once"),
        billed.runtime.transaction(billed.scope) as tx,
    ):
        second_document(tx, start, end)
    assert len(billed.every()) == 1


def test_the_days_before_and_after_are_free(billed: World) -> None:
    with billed.runtime.transaction(billed.scope) as tx:
        second_document(tx, date(2025, 2, 1), date(2025, 3, 1))
    assert len(billed.every()) == 2


def test_nothing_is_issued_that_nobody_approved(billed: World) -> None:
    with (
        pytest.raises(errors.CheckViolation, match="approval_comes_first"),
        billed.runtime.transaction(billed.scope) as tx,
    ):
        tx.run(ISSUE_UNAPPROVED)


def test_no_number_is_used_twice(billed: World) -> None:
    billed.on("2025-02-01").bill()
    with (
        pytest.raises(errors.UniqueViolation, match="a_number_is_used_once"),
        billed.runtime.transaction(billed.scope) as tx,
    ):
        tx.run(NUMBER_BOTH)
