"""Any order that can be built is written as a form and read back the same."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from usance.documents.order_form import order_from, plain_order, read_form
from usance.domain.calendar import Cadence, Period, Unit
from usance.domain.contracts.order import Order, OrderLine, Segment, Timing
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId, OrderId
from usance.domain.money import Money, currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import Flat, Graduated, PerUnit, Pricing, Tier

EXAMPLE = Path(__file__).parents[2] / "examples" / "orders" / "larkspur-2025.yaml"

USD = currency("USD")
TERM = Period(date(2025, 1, 31), date(2027, 1, 31))
amounts = st.decimals("0", "99999", places=4).map(lambda number: number + 0)
prices = st.one_of(
    amounts.map(Flat),
    amounts.map(PerUnit),
    st.tuples(amounts, amounts).map(
        lambda pair: Graduated((Tier(Decimal(10), pair[0]), Tier(None, pair[1])))
    ),
)
pricings = st.builds(
    Pricing, price=prices, included=amounts, minimum=st.none() | amounts, maximum=st.none()
)
quantities = st.decimals("0", "10000", places=3)
cadences = st.none() | st.builds(
    Cadence, st.integers(1, 4), st.sampled_from([Unit.MONTH, Unit.QUARTER, Unit.YEAR])
)
texts = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=40)
names = texts.filter(str.strip)


@st.composite
def lines(draw: st.DrawFn, ref: str) -> OrderLine:
    kind = draw(st.sampled_from(LineKind))
    is_usage = kind is LineKind.USAGE
    start = TERM.start + timedelta(days=draw(st.integers(0, 300)))
    days = 1 if kind.is_once else draw(st.integers(2, 400))
    window = Period(start, start + timedelta(days=days))
    cuts = set() if kind.is_once else draw(st.sets(st.integers(1, days - 1), max_size=3))
    edges = [start + timedelta(days=cut) for cut in sorted({0, days, *cuts})]
    segments = tuple(
        Segment(Period(*pair), draw(pricings), Decimal(0) if is_usage else draw(quantities))
        for pair in pairwise(edges)
    )
    return OrderLine(
        ref=ref,
        name=draw(names),
        kind=kind,
        window=window,
        segments=segments,
        cadence=None if kind.is_once else draw(cadences),
        timing=Timing.IN_ARREARS if is_usage else Timing.IN_ADVANCE,
        anchor=start if kind.is_once else TERM.start,
        unit=draw(texts),
        feature_id=FeatureId("api") if is_usage else None,
        is_separate=draw(st.booleans()),
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    sold = tuple(draw(lines(f"line-{index}")) for index in range(draw(st.integers(1, 4))))
    base = order_from(read_form(EXAMPLE.read_text(encoding="utf-8")), order_id=OrderId("ord_1"))
    terms = base.terms
    return Order(
        id=base.id,
        kind=base.kind,
        customer_id=base.customer_id,
        legal_entity_id=base.legal_entity_id,
        contract_id=base.contract_id,
        contract_name=draw(names),
        currency=USD,
        term=TERM,
        effective_on=TERM.start + timedelta(days=draw(st.integers(0, 700))),
        terms=type(terms)(
            payment_terms=PaymentTerms(draw(st.integers(0, 365))),
            po_number=draw(texts),
            is_po_required=draw(st.booleans()),
            usage_hold_days=draw(st.integers(0, 90)),
            approve_under=draw(st.none() | st.integers(0, 10**9).map(lambda m: Money(m, USD))),
            is_consolidated=draw(st.booleans()),
        ),
        lines=sold,
        signature=draw(st.none() | st.just(base.signature)),
        crm_ref=draw(texts),
        tags=tuple(draw(st.lists(texts, max_size=3))),
    )


@given(orders())
def test_an_order_written_as_a_form_and_read_again_is_the_same_order(order: Order) -> None:
    text = json.dumps(plain_order(order), ensure_ascii=False)
    again = order_from(read_form(text), order_id=OrderId("another"))
    assert again == order
