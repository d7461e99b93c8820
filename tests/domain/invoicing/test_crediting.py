"""Credit notes: what is given back of an invoice, to the minor unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.ledger.books import EUR, eur, issued
from usance.domain.errors import Invalid
from usance.domain.ids import InvoiceId
from usance.domain.invoicing.crediting import (
    CreditReason,
    CreditWish,
    GivenBackOf,
    LineCredit,
    NotCreditable,
    credit,
    reason_of,
)
from usance.domain.invoicing.invoice import Approved, DocumentType, Draft, Issued
from usance.domain.money import Money

TODAY = date(2026, 4, 2)
NOTHING: dict[int, GivenBackOf] = {}


def invoice(*lines: tuple[int, int], units: int = 1) -> Issued:
    """An issued invoice with a line for each (net in minor units, tax percent)."""
    made = issued("inv_1", lines)
    counted = tuple(structs.replace(line, quantity=Decimal(units)) for line in made.draft.lines)
    draft = replace(made.draft, lines=counted)
    return replace(made, approved=Approved(draft, made.approved.approved_at, "test"))


def give_back(
    source: Issued, *lines: LineCredit, before: dict[int, GivenBackOf] = NOTHING
) -> Draft:
    """A goodwill credit of those lines; of none: of everything left."""
    wish = CreditWish(reason=CreditReason.GOODWILL, lines=lines or None)
    return credit(source, before, wish, invoice_id=InvoiceId("cn_1"), on=TODAY)


def standing(credits: list[Draft]) -> dict[int, GivenBackOf]:
    """What those credit notes gave back, as the store sums it."""
    found: dict[int, GivenBackOf] = {}
    for line in (line for made in credits for line in made.lines):
        assert line.source is not None
        zero = GivenBackOf(eur("0"), eur("0"), Decimal(0))
        before = found.get(line.source.position, zero)
        units = line.working.facts["units"]
        found[line.source.position] = GivenBackOf(
            before.net - line.net, before.tax - line.tax, before.units + Decimal(units)
        )
    return found


def refused(source: Issued, *lines: LineCredit, before: dict[int, GivenBackOf] = NOTHING) -> str:
    """Code, path, and what would be right."""
    with pytest.raises(Invalid) as caught:
        give_back(source, *lines, before=before)
    (problem,) = caught.value.problems
    return f"{problem.code} {problem.path}: {problem.expected}"


def test_a_whole_credit_mirrors_the_invoice_with_the_sign_turned() -> None:
    source = invoice((100_00, 19), (50_00, 7), (-20_00, 19))
    made = give_back(source)
    assert made.type is DocumentType.CREDIT_NOTE
    assert (made.net, made.tax, made.gross) == (
        -source.draft.net,
        -source.draft.tax,
        -source.draft.gross,
    )
    assert [row.tax.text for row in made.taxes] == ["-15.20", "-3.50"]
    assert [line.source for line in made.lines] == [("inv_1", 1), ("inv_1", 2), ("inv_1", 3)]
    assert reason_of(made) == ("GOODWILL", "")


def test_an_amount_of_a_line_takes_its_share_of_the_tax() -> None:
    made = give_back(invoice((100_00, 19), (50_00, 7)), LineCredit(2, amount=eur("10.00")))
    assert [(line.net.text, line.tax.text) for line in made.lines] == [("-10.00", "-0.70")]
    assert made.gross.text == "-10.70"


def test_units_of_a_line_take_its_price_and_all_units_come_to_the_whole() -> None:
    source = invoice((10_00, 19), units=3)
    made: list[Draft] = []
    for _ in range(3):
        wish = LineCredit(1, quantity=Decimal(1))
        made.append(give_back(source, wish, before=standing(made)))
    assert [each.net.text for each in made] == ["-3.33", "-3.34", "-3.33"]
    assert sum(each.gross.minor for each in made) == -source.draft.gross.minor


def test_the_published_rounding_of_a_part_is_kept() -> None:
    made = give_back(invoice((20_000, 25)), LineCredit(1, amount=Money(19_333, EUR)))
    assert (made.net.minor, made.tax.minor, made.gross.minor) == (-19_333, -4_833, -24_166)


def test_more_than_is_left_is_refused_and_says_what_is_left() -> None:
    source = invoice((100_00, 19))
    before = standing([give_back(source, LineCredit(1, amount=eur("60.00")))])
    assert refused(source, LineCredit(1, amount=eur("40.01")), before=before) == (
        "CreditExceedsLine lines[0].amount: at most 40.00 net, what is left of line 1 of N-inv_1"
    )


def test_more_units_than_are_left_are_refused() -> None:
    source = invoice((100_00, 19), units=10)
    before = standing([give_back(source, LineCredit(1, quantity=Decimal(8)))])
    assert refused(source, LineCredit(1, quantity=Decimal(3)), before=before) == (
        "CreditExceedsLine lines[0].quantity: at most 2, what is left of line 1"
    )


def test_units_worth_more_than_the_amount_left_are_refused() -> None:
    source = invoice((100_00, 19), units=10)
    before = standing([give_back(source, LineCredit(1, amount=eur("55.00")))])
    assert refused(source, LineCredit(1, quantity=Decimal(5)), before=before).startswith(
        "CreditExceedsLine lines[0].quantity: at most 45.00 net"
    )


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (LineCredit(3), "UnknownLine lines[0].position"),
        (LineCredit(1, amount=eur("0")), "AmountNotPositive lines[0].amount"),
        (LineCredit(1, amount=eur("-1")), "AmountNotPositive lines[0].amount"),
        (LineCredit(2, amount=eur("1")), "AmountNotPositive lines[0].amount"),
        (LineCredit(1, quantity=Decimal(0)), "QuantityNotPositive lines[0].quantity"),
        (LineCredit(1, eur("1"), Decimal(1)), "AmountOrQuantity lines[0].amount"),
    ],
)
def test_what_cannot_be_given_back_is_named(wish: LineCredit, expected: str) -> None:
    assert refused(invoice((100_00, 19), (-10_00, 19)), wish).startswith(expected)


def test_a_line_is_credited_once_a_note() -> None:
    twice = (LineCredit(1, eur("1")), LineCredit(1, eur("1")))
    assert refused(invoice((100_00, 19)), *twice).startswith("CreditedTwice lines[1].position")


def test_what_was_given_back_whole_has_nothing_left() -> None:
    source = invoice((100_00, 19))
    before = standing([give_back(source)])
    assert refused(source, before=before).startswith("NothingToCredit lines:")
    assert refused(source, LineCredit(1), before=before).startswith("NothingToCredit lines[0]")


def test_a_credit_note_is_not_credited() -> None:
    made = give_back(invoice((100_00, 19)))
    approved = Approved(made, issued("x", [(1, 0)]).approved.approved_at, "test")
    note = Issued(approved=approved, number="CN-1", issued_on=TODAY, due_on=TODAY)
    with pytest.raises(NotCreditable):
        give_back(note)


def test_another_reason_is_told_in_words() -> None:
    with pytest.raises(Invalid, match="note"):
        CreditWish(reason=CreditReason.OTHER)
    assert CreditWish(reason=CreditReason.OTHER, note="sorry").text == "OTHER: sorry"


parts = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 10**9), st.booleans()), min_size=1, max_size=12
)
nets = st.tuples(*[st.integers(-(10**6), 10**6)] * 2, st.integers(10**7, 10**9))


@given(nets=nets, percents=st.tuples(*[st.sampled_from([0, 7, 19, 25])] * 3), wishes=parts)
def test_crediting_everything_gives_back_exactly_what_was_billed(
    nets: tuple[int, int, int], percents: tuple[int, int, int], wishes: list[tuple[int, int, bool]]
) -> None:
    """crediting a line in any parts, in any order, gives back exactly its net and its tax."""
    source = invoice(*zip(nets, percents, strict=True), units=7)
    made: list[Draft] = []
    for position, minor, is_units in wishes:
        before = standing(made)
        line = source.draft.lines[position - 1]
        sign = -1 if line.net.is_negative else 1
        wish = LineCredit(position, Money(sign * (minor % (abs(line.net.minor) + 1)), EUR))
        if is_units:
            wish = LineCredit(position, quantity=Decimal(minor % 7 + 1) / 2)
        try:
            made.append(give_back(source, wish, before=before))
        except Invalid as refusal:
            codes = {problem.code for problem in refusal.problems}
            assert codes <= {
                "CreditExceedsLine",
                "AmountNotPositive",
                "NothingToCredit",
            }
        for at, left in standing(made).items():
            billed = source.draft.lines[at - 1]
            assert abs(left.net.minor) <= abs(billed.net.minor)
            assert abs(left.tax.minor) <= abs(billed.tax.minor)
            assert left.tax.minor * billed.tax.minor >= 0
    before = standing(made)
    rest = source.draft.gross.minor + sum(each.gross.minor for each in made)
    if rest > 0:
        made.append(give_back(source, before=before))
        assert sum(each.gross.minor for each in made) == -source.draft.gross.minor
        for at, back in standing(made).items():
            billed = source.draft.lines[at - 1]
            assert (back.net, back.tax) == (billed.net, billed.tax)
