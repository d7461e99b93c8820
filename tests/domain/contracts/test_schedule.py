"""The schedule: slices that tile, what falls due when, and nothing twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.domain.deals import (
    ANCHORS,
    CADENCES,
    DAYS,
    EUR,
    FAR,
    FREE,
    MONTHLY,
    NET_30,
    TERMS,
    YEARLY,
    contracts,
    order,
    orders,
    signed,
)
from tests.domain.standing import standing
from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus
from usance.domain.contracts.order import Order, OrderLine, Segment, Timing
from usance.domain.contracts.order_problems import order_problems
from usance.domain.contracts.owed import due
from usance.domain.contracts.schedule import looked_at_from, slices
from usance.domain.contracts.terms import ContractTerms
from usance.domain.due_items import DueItem, LineKind, Piece
from usance.domain.ids import FeatureId, LineId
from usance.domain.rating.prices import PerUnit, Pricing
from usance.domain.rating.rate import rate_line

FREE_CONTRACTS = contracts(pricing=st.just(FREE))
NO_PRICE_CADENCE = orders(pricing=st.just(FREE)).map(
    lambda made: replace(
        made, lines=tuple(replace(line, price_cadence=None) for line in made.lines)
    )
)


def period_of(item: DueItem) -> tuple[LineId, date]:
    """The billing period it belongs to: what falls due together of one line."""
    return item.line_id, item.due_on


def some_of(items: tuple[DueItem, ...], data: st.DataObject) -> list[DueItem]:
    """Any of these."""
    return data.draw(st.lists(st.sampled_from(items), unique_by=key_of)) if items else []


def key_of(item: DueItem) -> tuple[LineId, date]:
    """Which slice it is."""
    return item.key


@given(orders())
def test_a_random_order_is_one_we_would_accept(made: Order) -> None:
    assert order_problems(made) == []


@given(FREE_CONTRACTS)
def test_the_slices_of_a_line_cover_each_day_of_its_service_window_exactly_once(
    contract: Contract,
) -> None:
    for line in contract.lines:
        pieces = list(slices(line, terms=contract.terms))
        reached = line.sold.window.start
        for piece in pieces:
            assert piece.period.start == reached
            assert piece.segment.period.covers(piece.period)
            reached = piece.period.end
        assert reached == line.sold.window.end
        assert [each.due_on for each in pieces] == sorted(each.due_on for each in pieces)


@given(NO_PRICE_CADENCE)
def test_the_shares_of_a_whole_period_come_to_one(made: Order) -> None:
    for line in signed(made).lines:
        sold = line.sold
        for piece in slices(line):
            whole = (
                sold.window
                if sold.cadence is None
                else sold.cadence.period_at(sold.anchor, piece.period.start)
            )
            assert piece.share == Fraction(piece.period.days, whole.days)


@given(TERMS, ANCHORS, st.integers(1, 4), st.data())
def test_a_price_by_the_month_counts_the_same_months_however_often_it_is_billed(
    term: Period, anchor: date, quarters: int, data: st.DataObject
) -> None:
    cut = data.draw(st.sets(st.integers(1, 800), max_size=2)) & set(range(1, term.days))
    days = [0, *sorted(cut), term.days]
    steps = tuple(
        Segment(
            Period(term.start + timedelta(days=one), term.start + timedelta(days=two)),
            FREE,
            Decimal(1),
        )
        for one, two in pairwise(days)
    )
    by_cadence = [
        sum(
            piece.share
            for piece in slices(
                recurring(term, cadence=each, price_cadence=MONTHLY, anchor=anchor, steps=steps)
            )
        )
        for each in (MONTHLY, Cadence(quarters, Unit.QUARTER), None)
    ]
    assert by_cadence[0] == by_cadence[1] == by_cadence[2]


@given(FREE_CONTRACTS, DAYS, DAYS)
def test_what_is_due_by_a_later_day_contains_what_was_due_by_an_earlier_one(
    contract: Contract, one: date, other: date
) -> None:
    early, late = sorted((one, other))
    before, after = due(contract, through=early).items, due(contract, through=late).items
    assert after[: len(before)] == before
    assert all(item.due_on <= early for item in before)
    assert all(early < item.due_on <= late for item in after[len(before) :])


@given(FREE_CONTRACTS, DAYS, st.data())
def test_what_was_billed_falls_due_no_more(
    contract: Contract, through: date, data: st.DataObject
) -> None:
    everything = due(contract, through=through).items
    chosen = {period_of(item) for item in some_of(everything, data)}
    billed = [item for item in everything if period_of(item) in chosen]
    left = due(contract, through=through, standing=standing(billed)).items
    assert left == tuple(item for item in everything if period_of(item) not in chosen)
    all_of_it = standing(due(contract, through=FAR).items)
    assert due(contract, through=through, standing=all_of_it).items == ()
    assert due(contract, through=FAR, standing=all_of_it).next_on is None


@given(contracts(), st.data())
def test_of_a_period_billed_in_part_the_rest_falls_due_and_nothing_is_given_back(
    contract: Contract, data: st.DataObject
) -> None:
    """It falls due on the first day that is missing, and no earlier than the period did."""
    everything = due(contract, through=FAR).items
    billed = some_of(everything, data)
    left = due(contract, through=FAR, standing=standing(billed)).items
    keys = {item.key for item in billed}
    rest = {item.key: item for item in everything if item.key not in keys}
    assert {item.key for item in left} == rest.keys()
    assert len(left) == len(rest)
    for item in left:
        plain = rest[item.key]
        assert structs.replace(item, due_on=plain.due_on) == plain
        assert plain.due_on <= item.due_on <= max(plain.due_on, plain.service_period.start)


@given(FREE_CONTRACTS)
def test_no_line_has_two_slices_that_start_on_one_day(contract: Contract) -> None:
    keys = [item.key for item in due(contract, through=FAR).items]
    assert len(keys) == len(set(keys))


def read_since(
    contract: Contract, pieces: dict[str, list[Piece]], since: date
) -> dict[str, list[Piece]]:
    """Those that the store reads for a look from that day on."""
    first = {line.id: looked_at_from(line, since, contract.terms) for line in contract.lines}
    return {
        line_id: [piece for piece in pieces.get(line_id, []) if piece.start >= day]
        for line_id, day in first.items()
    }


@given(FREE_CONTRACTS, DAYS, DAYS, st.data())
def test_a_look_from_the_day_before_which_all_is_billed_finds_what_a_look_at_everything_finds(
    contract: Contract, through: date, since: date, data: st.DataObject
) -> None:
    everything = due(contract, through=FAR).items
    before = [item for item in everything if item.due_on < since]
    later = tuple(item for item in everything if item.due_on >= since)
    billed = standing([*before, *some_of(later[:20], data)])
    hinted = due(
        contract, through=through, standing=read_since(contract, billed, since), since=since
    )
    plain = due(contract, through=through, standing=billed)
    assert hinted.items == plain.items
    if since <= through:
        assert hinted.next_on == plain.next_on


@given(FREE_CONTRACTS, DAYS)
def test_the_next_day_is_the_day_the_next_item_falls_due(contract: Contract, through: date) -> None:
    now = due(contract, through=through)
    rest = due(contract, through=FAR, standing=standing(now.items)).items
    assert now.next_on == min((item.due_on for item in rest), default=None)


@given(FREE_CONTRACTS, st.sampled_from(ContractStatus))
def test_only_a_contract_that_is_agreed_and_not_canceled_owes_anything(
    contract: Contract, status: ContractStatus
) -> None:
    owed = due(replace(contract, status=status), through=FAR)
    agreed = (ContractStatus.ACTIVE, ContractStatus.END_BILLING)
    assert bool(owed.items) == (status in agreed)
    assert owed.next_on is None


@given(FREE_CONTRACTS)
def test_what_is_in_advance_falls_due_at_the_start_and_arrears_at_the_end_usage_after_its_hold(
    contract: Contract,
) -> None:
    lines = {line.id: line.sold for line in contract.lines}
    for item in due(contract, through=FAR).items:
        sold = lines[item.line_id]
        if item.kind is LineKind.USAGE:
            held = timedelta(days=contract.terms.usage_hold_days)
            assert item.due_on >= item.service_period.end + held
            assert item.quantity is None
        elif sold.timing is Timing.IN_ARREARS:
            assert item.due_on >= item.service_period.end
        else:
            assert item.due_on <= item.service_period.start
        assert item.is_usage == (item.quantity is None)


# Examples


def recurring(
    window: Period,
    *,
    cadence: Cadence | None = MONTHLY,
    price_cadence: Cadence | None = None,
    anchor: date | None = None,
    steps: tuple[Segment, ...] = (),
    timing: Timing = Timing.IN_ADVANCE,
) -> ContractLine:
    """A recurring line, by default one seat, free, monthly in advance from its first day."""
    sold = OrderLine(
        ref="l1",
        name="Seats",
        kind=LineKind.RECURRING,
        window=window,
        segments=steps or (Segment(window, FREE, Decimal(1)),),
        cadence=cadence,
        price_cadence=price_cadence,
        timing=timing,
        anchor=window.start if anchor is None else anchor,
    )
    return signed(order(window, [sold])).lines[0]


def days(text: str) -> Period:
    """`2025-01-31..2026-01-31`."""
    start, end = text.split("..")
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def shown(line: ContractLine, hold_days: int = 0) -> list[str]:
    """Each slice on a line: due day, days, share."""
    terms = ContractTerms(payment_terms=NET_30, usage_hold_days=hold_days)
    return [
        f"{piece.due_on:%d %b}  {piece.period.start:%d %b}-{piece.period.end:%d %b}  {piece.share}"
        for piece in slices(line, terms=terms)
    ]


def test_a_contract_of_the_31st_bills_on_the_last_day_of_short_months() -> None:
    line = recurring(days("2025-01-31..2025-06-30"))
    assert shown(line) == [
        "31 Jan  31 Jan-28 Feb  1",
        "28 Feb  28 Feb-31 Mar  1",
        "31 Mar  31 Mar-30 Apr  1",
        "30 Apr  30 Apr-31 May  1",
        "31 May  31 May-30 Jun  1",
    ]


def test_a_line_that_begins_between_boundaries_has_a_short_first_and_last_period() -> None:
    line = recurring(days("2025-01-20..2025-03-11"), anchor=date(2025, 1, 1))
    assert shown(line) == [
        "20 Jan  20 Jan-01 Feb  12/31",
        "01 Feb  01 Feb-01 Mar  1",
        "01 Mar  01 Mar-11 Mar  10/31",
    ]


def test_an_anchor_after_the_window_counts_back() -> None:
    line = recurring(days("2025-01-01..2025-03-01"), anchor=date(2026, 8, 15))
    assert shown(line) == [
        "01 Jan  01 Jan-15 Jan  14/31",
        "15 Jan  15 Jan-15 Feb  1",
        "15 Feb  15 Feb-01 Mar  1/2",
    ]


def test_a_ramp_that_steps_in_the_middle_of_a_period_makes_two_slices_due_together() -> None:
    window = days("2025-01-01..2025-03-01")
    steps = (
        Segment(days("2025-01-01..2025-01-16"), FREE, Decimal(10)),
        Segment(days("2025-01-16..2025-03-01"), FREE, Decimal(20)),
    )
    assert shown(recurring(window, steps=steps)) == [
        "01 Jan  01 Jan-16 Jan  15/31",
        "01 Jan  16 Jan-01 Feb  16/31",
        "01 Feb  01 Feb-01 Mar  1",
    ]


def test_an_expansion_in_july_is_billed_to_the_end_of_the_contract_year() -> None:
    """20 seats at 30.00 a month, yearly in advance, from July: six months, 3,600.00."""
    window = days("2025-07-01..2026-01-01")
    seats = Segment(window, Pricing(price=PerUnit(Decimal(30))), Decimal(20))
    line = recurring(
        window, cadence=YEARLY, price_cadence=MONTHLY, anchor=date(2025, 1, 1), steps=(seats,)
    )
    assert shown(line) == ["01 Jul  01 Jul-01 Jan  6"]
    (piece,) = slices(line)
    net = rate_line(seats.pricing, seats.quantity, currency=EUR, share=piece.share).net
    assert net.text == "3600.00"


def test_a_yearly_bill_of_a_monthly_price_counts_days_in_the_months_that_are_cut() -> None:
    line = recurring(
        days("2025-01-15..2025-12-06"),
        cadence=YEARLY,
        price_cadence=MONTHLY,
        anchor=date(2025, 1, 1),
    )
    assert [piece.share for piece in slices(line)] == [Fraction(17, 31) + 10 + Fraction(5, 31)]


def test_a_year_in_arrears_falls_due_on_the_day_after_its_last() -> None:
    line = recurring(days("2024-02-29..2026-02-28"), cadence=YEARLY, timing=Timing.IN_ARREARS)
    assert shown(line) == ["28 Feb  29 Feb-28 Feb  1", "28 Feb  28 Feb-28 Feb  1"]


def test_the_whole_window_is_one_period_without_a_cadence() -> None:
    line = recurring(days("2025-01-01..2025-12-24"), cadence=None)
    assert shown(line) == ["01 Jan  01 Jan-24 Dec  1"]


def metered(window: Period) -> OrderLine:
    """API calls, by the month."""
    return OrderLine(
        ref="l2",
        name="Calls",
        kind=LineKind.USAGE,
        window=window,
        segments=(Segment(window, FREE, Decimal(0)),),
        cadence=MONTHLY,
        timing=Timing.IN_ARREARS,
        anchor=window.start,
        feature_id=FeatureId("calls"),
    )


def test_usage_waits_for_its_hold_and_is_found_by_a_look_from_its_due_day() -> None:
    window = days("2025-01-01..2025-03-01")
    terms = ContractTerms(payment_terms=NET_30, usage_hold_days=3)
    contract = signed(order(window, [metered(window)], terms=terms))
    assert shown(contract.lines[0], hold_days=3) == [
        "04 Feb  01 Jan-01 Feb  1",
        "04 Mar  01 Feb-01 Mar  1",
    ]
    assert due(contract, through=date(2025, 2, 3)).items == ()
    assert due(contract, through=date(2025, 2, 3)).next_on == date(2025, 2, 4)
    late = due(contract, through=date(2025, 3, 4), since=date(2025, 3, 4))
    assert [str(item.service_period) for item in late.items] == ["2025-02-01..2025-03-01"]


@pytest.mark.parametrize("kind", [LineKind.ONE_OFF, LineKind.MILESTONE])
def test_what_happens_once_falls_due_once_on_its_day(kind: LineKind) -> None:
    term, day = days("2025-01-01..2026-01-01"), days("2025-05-02..2025-05-03")
    sold = replace(
        recurring(day, cadence=None).sold, kind=kind, name="Go-live", timing=Timing.IN_ARREARS
    )
    contract = signed(order(term, [sold]))
    assert due(contract, through=date(2025, 5, 1)).next_on == day.start
    (item,) = due(contract, through=FAR).items
    assert (item.due_on, item.share, item.position) == (day.start, Fraction(1), 0)


def test_items_come_by_day_then_by_line_as_signed() -> None:
    window = days("2025-01-01..2025-03-01")
    first = replace(recurring(window).sold, ref="l1")
    contract = signed(order(window, [metered(window), first]))
    found = [(item.due_on.isoformat(), item.line_ref) for item in due(contract, through=FAR).items]
    assert found == [
        ("2025-01-01", "l1"),
        ("2025-02-01", "l2"),
        ("2025-02-01", "l1"),
        ("2025-03-01", "l2"),
    ]


def test_a_line_or_contract_may_ask_for_an_invoice_of_its_own() -> None:
    window = days("2025-01-01..2025-02-01")
    sold = [replace(recurring(window).sold, ref=f"l{n}", is_separate=n == 2) for n in (1, 2)]
    together = signed(order(window, sold))
    alone = replace(together, terms=ContractTerms(payment_terms=NET_30, is_consolidated=False))
    for contract, expected in ((together, ""), (alone, alone.id)):
        first, second = due(contract, through=FAR).items
        assert (first.grouping.alone, second.grouping.alone) == (expected, second.line_id)


@given(CADENCES, ANCHORS, TERMS)
def test_a_cut_period_never_holds_more_than_one(
    cadence: Cadence, anchor: date, term: Period
) -> None:
    shares = [each.share for each in slices(recurring(term, cadence=cadence, anchor=anchor))]
    assert all(0 < share <= 1 for share in shares)
    assert all(share == 1 for share in shares[1:-1])
