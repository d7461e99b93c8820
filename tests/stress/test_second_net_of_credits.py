"""PostgreSQL refuses what the code would never ask for: the net under credits and refunds."""

from __future__ import annotations

from functools import partial
from typing import LiteralString

import pytest
from psycopg.errors import CheckViolation, RestrictViolation

from tests.stories.world import World
from tests.stress.races import at_once, overtaken
from usance.domain.errors import Invalid
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import CreditReason, CreditWish, LineCredit
from usance.domain.invoicing.invoice import Disposition, Draft, Issued
from usance.domain.money import Money, currency
from usance.domain.payments.payment import Allocation
from usance.domain.payments.refund import Refund
from usance.flows.apply_credit import apply_credit
from usance.flows.approve_invoice import approve_invoice
from usance.flows.credit_invoice import credit_invoice
from usance.flows.issue_invoice import issue_invoice
from usance.flows.refund_credit import refund_credit
from usance.flows.runtime import Runtime
from usance.store import refunds

pytestmark = pytest.mark.postgres

USD = currency("USD")
COPY_CREDIT = """
INSERT INTO invoices
SELECT (jsonb_populate_record(invoices, '{"id": "inv_again"}')).* FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND type = 'CREDIT_NOTE'
"""
COPY_LINE = """
INSERT INTO invoice_lines
SELECT (jsonb_populate_record(invoice_lines, '{"invoice_id": "inv_again"}')).* FROM invoice_lines
 WHERE tenant_id = %(tenant_id)s
   AND source_invoice_id IS NOT NULL
"""
REFUND = """
INSERT INTO refunds (tenant_id, id, customer_id, legal_entity_id, currency, credit_note_id,
                     amount_minor, method, promised_on, reference, created_at)
SELECT tenant_id, 'ref_x', customer_id, legal_entity_id, currency, id, 1, 'BANK_TRANSFER',
       bill_on, '', created_at
  FROM invoices
 WHERE tenant_id = %(tenant_id)s
   AND type = 'CREDIT_NOTE'
"""
SEND_AGAIN = "UPDATE refunds SET sent_on = '2025-01-02' WHERE tenant_id = %(tenant_id)s"
MORE = "UPDATE refunds SET amount_minor = 2 WHERE tenant_id = %(tenant_id)s"


def usd(text: str) -> Money:
    return Money.parse(text, USD)


def run(world: World, *statements: LiteralString) -> None:
    """All of them, in one transaction."""
    with world.runtime.transaction(world.scope) as tx:
        for statement in statements:
            tx.run(statement)


def invoiced(world: World) -> Issued:
    world.sign("12 months from 2025-01-01\nPlatform 100.00 USD, yearly in advance")
    (issued,) = world.send_out()
    return issued


def credited(world: World, invoice_id: InvoiceId, amount: str, runtime: Runtime) -> Draft:
    wish = CreditWish(
        reason=CreditReason.GOODWILL,
        lines=(LineCredit(1, usd(amount)),),
        disposition=Disposition.BALANCE,
    )
    return credit_invoice(runtime, world.scope, invoice_id, wish)


def issued_credit(world: World, invoice_id: InvoiceId, amount: str) -> InvoiceId:
    note = credited(world, invoice_id, amount, world.runtime)
    approve_invoice(world.runtime, world.scope, note.id)
    issue_invoice(world.runtime, world.scope, note.id)
    return note.id


def test_no_more_of_a_line_is_given_back_than_was_billed(world: World) -> None:
    invoice = invoiced(world)
    credited(world, invoice.draft.id, "50.01", world.runtime)
    with pytest.raises(CheckViolation, match="given back"):
        run(world, COPY_CREDIT, COPY_LINE)


def test_of_two_credits_of_one_line_at_once_the_second_sees_the_first(world: World) -> None:
    invoice = invoiced(world)
    with pytest.raises(Invalid, match=r"at most 40\.00"):
        overtaken(
            world.runtime,
            world.scope,
            partial(credited, world, invoice.draft.id, "60.00"),
            partial(credited, world, invoice.draft.id, "60.00", world.runtime),
        )


def test_of_many_credits_at_once_as_many_pass_as_fit(world: World) -> None:
    invoice = invoiced(world)
    acts = [partial(credited, world, invoice.draft.id, "30.00", world.runtime)] * 6
    outcomes = at_once(*acts)
    assert sum(isinstance(each, Draft) for each in outcomes) == 3
    assert all(isinstance(each, Draft | Invalid) for each in outcomes)


def test_a_credit_is_not_used_twice_at_once(world: World) -> None:
    invoice = invoiced(world)
    note_id = issued_credit(world, invoice.draft.id, "60.00")

    def refunded() -> Refund:
        return refund_credit(world.runtime, world.scope, note_id, usd("60"))

    def applied() -> tuple[Allocation, ...]:
        return apply_credit(world.runtime, world.scope, note_id)

    outcomes = at_once(refunded, applied, refunded)
    used = [each for each in outcomes if isinstance(each, Refund) or each]
    assert len([each for each in used if not isinstance(each, BaseException)]) == 1


def test_no_more_is_refunded_than_was_credited_and_a_refund_changes_once(world: World) -> None:
    invoice = invoiced(world)
    note_id = issued_credit(world, invoice.draft.id, "60.00")
    with pytest.raises(RestrictViolation):
        run(world, REFUND, MORE)
    with pytest.raises(RestrictViolation):
        run(world, REFUND, SEND_AGAIN, SEND_AGAIN)
    refund_credit(world.runtime, world.scope, note_id)
    with pytest.raises(CheckViolation, match="refunded"):
        run(world, REFUND)
    with world.runtime.transaction(world.scope) as tx:
        assert len(refunds.page(tx)) == 1
