"""What a credit note is worth, and where it goes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ledger.books import EUR, TODAY, eur, issued, open_item
from tests.domain.ledger.corrections import bad_debt, credit_note, refund
from usance.domain.errors import Invalid
from usance.domain.ids import WriteOffId
from usance.domain.money import Money
from usance.domain.payments.credit_balance import apply_at_issue, spread
from usance.domain.payments.refund import RefundNotPending, call_off, send
from usance.domain.payments.write_off import WriteOffKind, WriteOffWish, write_off

AMOUNTS = st.lists(st.integers(0, 10**6), max_size=6)
ITEMS = st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 400)), max_size=6)


@given(credits=AMOUNTS, owed=ITEMS)
def test_several_credits_together_never_exceed_what_is_open_nor_any_what_it_is_worth(
    credits: list[int], owed: list[tuple[int, int]]
) -> None:
    items = [
        open_item(
            f"inv_{at}",
            Money(gross, EUR),
            due_on=date.fromordinal(TODAY.toordinal() + days),
        )
        for at, (gross, days) in enumerate(owed)
    ]
    spent = spread([Money(minor, EUR) for minor in credits], items)
    assert len(spent) == len(credits)
    for minor, shares in zip(credits, spent, strict=True):
        assert sum(share.amount.minor for share in shares) <= minor
    applied = {item.invoice_id: 0 for item in items}
    for share in (share for shares in spent for share in shares):
        applied[share.invoice_id] += share.amount.minor
    for item in items:
        assert applied[item.invoice_id] <= item.gross.minor
    assert sum(applied.values()) == min(sum(credits), sum(gross for gross, _ in owed))


def test_the_oldest_due_is_paid_first() -> None:
    items = [
        open_item("new", eur("50"), due_on=date(2026, 5, 1)),
        open_item("old", eur("30"), due_on=date(2026, 4, 1)),
    ]
    (first, second) = spread([eur("20"), eur("25")], items)
    assert [(each.invoice_id, each.amount.text) for each in first] == [("old", "20.00")]
    assert [(each.invoice_id, each.amount.text) for each in second] == [
        ("old", "10.00"),
        ("new", "15.00"),
    ]


@pytest.mark.parametrize(
    ("is_automatic", "expected"),
    [(False, ["inv_1 11.90"]), (True, ["inv_1 11.90", "inv_2 107.10"])],
)
def test_credit_goes_to_its_own_invoice_first_and_by_itself_to_others(
    is_automatic: bool,
    expected: list[str],
) -> None:
    source = issued("inv_1", [(1_000_00, 19)])
    note = credit_note("cn_1", source, "100.00")
    items = [
        open_item("inv_1", eur("1190"), allocated=1178_10, due_on=date(2026, 6, 1)),
        open_item("inv_2", eur("500"), due_on=date(2026, 4, 1)),
    ]
    shares = apply_at_issue(note, items, is_automatic=is_automatic)
    assert [f"{each.invoice_id} {each.amount.text}" for each in shares] == expected


def test_a_refund_is_sent_or_called_off_once() -> None:
    sent = send(refund("5.00"), on=TODAY, reference="TX-1")
    with pytest.raises(RefundNotPending):
        call_off(sent, on=TODAY)
    with pytest.raises(RefundNotPending):
        send(call_off(refund("5.00"), on=TODAY), on=TODAY)
    with pytest.raises(Invalid):
        send(refund("5.00"), on=TODAY, reference="a\tb")


def test_a_part_of_a_debt_carries_its_share_of_the_tax() -> None:
    """bad-debt-vat-relief: of 1,200.00 with 200.00 tax, 240.00 were paid."""
    item = open_item("inv_4", eur("1200"), allocated=240_00)
    made = write_off(
        item,
        eur("200"),
        WriteOffWish(reason="insolvent"),
        write_off_id=WriteOffId("wof_1"),
        tolerances=(),
        on=TODAY,
    )
    assert (made.amount.text, made.tax.text) == ("960.00", "160.00")
    assert bad_debt("960.00", "160.00").kind is WriteOffKind.BAD_DEBT
