"""Random orders of every kind, as a form can say them, for round trips."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from usance.domain.approval_rules import ApprovalRules
from usance.domain.calendar import LAST_DAY, Cadence, Period, Unit
from usance.domain.contracts.order import (
    Instalment,
    LineChange,
    Order,
    OrderKind,
    OrderLine,
    Segment,
    Signature,
    Stub,
    Timing,
)
from usance.domain.contracts.terms import (
    ContractTerms,
    Corrections,
    DatedDiscount,
    LateUsage,
    PartyChange,
    PoNumber,
    Refund,
    RenewalTerms,
    Scope,
    Termination,
    TermsChange,
)
from usance.domain.contracts.uplift import Uplift
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, CustomerId, FeatureId, LegalEntityId, OrderId
from usance.domain.money import Money, currency
from usance.domain.payment_terms import NET_30, PaymentTerms
from usance.domain.rating.prices import Discount, Flat, Graduated, PerUnit, Pricing, Tier
from usance.domain.rating.proration import Proration

USD = currency("USD")
TERM = Period(date(2025, 1, 31), date(2027, 1, 31))
MONTHLY = Cadence(1, Unit.MONTH)
amounts = st.decimals("0", "99999", places=4).map(lambda number: number + 0)
percents = st.decimals("0", "100", places=2)
monies = st.integers(0, 10**9).map(lambda minor: Money(minor, USD))
texts = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=20)
names = texts.filter(str.strip)
days = st.integers(0, 700).map(lambda count: TERM.start + timedelta(days=count))
discounts = st.builds(Discount, percent=percents, reason=texts) | st.builds(
    Discount, amount=amounts, reason=texts
)
prices = st.one_of(
    amounts.map(Flat),
    amounts.map(PerUnit),
    st.tuples(amounts, amounts).map(
        lambda pair: Graduated((Tier(Decimal(10), pair[0]), Tier(None, pair[1])))
    ),
)
pricings = st.builds(
    Pricing,
    price=prices,
    included=amounts,
    minimum=st.none() | amounts,
    maximum=st.none(),
    discounts=st.lists(discounts, max_size=2).map(tuple),
)
quantities = st.decimals("0", "10000", places=3)
cadences = st.builds(
    Cadence, st.integers(1, 4), st.sampled_from([Unit.MONTH, Unit.QUARTER, Unit.YEAR])
)
uplifts = st.builds(Uplift, percent=percents) | st.builds(
    Uplift,
    index=st.just("CPI-U"),
    lag_months=st.integers(0, 6),
    floor=st.none() | st.just(Decimal(1)),
    cap=st.none() | st.just(Decimal("5.5")),
)
renewals = st.builds(
    RenewalTerms,
    is_automatic=st.booleans(),
    months=st.integers(1, 60),
    notice_days=st.integers(0, 90),
    uplift=st.none() | uplifts,
)
po_numbers = st.sets(days, min_size=2, max_size=4).map(
    lambda edges: tuple(
        PoNumber(Period(*pair), f"PO-{index}") for index, pair in enumerate(pairwise(sorted(edges)))
    )
)
payment_terms = st.integers(0, 365).map(PaymentTerms)
maybe_days = st.none() | days


@st.composite
def plans(draw: st.DrawFn, start: date) -> tuple[Instalment, ...]:
    """A deposit of an amount or a share, perhaps another share, and the rest."""
    first = Instalment(on=start, name="Deposit") if draw(st.booleans()) else None
    second = Instalment(on=start + timedelta(days=90), percent=draw(percents))
    rest = Instalment(on=start + timedelta(days=180), name=draw(texts.filter(str.strip)))
    if first is None:
        return (second, rest)
    paid = Decimal(100) - (second.percent or 0)
    return (Instalment(on=start, percent=paid, name="Deposit"), second)


@st.composite
def lines(draw: st.DrawFn, ref: str, *, within: Period, is_open: bool) -> OrderLine:
    """A line of any kind; `is_open`: the contract's end is not in the order."""
    kind = draw(st.sampled_from(LineKind))
    base = draw(st.booleans()) and not kind.is_once
    start = within.start + timedelta(days=draw(st.integers(0, 200)))
    is_later = kind is LineKind.MILESTONE and draw(st.booleans())
    start = within.start if is_later else start
    contract_end = LAST_DAY if is_open else within.end
    length = 1 if kind.is_once else draw(st.integers(2, 300))
    window = Period(start, contract_end if base else start + timedelta(days=length))
    line = OrderLine(
        ref=ref,
        name=draw(names),
        kind=kind,
        window=window,
        segments=draw(steps(kind, window)),
        anchor=start,
        ends_with_contract=base,
        is_done_later=is_later,
        unit=draw(texts),
        tax_code=draw(st.sampled_from(["standard", "reduced"])),
        is_tax_inclusive=draw(st.booleans()),
        is_separate=draw(st.booleans()),
        control_total=draw(monies) if is_open and draw(st.booleans()) else None,
    )
    return draw(billed(line))


