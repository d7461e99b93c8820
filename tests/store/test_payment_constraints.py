"""Payments in PostgreSQL: no allocation that does not fit commits, whoever writes it."""

from __future__ import annotations

import pytest
from psycopg import errors

from tests.flows.till import Till, open_till
from usance.flows.keep_as_credit import keep_as_credit
from usance.flows.runtime import Runtime, Scope

ALLOCATE = """
INSERT INTO allocations (tenant_id, id, payment_id, invoice_id, amount_minor, basis, takes_back,
                         allocated_on, created_at)
VALUES (%(tenant_id)s, 'alc_raw', %(payment_id)s, %(invoice_id)s, %(minor)s, 'NAMED', NULL,
        '2026-03-01', '2026-03-01T08:00Z')
"""
KEEP = """
INSERT INTO customer_credits (tenant_id, id, payment_id, amount_minor, kept_on, created_at)
VALUES (%(tenant_id)s, 'ccr_raw', %(payment_id)s, %(minor)s, '2026-03-01', '2026-03-01T08:00Z')
"""


@pytest.fixture
def till(runtime: Runtime, scope: Scope) -> Till:
    """A tenant whose finance records payments."""
    return open_till(runtime, scope)


@pytest.mark.parametrize(
    ("invoice_id", "minor", "constraint"),
    [
        ("inv_1", 100_01, "no_more_is_allocated_than_is_owed"),
        ("inv_big", 200_01, "no_more_is_used_than_was_paid"),
        ("inv_draft", 1, "only_an_issued_invoice_is_paid"),
        ("inv_other", 1, "a_payment_pays_its_own_customer"),
        ("inv_1", -1, "only_a_row_that_takes_back_is_negative"),
    ],
)
def test_the_database_refuses_an_allocation_that_does_not_fit(
    till: Till, invoice_id: str, minor: int, constraint: str
) -> None:
    till.invoice("inv_1", 100_00)
    till.invoice("inv_big", 900_00)
    till.invoice("inv_draft", 100_00, status="APPROVED")
    till.invoice("inv_other", 100_00, customer_id="other")
    paid = till.pay("200.00", allocations=()).balance.payment.id
    with (
        pytest.raises(errors.CheckViolation) as refusal,
        till.runtime.transaction(till.scope) as tx,
    ):
        tx.run(ALLOCATE, payment_id=paid, invoice_id=invoice_id, minor=minor)
    assert refusal.value.diag.constraint_name == constraint


@pytest.mark.parametrize("minor", [200_01, -1])
def test_the_database_refuses_credit_beyond_the_payment(till: Till, minor: int) -> None:
    paid = till.pay("200.00", allocations=()).balance.payment.id
    with (
        pytest.raises(errors.CheckViolation) as refusal,
        till.runtime.transaction(till.scope) as tx,
    ):
        tx.run(KEEP, payment_id=paid, minor=minor)
    assert refusal.value.diag.constraint_name == "no_more_is_used_than_was_paid"


@pytest.mark.parametrize("table", ["payments", "allocations", "customer_credits"])
def test_what_was_paid_and_allocated_is_never_deleted(till: Till, table: str) -> None:
    till.invoice("inv_1", 100_00)
    paid = till.pay("150.00").balance.payment.id
    keep_as_credit(till.runtime, till.scope, paid)
    statements = {
        "payments": "DELETE FROM payments WHERE tenant_id = %(tenant_id)s",
        "allocations": "DELETE FROM allocations WHERE tenant_id = %(tenant_id)s",
        "customer_credits": "DELETE FROM customer_credits WHERE tenant_id = %(tenant_id)s",
    }
    with pytest.raises(errors.RestrictViolation), till.runtime.transaction(till.scope) as tx:
        tx.run(statements[table])
