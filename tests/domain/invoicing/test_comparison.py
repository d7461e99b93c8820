"""Comparison: what is new, gone, more, dearer; and that the differences add up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.invoicing.agreement import CALLS, SEATS, agreement, calls, drafts_of
from usance.domain.due_items import Source
from usance.domain.ids import ContractId, InvoiceId, LineId
from usance.domain.invoicing.comparison import Change, compare, percent_of
from usance.domain.invoicing.invoice import Draft, InvoiceLine
from usance.domain.money import Money, currency

EUR = currency("EUR")


def plain() -> Draft:
    """Ten seats and a hundred calls in January."""
    (draft,) = drafts_of(agreement(SEATS, CALLS), counted=calls("100"))
    return draft


def with_lines(draft: Draft, *lines: InvoiceLine) -> Draft:
    """The draft with those lines, free of tax."""
    untaxed = tuple(structs.replace(line, tax=Money(0, EUR)) for line in lines)
    net = Money(sum(line.net.minor for line in lines), EUR)
    return replace(draft, lines=untaxed, taxes=(), net=net, tax=Money(0, EUR), gross=net)


SEATS_LINE, CALLS_LINE = plain().lines


def test_the_first_of_its_kind_is_new_in_every_line() -> None:
    found = compare(plain(), None)
    assert [line.changes for line in found.lines] == [(Change.NEW,), (Change.NEW,)]
    assert found.net_difference == plain().net
    assert found.gross_difference == plain().gross
    assert found.percent is None


def test_the_same_document_again_says_the_same() -> None:
    found = compare(plain(), plain())
    assert [line.changes for line in found.lines] == [(), ()]
    assert found.gross_difference.is_zero
    assert found.percent == 0


def test_more_of_it_dearer_of_it_and_both() -> None:
    more = structs.replace(CALLS_LINE, quantity=Decimal(300), net=Money(300, EUR))
    dearer = structs.replace(SEATS_LINE, unit_amount=Decimal(40), net=Money(40000, EUR))
    found = compare(with_lines(plain(), dearer, more), with_lines(plain(), SEATS_LINE, CALLS_LINE))
    assert [line.changes for line in found.lines] == [
        (Change.PRICE, Change.AMOUNT),
        (Change.QUANTITY, Change.AMOUNT),
    ]
    assert [line.difference.text for line in found.lines] == ["100.00", "2.00"]
    assert found.percent == 34


def test_what_is_gone_comes_last() -> None:
    found = compare(with_lines(plain(), CALLS_LINE), with_lines(plain(), SEATS_LINE, CALLS_LINE))
    assert [(line.line.description, line.changes) for line in found.lines] == [
        ("Calls", ()),
        ("Seats", (Change.GONE,)),
    ]
    assert found.net_difference.text == "-300.00"


def test_a_renewed_line_is_found_by_its_name_and_a_credit_is_no_charge() -> None:
    renewed = structs.replace(SEATS_LINE, line_id=LineId("line_new"))
    back = structs.replace(SEATS_LINE, net=Money(-100, EUR), source=Source(InvoiceId("inv_0"), 1))
    found = compare(with_lines(plain(), renewed, back), with_lines(plain(), SEATS_LINE))
    assert [line.changes for line in found.lines] == [(), (Change.NEW,)]


def test_two_slices_of_one_line_are_compared_in_their_order() -> None:
    twice = structs.replace(SEATS_LINE, net=Money(100, EUR))
    found = compare(
        with_lines(plain(), SEATS_LINE, twice), with_lines(plain(), SEATS_LINE, SEATS_LINE)
    )
    assert [line.changes for line in found.lines] == [(), (Change.AMOUNT,)]
    one_less = compare(with_lines(plain(), SEATS_LINE), with_lines(plain(), SEATS_LINE, SEATS_LINE))
    assert [line.changes for line in one_less.lines] == [(), (Change.GONE,)]


def test_a_percentage_is_whole_and_follows_the_sign_of_the_change() -> None:
    assert (percent_of(50, 200), percent_of(-50, 200), percent_of(1, 3)) == (25, -25, 33)


lines = st.lists(
    st.builds(
        lambda name, ref, minor, quantity: structs.replace(
            SEATS_LINE,
            description=name,
            line_id=ref,
            contract_id=ContractId("ctr"),
            net=Money(minor, EUR),
            quantity=Decimal(quantity),
        ),
        st.sampled_from("abc"),
        st.sampled_from([None, LineId("l1"), LineId("l2"), LineId("l3")]),
        st.integers(-(10**6), 10**9),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=8,
).filter(lambda found: sum(line.net.minor for line in found) >= 0)


@given(lines, lines)
def test_every_line_is_compared_once_and_the_differences_add_up(
    now: list[InvoiceLine], before: list[InvoiceLine]
) -> None:
    """Two documents are compared line by line, each line once, and the differences add up."""
    later, earlier = with_lines(plain(), *now), with_lines(plain(), *before)
    found = compare(later, earlier)
    assert [line.now for line in found.lines if line.now] == list(later.lines)
    matched = [line.before for line in found.lines if line.before]
    assert sorted(map(repr, matched)) == sorted(map(repr, earlier.lines))
    assert found.net_difference == later.net - earlier.net