@st.composite
def steps(draw: st.DrawFn, kind: LineKind, window: Period) -> tuple[Segment, ...]:
    """The days of the window, cut a few times."""
    longest = min(window.days, 300)
    cuts = set() if kind.is_once else draw(st.sets(st.integers(1, longest - 1), max_size=3))
    edges = [window.start, *(window.start + timedelta(days=cut) for cut in sorted(cuts))]
    bought = amounts.map(lambda amount: Pricing(price=Flat(amount.quantize(Decimal("0.01")))))
    is_bought = kind in (LineKind.COMMITMENT, LineKind.PREPAID)
    is_usage = kind is LineKind.USAGE
    quantity = st.just(Decimal(0 if is_usage else 1)) if is_bought or is_usage else quantities
    return tuple(
        Segment(Period(*pair), draw(bought if is_bought else pricings), draw(quantity))
        for pair in pairwise([*edges, window.end])
    )


@st.composite
def billed(draw: st.DrawFn, line: OrderLine) -> OrderLine:
    """The line with what lines of its kind may have."""
    kind, changes = line.kind, dict[str, object]()
    is_plannable = kind in (LineKind.RECURRING, LineKind.ONE_OFF)
    if is_plannable and draw(st.booleans()):
        changes["plan"] = draw(plans(line.window.start))
    elif not kind.is_once:
        changes |= {
            "cadence": draw(st.none() | cadences),
            "anchor": draw(days),
            "first_stub": draw(st.sampled_from(Stub)),
            "last_stub": draw(st.sampled_from(Stub)),
        }
    if kind in (LineKind.USAGE, LineKind.RECURRING):
        changes["held_until"] = draw(maybe_days)
    if kind is LineKind.USAGE:
        changes |= {
            "feature_id": FeatureId("api"),
            "timing": Timing.IN_ARREARS,
            "tier_scope": draw(st.sampled_from(Scope)),
            "tier_group": draw(st.sampled_from(["", "all-calls"])),
        }
    if kind is LineKind.COMMITMENT:
        changes["timing"] = Timing.IN_ARREARS
    if kind is LineKind.PREPAID and draw(st.booleans()):
        changes |= {"carried_percent": draw(percents), "carried_for": draw(cadences)}
    return replace(line, **changes)  # type: ignore[arg-type]


@st.composite
def line_changes(draw: st.DrawFn, on: date, kind: OrderKind) -> LineChange:
    """What an order that takes effect on that day may change."""
    starts_on = draw(st.none() | st.integers(0, 50).map(lambda n: on + timedelta(days=n)))
    until = draw(st.none() | st.integers(51, 90).map(lambda n: on + timedelta(days=n)))
    more = st.decimals("0.001", "900", places=3)
    if kind is OrderKind.EXPANSION:
        return LineChange(ref="seats", starts_on=starts_on, until=until, adds=draw(more))
    if draw(st.booleans()):
        return LineChange(ref="seats", starts_on=starts_on, ends=True)
    is_counted = draw(st.booleans())
    return LineChange(
        ref="seats",
        starts_on=starts_on,
        until=until,
        quantity=draw(quantities) if is_counted else None,
        adds=None if is_counted else draw(more.map(lambda number: -number)),
        pricing=draw(st.none() | pricings),
        discount=draw(st.none() | discounts),
    )


