"""The history of a contract: each state as if folded anew, each difference by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.contracts.lives import contract_of, first_orders, later_orders
from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.changes_between import Difference, LineChanged, changes_between
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.history import Chapter, history
from usance.domain.contracts.order import LineChange, Order, OrderKind, OrderLine, Segment
from usance.domain.contracts.terms import ContractTerms, Refund, Termination, TermsChange
from usance.domain.contracts.uplift import Uplift
from usance.domain.contracts.value import contract_value
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, CustomerId, LegalEntityId, LineId, OrderId
from usance.domain.money import currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import PerUnit, Pricing

EUR = currency("EUR")
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))
THREE_YEARS = Period(date(2025, 1, 1), date(2028, 1, 1))


@st.composite
def lives(draw: st.DrawFn) -> list[Order]:
    """A first order, with an uplift or not, and some later ones in no order."""
    first = draw(first_orders())
    uplift = draw(st.sampled_from([None, Uplift(percent=Decimal("3.5"))]))
    begun = replace(first, terms=replace(first.terms, uplift=uplift))
    return [begun, *draw(later_orders(first))]


def chapters(*orders: Order) -> list[Chapter]:
    return list(history(orders, line_id=lambda ref, on: LineId(f"{ref}@{on}")))


def seats(term: Period = YEAR) -> OrderLine:
    price = Pricing(price=PerUnit(Decimal(30)))
    return OrderLine(
        ref="seats",
        name="Seats",
        kind=LineKind.RECURRING,
        window=term,
        segments=(Segment(term, price, Decimal(10)),),
        cadence=Cadence(1, Unit.MONTH),
        anchor=term.start,
        ends_with_contract=True,
    )


def first(term: Period = YEAR, *, uplift: Uplift | None = None) -> Order:
    return Order(
        id=OrderId("o1"),
        kind=OrderKind.INITIAL,
        customer_id=CustomerId("nordlicht"),
        legal_entity_id=LegalEntityId("halden-de"),
        contract_id=ContractId("c1"),
        contract_name="Framework",
        currency=EUR,
        term=term,
        effective_on=term.start,
        terms=ContractTerms(payment_terms=PaymentTerms(30), uplift=uplift),
        lines=(seats(term),),
    )


def later(number: int, kind: OrderKind, on: date, **said: object) -> Order:
    base = replace(first(), lines=(), id=OrderId(f"o{number}"), kind=kind, effective_on=on)
    return replace(base, **said)  # type: ignore[arg-type]


def plain(contract: Contract) -> Contract:
    """Without the keys of its segments, which history does not make."""
    lines = (
        replace(
            line,
            sold=replace(
                line.sold, segments=tuple(replace(each, key="") for each in line.sold.segments)
            ),
        )
        for line in contract.lines
    )
    return replace(contract, lines=tuple(lines))


@given(lives())
def test_each_state_of_a_history_is_what_its_orders_fold_to(life: list[Order]) -> None:
    told = chapters(*life)
    for count, chapter in enumerate(told, start=1):
        anew = contract_of([each.order for each in told[:count]])
        assert plain(chapter.contract) == plain(anew)
        assert chapter.value == contract_value(anew)


@given(lives(), st.data())
def test_a_history_does_not_depend_on_the_order_of_typing(
    life: list[Order], data: st.DataObject
) -> None:
    typed = data.draw(st.permutations(life))
    assert chapters(*typed) == chapters(*life)


@given(lives())
def test_a_state_does_not_differ_from_itself(life: list[Order]) -> None:
    contract = contract_of(life)
    changes = changes_between(contract, contract_of(life))
    assert (changes.contract, changes.lines) == ((), ())


def test_an_expansion_shows_more_from_its_day_on_and_what_that_is_worth() -> None:
    more = LineChange(ref="seats", adds=Decimal(5))
    told = chapters(first(), later(2, OrderKind.EXPANSION, date(2025, 7, 1), changes=(more,)))
    assert [each.value.total.text for each in told] == ["3600.00", "4500.00"]
    [line] = told[1].changes.lines
    half = Period(date(2025, 7, 1), date(2026, 1, 1))
    assert line.changed is LineChanged.CHANGED
    assert line.differences == (Difference("quantity", Decimal(10), Decimal(15), half),)
    [opened] = told[0].changes.lines
    assert opened.changed is LineChanged.OPENED
    assert [each.field for each in opened.differences] == ["window", "quantity", "price"]


def test_an_amendment_shows_the_terms_it_changes() -> None:
    change = TermsChange(payment_terms=PaymentTerms(60), po_number="PO-2")
    on = date(2025, 3, 1)
    told = chapters(first(), later(2, OrderKind.AMENDMENT, on, terms_change=change))
    named = {each.field: (each.before, each.after) for each in told[1].changes.contract}
    assert named == {
        "payment_terms": (PaymentTerms(30), PaymentTerms(60)),
        "po_number": ("", "PO-2"),
    }
    assert told[1].changes.contract[0].days == Period(on, YEAR.end)


def test_a_termination_ends_the_term_and_its_lines() -> None:
    on = date(2025, 4, 1)
    said = Termination(refund=Refund.PRO_RATA)
    told = chapters(first(), later(2, OrderKind.TERMINATION, on, termination=said))
    [line] = told[1].changes.lines
    assert line.changed is LineChanged.ENDED
    assert line.differences == (Difference("window", YEAR, Period(YEAR.start, on)),)
    assert {each.field for each in told[1].changes.contract} == {"term", "terminated_on"}
    assert told[1].value.total.text == "900.00"


def test_a_line_that_ends_before_it_began_is_gone() -> None:
    start = date(2025, 6, 1)
    window = Period(start, YEAR.end)
    other = replace(seats(window), ref="other", anchor=start)
    adds = later(2, OrderKind.EXPANSION, date(2025, 2, 1), lines=(other,))
    ends = LineChange(ref="other", ends=True, starts_on=start)
    told = chapters(first(), adds, later(3, OrderKind.AMENDMENT, date(2025, 3, 1), changes=(ends,)))
    [line] = told[2].changes.lines
    assert (line.line.sold.ref, line.changed) == ("other", LineChanged.ENDED)
    assert line.differences == (Difference("window", window, None),)
    assert told[2].value == told[0].value


def test_uplifts_are_listed_with_their_day_and_factor() -> None:
    rule = Uplift(percent=Decimal(3))
    [chapter] = chapters(first(THREE_YEARS, uplift=rule))
    assert [(each.on, float(each.by.factor)) for each in chapter.raises] == [
        (date(2026, 1, 1), 1.03),
        (date(2027, 1, 1), 1.03),
    ]
    unknown = Uplift(index="CPI-U", floor=Decimal(2))
    [chapter] = chapters(first(THREE_YEARS, uplift=unknown))
    assert [each.is_known for each in chapter.raises] == [False, False]
    assert chapter.raises[0].by.of == date(2025, 11, 1)


def test_an_order_that_cannot_take_effect_says_so_in_its_chapter() -> None:
    change = LineChange(ref="nothing", quantity=Decimal(1))
    told = chapters(first(), later(2, OrderKind.AMENDMENT, date(2025, 3, 1), changes=(change,)))
    assert [problem.code for problem in told[1].troubles] == ["UnknownLine"]
    assert (told[1].changes.contract, told[1].changes.lines) == ((), ())


@pytest.mark.parametrize("months", [1, 12])
def test_moving_the_end_revalues_the_part_period_it_had(months: int) -> None:
    moved = Period(date(2025, 2, 1), date(2026, 1, 15))
    on = later(2, OrderKind.AMENDMENT, moved.start, term=moved, moves_end=True)
    again = Period(date(2025, 3, 1), date(2026, 3, 15))
    back = later(3, OrderKind.AMENDMENT, again.start, term=again, moves_end=True)
    line = replace(seats(), cadence=Cadence(months, Unit.MONTH))
    start = replace(first(), lines=(line,))
    told = chapters(start, on, back)
    assert told[2].value == contract_value(contract_of([start, on, back]))
