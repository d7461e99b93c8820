"""Which invoices a payment pays."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ledger.books import EUR, TODAY, allocation, eur, open_item, payment
from usance.domain.errors import Invalid
from usance.domain.ids import AllocationId, CustomerId, InvoiceId, LegalEntityId
from usance.domain.invoicing.invoice import InvoiceNotIssued, InvoiceStatus
from usance.domain.money import Money, currency
from usance.domain.payments.allocating import (
    AllocationTakenBack,
    NamedAllocation,
    OpenItem,
    Share,
    allocate,
    settled_by,
    take_back,
)
from usance.domain.payments.payment import Basis

JANUARY = open_item("inv_jan", eur("100.00"), due_on=date(2026, 1, 31), number="ACME-1")
FEBRUARY = open_item("inv_feb", eur("60.00"), due_on=date(2026, 2, 28), number="ACME-2")
MARCH = open_item("inv_mar", eur("60.00"), due_on=date(2026, 3, 31), number="ACME-3")
ITEMS = (FEBRUARY, MARCH, JANUARY)


def found(amount: str, remittance: str = "", *, items: tuple[OpenItem, ...] = ITEMS) -> list[str]:
    """Where a payment nobody named invoices for goes, one line a share."""
    paid = payment(eur(amount), remittance=remittance)
    shares = allocate(paid, paid.amount, {item.invoice_id: item for item in items}, None)
    return [f"{share.invoice_id} {share.amount.text} {share.basis}" for share in shares]


def named(
    amount: str, *wishes: tuple[str, str | None], items: tuple[OpenItem, ...] = ITEMS
) -> tuple[Share, ...]:
    """Where a payment goes whose invoices somebody named."""
    paid = payment(eur(amount))
    asked = [
        NamedAllocation(InvoiceId(ref), None if part is None else eur(part)) for ref, part in wishes
    ]
    return allocate(paid, paid.amount, {item.invoice_id: item for item in items}, asked)


def test_the_invoice_a_remittance_names_is_paid_first_though_others_are_older() -> None:
    assert found("60.00", "ACME-3") == ["inv_mar 60.00 REFERENCE"]


def test_several_named_invoices_are_paid_the_oldest_first() -> None:
    assert found("150.00", "ACME-3 and ACME-1") == [
        "inv_jan 100.00 REFERENCE",
        "inv_mar 50.00 REFERENCE",
    ]


def test_what_is_over_on_named_invoices_pays_no_other() -> None:
    assert found("80.00", "ACME-2") == ["inv_feb 60.00 REFERENCE"]


def test_without_a_name_the_exact_amount_tells_the_older_of_two_alike() -> None:
    assert found("60.00") == ["inv_feb 60.00 EXACT_AMOUNT"]


def test_without_name_and_exact_amount_the_oldest_due_is_paid_first() -> None:
    assert found("130.00") == ["inv_jan 100.00 OLDEST_DUE", "inv_feb 30.00 OLDEST_DUE"]


def test_a_payment_of_which_nothing_is_left_pays_nothing_more() -> None:
    paid = payment(eur("60.00"), remittance="ACME-2")
    assert allocate(paid, eur("0.00"), {FEBRUARY.invoice_id: FEBRUARY}, None) == ()


def test_an_over_payment_leaves_a_rest() -> None:
    assert found("1000.00", items=(FEBRUARY,)) == ["inv_feb 60.00 OLDEST_DUE"]


def test_invoices_of_others_paid_or_not_issued_ones_are_passed_over() -> None:
    others = (
        replace(FEBRUARY, customer_id=CustomerId("other")),
        replace(FEBRUARY, legal_entity_id=LegalEntityId("other")),
        replace(FEBRUARY, allocated=FEBRUARY.gross),
        replace(FEBRUARY, status=InvoiceStatus.DRAFT, number=None, due_on=None),
        replace(FEBRUARY, status=InvoiceStatus.VOID),
        open_item("inv_yen", Money(60, currency("JPY"))),
    )
    for other in others:
        assert found("60.00", "ACME-2", items=(other,)) == []


def test_a_person_may_divide_a_payment_over_several_invoices() -> None:
    shares = named("100.00", ("inv_mar", "60.00"), ("inv_jan", "10.00"))
    assert shares == (
        Share(InvoiceId("inv_mar"), eur("60.00"), Basis.NAMED),
        Share(InvoiceId("inv_jan"), eur("10.00"), Basis.NAMED),
    )
    assert settled_by(shares, {item.invoice_id: item for item in ITEMS}) == ("inv_mar",)


def test_an_invoice_named_without_an_amount_takes_what_is_due_and_left() -> None:
    shares = named("110.00", ("inv_jan", None), ("inv_feb", "50.00"))
    assert [share.amount.text for share in shares] == ["60.00", "50.00"]


def test_nobody_named_is_nothing_allocated() -> None:
    assert named("100.00") == ()


@pytest.mark.parametrize(
    ("wishes", "code", "path"),
    [
        ([("inv_jan", "100.01")], "MoreThanDue", "allocations[0].amount"),
        ([("inv_jan", "100.00"), ("inv_feb", "21.00")], "MoreThanLeft", "allocations"),
        ([("inv_jan", "0.00")], "AmountNotPositive", "allocations[0].amount"),
        ([("inv_jan", "-5.00")], "AmountNotPositive", "allocations[0].amount"),
        (
            [("inv_jan", "5.00"), ("inv_jan", "5.00")],
            "AllocatedTwice",
            "allocations[1].invoiceId",
        ),
        (
            [("inv_jan", "100.00"), ("inv_feb", "20.00"), ("inv_mar", None)],
            "NothingToAllocate",
            "allocations[2].invoiceId",
        ),
    ],
)
def test_a_wish_that_does_not_fit_is_refused_with_its_place(
    wishes: list[tuple[str, str | None]], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        named("120.00", *wishes)
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == (code, path)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (replace(JANUARY, customer_id=CustomerId("other")), "OtherCustomer"),
        (replace(JANUARY, legal_entity_id=LegalEntityId("other")), "OtherLegalEntity"),
        (
            replace(
                JANUARY,
                gross=Money(100, currency("JPY")),
                allocated=Money(0, currency("JPY")),
            ),
            "OtherCurrency",
        ),
    ],
)
def test_an_invoice_of_another_customer_entity_or_currency_is_refused(
    item: OpenItem, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        named("120.00", ("inv_jan", "5.00"), items=(item,))
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == (code, "allocations[0].invoiceId")
    assert problem.value == "inv_jan"


def test_an_amount_in_another_currency_is_refused() -> None:
    paid = payment(eur("120.00"))
    wish = NamedAllocation(JANUARY.invoice_id, Money(500, currency("USD")))
    with pytest.raises(Invalid) as refusal:
        allocate(paid, paid.amount, {JANUARY.invoice_id: JANUARY}, [wish])
    (problem,) = refusal.value.problems
    assert (problem.code, problem.path) == ("OtherCurrency", "allocations[0].amount")
    assert problem.value == "5.00 USD"


@pytest.mark.parametrize(
    "status", [InvoiceStatus.DRAFT, InvoiceStatus.APPROVED, InvoiceStatus.VOID]
)
def test_only_an_issued_invoice_is_paid(status: InvoiceStatus) -> None:
    with pytest.raises(InvoiceNotIssued):
        named("120.00", ("inv_jan", "5.00"), items=(replace(JANUARY, status=status),))


def test_an_allocation_is_taken_back_once_and_a_row_that_takes_back_stays() -> None:
    made = allocation(eur("10.00"))
    undone = take_back(made, allocation_id=AllocationId("alc_2"), on=TODAY, was_taken_back=False)
    assert (undone.amount, undone.takes_back) == (eur("-10.00"), made.id)
    for chosen, was_taken_back in ((made, True), (undone, False)):
        with pytest.raises(AllocationTakenBack):
            take_back(
                chosen,
                allocation_id=AllocationId("alc_3"),
                on=TODAY,
                was_taken_back=was_taken_back,
            )


OPEN_ITEMS = st.lists(
    st.builds(
        lambda gross, share, days: (gross, gross * share // 10, days),
        st.integers(1, 10**6),
        st.integers(0, 10),
        st.integers(0, 60),
    ),
    max_size=8,
).map(
    lambda rows: [
        open_item(
            f"inv_{index}",
            Money(gross, EUR),
            allocated=allocated,
            due_on=TODAY + timedelta(days=days),
            number=f"ACME-{index}",
        )
        for index, (gross, allocated, days) in enumerate(rows)
    ]
)
REMITTANCES = st.lists(st.integers(0, 9), max_size=3).map(
    lambda numbers: " ".join(f"ACME-{number}" for number in numbers)
)


@given(OPEN_ITEMS, st.integers(1, 10**7), REMITTANCES)
def test_what_is_allocated_never_exceeds_the_payment_and_never_what_is_open(
    items: list[OpenItem], minor: int, remittance: str
) -> None:
    paid = payment(Money(minor, EUR), remittance=remittance)
    by_id = {item.invoice_id: item for item in items}
    shares = allocate(paid, paid.amount, by_id, None)
    assert sum(share.amount.minor for share in shares) <= minor
    assert len({share.invoice_id for share in shares}) == len(shares)
    for share in shares:
        assert 0 < share.amount.minor <= by_id[share.invoice_id].amount_due.minor


@given(OPEN_ITEMS, st.integers(1, 10**7), REMITTANCES, st.randoms(use_true_random=False))
def test_the_order_in_which_open_invoices_are_read_changes_no_automatic_allocation(
    items: list[OpenItem], minor: int, remittance: str, random: Random
) -> None:
    paid = payment(Money(minor, EUR), remittance=remittance)
    shuffled = random.sample(items, k=len(items))
    first, second = (
        allocate(paid, paid.amount, {item.invoice_id: item for item in order}, None)
        for order in (items, shuffled)
    )
    assert first == second


@given(OPEN_ITEMS, st.data(), st.randoms(use_true_random=False))
def test_the_order_in_which_a_payer_names_invoices_with_their_amounts_changes_no_allocation(
    items: list[OpenItem], data: st.DataObject, random: Random
) -> None:
    by_id = {item.invoice_id: item for item in items}
    wishes = [
        NamedAllocation(
            item.invoice_id,
            Money(data.draw(st.integers(1, item.amount_due.minor)), EUR),
        )
        for item in items
        if not item.amount_due.is_zero
    ]
    asked = sum(wish.amount.minor for wish in wishes if wish.amount is not None)
    paid = payment(Money(asked + 1, EUR))
    shuffled = random.sample(wishes, k=len(wishes))
    shares = allocate(paid, paid.amount, by_id, wishes)
    assert set(shares) == set(allocate(paid, paid.amount, by_id, shuffled))
    assert sum(share.amount.minor for share in shares) == asked