contract_terms = st.builds(
    ContractTerms,
    payment_terms=payment_terms,
    po_number=texts,
    po_numbers=po_numbers | st.just(()),
    is_po_required=st.booleans(),
    usage_hold_days=st.integers(0, 90),
    late_usage=st.sampled_from(LateUsage),
    late_usage_days=st.integers(0, 400),
    approve_under=st.none() | monies,
    is_consolidated=st.booleans(),
    proration=st.sampled_from([each for each in Proration if each is not Proration.SECONDS]),
    corrections=st.sampled_from(Corrections),
    uplift=st.none() | uplifts,
    renewal=st.none() | renewals,
    review=st.none()
    | st.builds(
        ApprovalRules,
        review_above=st.just(()) | monies.map(lambda limit: (limit,)),
        change_percent=st.none() | percents,
        first_invoice=st.booleans(),
    ),
)
po_changes = st.builds(
    TermsChange, po_number=st.none() | texts, po_numbers=st.none() | st.just(()) | po_numbers
)
terms_changes = st.builds(
    TermsChange,
    payment_terms=st.none() | payment_terms,
    po_number=st.none() | texts,
    po_numbers=st.none() | st.just(()) | po_numbers,
    usage_hold_days=st.none() | st.integers(0, 90),
    late_usage=st.none() | st.sampled_from(LateUsage),
    corrections=st.none() | st.sampled_from(Corrections),
    renewal=st.none() | renewals,
    uplift=st.none() | uplifts,
)
terminations = st.builds(
    Termination,
    refund=st.sampled_from(Refund),
    fee=st.none() | monies,
    is_for_cause=st.booleans(),
) | st.builds(Termination, refund=st.sampled_from(Refund), fee_percent=percents)


@st.composite
def dated_discounts(draw: st.DrawFn, start: date) -> DatedDiscount:
    """Off all lines: throughout, for some days, or from a day on."""
    until = draw(st.sampled_from([None, start + timedelta(days=60), LAST_DAY]))
    return DatedDiscount(draw(discounts), None if until is None else Period(start, until))


@st.composite
def orders(draw: st.DrawFn, kind: OrderKind) -> Order:
    """An order of that kind, as a form can say it."""
    is_new = kind in (OrderKind.INITIAL, OrderKind.RENEWAL)
    moves_end = kind is OrderKind.AMENDMENT and draw(st.booleans())
    on = TERM.start if kind is OrderKind.RENEWAL else draw(days)
    term = TERM if is_new else Period(on, TERM.end if moves_end else LAST_DAY)
    order = Order(
        id=OrderId("ord_1"),
        kind=kind,
        customer_id=CustomerId("acme"),
        legal_entity_id=LegalEntityId("usance-us"),
        contract_id=ContractId("acme-2025"),
        contract_name=draw(names),
        currency=USD,
        term=term,
        effective_on=on,
        sequence=draw(st.integers(0, 9)),
        terms=draw(contract_terms)
        if kind is OrderKind.INITIAL
        else ContractTerms(payment_terms=NET_30),
        moves_end=moves_end,
        signature=draw(st.none() | st.just(Signature(by="Jane Roe", on=date(2024, 12, 18)))),
        crm_ref=draw(texts),
        tags=tuple(draw(st.lists(texts, max_size=3))),
        termination=draw(terminations) if kind is OrderKind.TERMINATION else None,
    )
    return order if kind is OrderKind.TERMINATION else draw(filled(order))


@st.composite
def filled(draw: st.DrawFn, order: Order) -> Order:
    """The order with lines, and with what orders of its kind may have."""
    kind, on = order.kind, order.effective_on
    within = order.term if kind is not OrderKind.AMENDMENT else Period(on, LAST_DAY)
    is_open = kind in (OrderKind.EXPANSION, OrderKind.AMENDMENT)
    sold = tuple(
        draw(lines(f"line-{index}", within=within, is_open=is_open))
        for index in range(draw(st.integers(1, 3)))
    )
    changes: dict[str, object] = {"lines": sold}
    if kind is not OrderKind.EXPANSION:
        changes["discounts"] = tuple(draw(st.lists(dated_discounts(order.term.start), max_size=2)))
    if kind is not OrderKind.INITIAL:
        is_expansion = kind is OrderKind.EXPANSION
        changes |= {
            "terms_change": draw(po_changes if is_expansion else terms_changes),
            "changes": tuple(draw(st.lists(line_changes(on, kind), max_size=2))),
        }
    entity_id = draw(st.sampled_from([None, LegalEntityId("usance-uk")]))
    if kind is OrderKind.AMENDMENT:
        buyer = draw(st.sampled_from([None, CustomerId("acme-two")]))
        changes["party_change"] = PartyChange(customer_id=buyer, legal_entity_id=entity_id)
    if kind is OrderKind.RENEWAL:
        changes |= {
            "party_change": PartyChange(legal_entity_id=entity_id),
            "carries": draw(st.sampled_from([None, (), ("seats", "api")])),
            "is_early": draw(st.booleans()),
            "uplift": draw(st.none() | uplifts),
        }
    return replace(order, **changes)  # type: ignore[arg-type]
