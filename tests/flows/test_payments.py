"""Payments by bank transfer: recorded once, allocated, taken back, kept as credit, booked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.domain.ledger.books import ACME, SHOP, TODAY, eur
from tests.flows.till import Till, open_till, wish, written
from usance.domain.errors import Invalid, NotFound
from usance.domain.ids import AllocationId, CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import InvoiceNotIssued
from usance.domain.money import currency
from usance.domain.payments.allocating import AllocationTakenBack
from usance.domain.payments.payment import BankReferenceUsed
from usance.flows.allocate_payment import allocate_payment
from usance.flows.keep_as_credit import keep_as_credit
from usance.flows.record_payment import RecordedPayment
from usance.flows.release_credit import release_credit
from usance.flows.runtime import Runtime, Scope
from usance.flows.take_back_allocation import take_back_allocation
from usance.store import payments


@pytest.fixture
def till(runtime: Runtime, scope: Scope) -> Iterator[Till]:
    """A till whose books have to balance after each story."""
    till = open_till(runtime, scope)
    yield till
    till.books()


# ------------------------------------------------------------------------------- recording --


def test_a_transfer_that_names_its_invoice_pays_it(till: Till) -> None:
    older = till.invoice("inv_1", 119_00)
    named = till.invoice("inv_2", 100_00, percent=19)
    recorded = till.pay("119.00", remittance="Invoice N-inv_2")
    assert written(recorded.allocations) == ["inv_2 119.00 REFERENCE"]
    assert recorded.balance.left.is_zero
    assert till.state_of(named) == "PAID 0.00"
    assert till.state_of(older) == "OPEN 119.00"
    assert till.books() == {
        "bank": "119.00",
        "receivable": "119.00",
        "tax_payable": "-19.00",
        "contract_liability": "-219.00",
    }
    paid = recorded.balance.payment.id
    assert till.facts() == [("PaymentRecorded", paid), ("InvoicePaid", named)]


def test_a_partial_payment_leaves_the_rest_due_and_later_overdue(till: Till) -> None:
    invoice = till.invoice("inv_1", 100_00)
    till.pay("30.00")
    assert till.state_of(invoice) == "PARTIALLY_PAID 70.00"
    assert till.state_of(invoice, today=TODAY + timedelta(days=14)) == "PARTIALLY_PAID 70.00"
    assert till.state_of(invoice, today=TODAY + timedelta(days=15)) == "OVERDUE 70.00"
    assert [kind for kind, _ in till.facts()] == ["PaymentRecorded"]
    till.pay("70.00")
    assert till.state_of(invoice, today=TODAY + timedelta(days=15)) == "PAID 0.00"


def test_finance_may_divide_one_transfer_over_several_invoices(till: Till) -> None:
    first, second = till.invoice("inv_1", 100_00), till.invoice("inv_2", 50_00)
    recorded = till.pay("120.00", ("inv_2", "50.00"), ("inv_1", "60.00"))
    assert till.state_of(first) == "PARTIALLY_PAID 40.00"
    assert till.state_of(second) == "PAID 0.00"
    assert recorded.balance.left == eur("10.00")
    assert till.books()["unapplied_cash"] == "-10.00"
    with till.runtime.transaction(till.scope) as tx:
        amounts = payments.allocated(tx, [first, second, InvoiceId("inv_none")])
    assert amounts == {first: eur("60.00"), second: eur("50.00")}


def test_an_over_payment_stays_unallocated_until_somebody_decides(till: Till) -> None:
    till.invoice("inv_1", 100_00)
    recorded = till.pay("150.00")
    assert recorded.balance.left == eur("50.00")
    with till.runtime.transaction(till.scope) as tx:
        (found,) = payments.unallocated(tx, SHOP)
    assert found == (ACME, eur("50.00"), eur("0.00"))


def test_a_payment_nobody_can_place_is_kept_whole(till: Till) -> None:
    till.invoice("inv_1", 100_00)
    recorded = till.pay("100.00", allocations=())
    assert recorded.allocations == ()
    assert recorded.balance.left == eur("100.00")


def test_only_the_payers_invoices_at_that_entity_in_that_currency_are_found(till: Till) -> None:
    till.invoice("inv_1", 100_00, customer_id="other")
    till.invoice("inv_2", 100_00, legal_entity_id="globex")
    till.invoice("inv_3", 100, of=currency("JPY"))
    till.invoice("inv_4", 100_00, status="APPROVED")
    assert till.pay("100.00", remittance="N-inv_1 N-inv_2 N-inv_3 N-inv_4").allocations == ()


def test_what_was_recorded_is_in_the_audit_log(till: Till) -> None:
    till.invoice("inv_1", 100_00)
    recorded = till.pay("150.00", bank_reference="BK-7")
    (row,) = till.audited(recorded.balance.payment.id)
    assert (row.actor, row.action) == ("test", "payment.recorded")
    assert row.after == {
        "amount": "150.00 EUR",
        "receivedOn": "2026-03-01",
        "bankReference": "BK-7",
        "allocated": {"inv_1": "100.00"},
    }


# --------------------------------------------------------------------- recorded only once --


def test_the_same_movement_recorded_again_is_the_first_one_as_it_now_stands(till: Till) -> None:
    invoice = till.invoice("inv_1", 100_00)
    first = till.pay("100.00", bank_reference="BK-7", allocations=())
    allocate_payment(till.runtime, till.scope, first.balance.payment.id)
    again = till.pay("100.00", bank_reference="BK-7", remittance="typed again")
    assert again.is_repeat
    assert again.balance.payment == first.balance.payment
    assert written(again.allocations) == ["inv_1 100.00 EXACT_AMOUNT"]
    assert till.state_of(invoice) == "PAID 0.00"
    assert till.books()["bank"] == "100.00"
    assert [kind for kind, _ in till.facts()].count("PaymentRecorded") == 1


def test_another_payment_under_a_used_bank_reference_is_refused(till: Till) -> None:
    first = till.pay("100.00", bank_reference="BK-7")
    with pytest.raises(BankReferenceUsed) as refusal:
        till.pay("100.01", bank_reference="BK-7")
    assert refusal.value.first == first.balance.payment.id
    assert not till.pay(
        "5.00", bank_reference="BK-7", legal_entity_id=LegalEntityId("globex")
    ).is_repeat


def test_one_movement_typed_by_two_people_at_once_is_recorded_once(till: Till) -> None:
    till.invoice("inv_1", 100_00)
    barrier = Barrier(2)

    def record(_: int) -> RecordedPayment:
        barrier.wait()
        return till.pay("100.00", bank_reference="BK-7")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(record, range(2))
    assert first.balance == second.balance
    assert {first.is_repeat, second.is_repeat} == {True, False}
    assert till.books()["bank"] == "100.00"


# ------------------------------------------------------------------------------- refusals --


@pytest.mark.parametrize(
    ("terms", "code", "path"),
    [
        ({"received_on": TODAY + timedelta(days=1)}, "ReceivedInTheFuture", "receivedOn"),
        ({"received_on": date(1969, 12, 31)}, "DayOutOfRange", "receivedOn"),
        ({"amount": eur("0.00")}, "AmountNotPositive", "amount"),
        ({"allocations": [wish("inv_1", "100.01")]}, "MoreThanDue", "allocations[0].amount"),
        (
            {"allocations": [wish("inv_1", "99.00"), wish("inv_2", "99.00")]},
            "MoreThanLeft",
            "allocations",
        ),
        ({"allocations": [wish("inv_other")]}, "OtherCustomer", "allocations[0].invoiceId"),
        ({"allocations": [wish("inv_globex")]}, "OtherLegalEntity", "allocations[0].invoiceId"),
        ({"allocations": [wish("inv_yen")]}, "OtherCurrency", "allocations[0].invoiceId"),
    ],
)
def test_a_wrong_payment_is_refused_with_its_field_and_nothing_is_stored(
    till: Till, terms: dict[str, Any], code: str, path: str
) -> None:
    for invoice_id in ("inv_1", "inv_2"):
        till.invoice(invoice_id, 100_00)
    till.invoice("inv_other", 100_00, customer_id="other")
    till.invoice("inv_globex", 100_00, legal_entity_id="globex")
    till.invoice("inv_yen", 100_00, of=currency("JPY"))
    before = till.books()
    with pytest.raises(Invalid) as refusal:
        till.pay("100.00", **terms)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == (code, path)
    assert till.books() == before
    assert till.facts() == []
    with till.runtime.transaction(till.scope) as tx:
        assert payments.page(tx) == []


def test_a_draft_cannot_be_paid(till: Till) -> None:
    till.invoice("inv_1", 100_00, status="APPROVED")
    with pytest.raises(InvoiceNotIssued):
        till.pay("100.00", ("inv_1", "100.00"))


@pytest.mark.parametrize(
    ("terms", "missing"),
    [
        ({"legal_entity_id": "nobody"}, "legal entity 'nobody'"),
        ({"customer_id": "nobody"}, "customer 'nobody'"),
        ({"allocations": [wish("inv_none", "1.00")]}, "invoice 'inv_none'"),
    ],
)
def test_what_does_not_exist_is_named(till: Till, terms: dict[str, Any], missing: str) -> None:
    with pytest.raises(NotFound, match=missing):
        till.pay("100.00", **terms)


def test_the_future_begins_at_midnight_of_the_legal_entity(till: Till) -> None:
    midnight_in_berlin = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    late = Till(replace(till.runtime, clock=lambda: midnight_in_berlin), till.scope)
    late.pay("1.00", received_on=date(2026, 3, 2))
    with pytest.raises(Invalid, match="2026-03-02"):
        late.pay("1.00", received_on=date(2026, 3, 2), legal_entity_id=LegalEntityId("globex"))


# -------------------------------------------------------- later: allocate, take back, keep --


def test_what_is_left_pays_an_invoice_issued_since(till: Till) -> None:
    paid = till.pay("100.00").balance.payment.id
    invoice = till.invoice("inv_1", 70_00)
    made = allocate_payment(till.runtime, till.scope, paid)
    assert written(made) == ["inv_1 70.00 OLDEST_DUE"]
    assert till.payment(paid).left == eur("30.00")
    assert till.facts()[-1] == ("InvoicePaid", invoice)
    assert allocate_payment(till.runtime, till.scope, paid) == ()
    till.invoice("inv_2", 70_00)
    with pytest.raises(Invalid) as refusal:
        allocate_payment(till.runtime, till.scope, paid, [wish("inv_2", "30.01")])
    assert refusal.value.problems[0].expected == "at most 30.00, what is left of the payment"


def test_an_allocation_taken_back_makes_the_invoice_due_and_the_money_free(till: Till) -> None:
    wrong, right = till.invoice("inv_1", 100_00), till.invoice("inv_2", 100_00)
    before = till.books()
    recorded = till.pay("100.00")
    (made,) = recorded.allocations
    undone = take_back_allocation(till.runtime, till.scope, made.id)
    assert undone.amount == eur("-100.00")
    assert till.state_of(wrong) == "OPEN 100.00"
    assert till.books() == {**before, "bank": "100.00", "unapplied_cash": "-100.00"}
    paid = recorded.balance.payment.id
    allocate_payment(till.runtime, till.scope, paid, [wish("inv_2")])
    assert till.state_of(right) == "PAID 0.00"
    for allocation_id in (made.id, undone.id):
        with pytest.raises(AllocationTakenBack):
            take_back_allocation(till.runtime, till.scope, allocation_id)
    with pytest.raises(NotFound):
        take_back_allocation(till.runtime, till.scope, AllocationId("alc_none"))
    with till.runtime.transaction(till.scope) as tx:
        rows = payments.allocations_of_payment(tx, paid)
        assert written(rows[:2]) == ["inv_1 100.00 EXACT_AMOUNT", "inv_1 -100.00 TAKEN_BACK"]
        assert rows[1].takes_back == made.id


def test_an_over_payment_may_be_kept_as_credit_and_released_to_pay_the_next(till: Till) -> None:
    till.invoice("inv_1", 100_00)
    paid = till.pay("150.00").balance.payment.id
    kept = keep_as_credit(till.runtime, till.scope, paid)
    assert kept.amount == eur("50.00")
    assert till.books()["customer_credit"] == "-50.00"
    later = till.invoice("inv_2", 20_00)
    assert allocate_payment(till.runtime, till.scope, paid) == ()
    release_credit(till.runtime, till.scope, paid, eur("20.00"))
    allocate_payment(till.runtime, till.scope, paid)
    assert till.state_of(later) == "PAID 0.00"
    assert till.books()["customer_credit"] == "-30.00"
    with till.runtime.transaction(till.scope) as tx:
        assert payments.unallocated(tx, SHOP) == [(ACME, eur("0.00"), eur("30.00"))]
    assert [row.action for row in till.audited(paid)] == [
        "payment.recorded",
        "customer_credit.kept",
        "customer_credit.released",
        "payment.allocated",
    ]


def test_no_more_is_kept_than_is_left_and_no_more_released_than_kept(till: Till) -> None:
    paid = till.pay("10.00").balance.payment.id
    with pytest.raises(Invalid, match=r"at most 10\.00, what is left of the payment"):
        keep_as_credit(till.runtime, till.scope, paid, eur("10.01"))
    keep_as_credit(till.runtime, till.scope, paid, eur("4.00"))
    with pytest.raises(Invalid, match=r"at most 4\.00, what is kept of the payment"):
        release_credit(till.runtime, till.scope, paid, eur("4.01"))


def test_payments_are_read_in_pages_by_age_and_of_one_customer(till: Till) -> None:
    made = [till.pay(f"{amount}.00").balance.payment.id for amount in range(1, 6)]
    other = till.pay("9.00", customer_id=CustomerId("other")).balance.payment.id
    with till.runtime.transaction(till.scope) as tx:
        first = [each.payment.id for each in payments.page(tx, limit=2)]
        second = [each.payment.id for each in payments.page(tx, limit=2, after=first[-1])]
        back = [each.payment.id for each in payments.page(tx, limit=2, before=second[0])]
        of_other = [each.payment.id for each in payments.page(tx, customer_id=CustomerId("other"))]
    assert first + second == sorted(made)[:4]
    assert back == first[::-1]
    assert of_other == [other]


# ------------------------------------------------------------------------- at the same moment --


def test_two_payments_of_one_invoice_at_once_never_pay_it_twice(till: Till) -> None:
    for round_ in range(10):
        invoice = till.invoice(f"inv_{round_}", 100_00)
        barrier = Barrier(2)

        def pay(_: int, barrier: Barrier = barrier) -> RecordedPayment:
            barrier.wait()
            return till.pay("80.00")

        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(pay, range(2)))
        assert till.state_of(invoice) == "PAID 0.00"
        assert sorted(each.balance.left.text for each in both) == ["0.00", "60.00"]


def test_named_by_two_people_at_once_one_is_told_what_is_due(till: Till) -> None:
    invoices = [till.invoice(f"inv_{index}", 100_00) for index in range(4)]
    barrier = Barrier(2)

    def pay(order: int) -> str:
        barrier.wait()
        wishes = [(invoice_id, "100.00") for invoice_id in invoices[::order]]
        try:
            return written(till.pay("400.00", *wishes).allocations)[0]
        except Invalid as refusal:
            return refusal.problems[0].code

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(pay, (1, -1)))
    assert outcomes[0] == "MoreThanDue"
    assert outcomes[1].endswith("100.00 NAMED")
    assert [till.state_of(each) for each in invoices] == ["PAID 0.00"] * 4


def test_one_rest_allocated_and_kept_at_once_is_used_once(till: Till) -> None:
    till.invoice("inv_1", 100_00)
    paid = till.pay("100.00", allocations=()).balance.payment.id
    barrier = Barrier(2)

    def allocate() -> bool:
        barrier.wait()
        return bool(allocate_payment(till.runtime, till.scope, paid))

    def keep() -> bool:
        barrier.wait()
        try:
            return bool(keep_as_credit(till.runtime, till.scope, paid).id)
        except Invalid:
            return False

    with ThreadPoolExecutor(2) as pool:
        outcomes = [pool.submit(allocate), pool.submit(keep)]
    assert sorted(outcome.result() for outcome in outcomes) == [False, True]
    assert till.payment(paid).left.is_zero
