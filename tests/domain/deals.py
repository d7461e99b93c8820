"""Random deals for property tests: lines, orders, contracts, and who makes them with whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from usance.domain.calendar import FIRST_DAY, LAST_DAY, Cadence, Period, Unit
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import Order, OrderKind, OrderLine, Segment, Timing
from usance.domain.contracts.terms import ContractTerms
from usance.domain.contracts.timeline import contract_from
from usance.domain.customer import Address, Customer, TaxId
from usance.domain.due_items import LineKind
from usance.domain.ids import ContractId, CustomerId, FeatureId, LegalEntityId, LineId, OrderId
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.prices import (
    Flat,
    Graduated,
    Package,
    PerUnit,
    Pricing,
    Tier,
    Volume,
)
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable

EUR, USD = currency("EUR"), currency("USD")
NET_30 = PaymentTerms(30)
FAR = LAST_DAY - timedelta(days=1)

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
LATE_IN_MONTH = st.builds(
    date, st.integers(2024, 2027), st.sampled_from([1, 3, 5, 7, 8, 10, 12]), st.integers(29, 31)
)
ANCHORS = DAYS | LATE_IN_MONTH
MONTHLY, YEARLY = Cadence(1, Unit.MONTH), Cadence(1, Unit.YEAR)
CADENCES = st.sampled_from(
    [
        *(Cadence(count, Unit.DAY) for count in (7, 30, 45)),
        *(Cadence(count, Unit.WEEK) for count in (1, 2)),
        *(Cadence(count, Unit.MONTH) for count in (1, 2, 6)),
        Cadence(1, Unit.QUARTER),
        YEARLY,
    ]
)
KINDS = (LineKind.RECURRING, LineKind.USAGE, LineKind.ONE_OFF, LineKind.MILESTONE)
FREE = Pricing(price=Flat(Decimal(0)))
# However much of it is used below: what comes of it is its minimum, even of a single day.
COMMITTED = Pricing(price=PerUnit(Decimal(1)), minimum=Decimal(20_000_000))
# One of each sort that an invoice can tell apart; rating has its own tests for all the others.
PRICINGS = st.sampled_from(
    [
        Pricing(price=Flat(Decimal("99.99"))),
        Pricing(price=PerUnit(Decimal("0.0333")), included=Decimal(40), minimum=Decimal(5)),
        Pricing(price=PerUnit(Decimal("12.345")), maximum=Decimal(2000)),
        Pricing(price=Graduated((Tier(Decimal(100), Decimal(1)), Tier(None, Decimal("0.7"))))),
        Pricing(price=Volume((Tier(Decimal(250), Decimal("0.5"), Decimal(10)),))),
        Pricing(price=Package(Decimal(12), Decimal("1.01"))),
    ]
)
LITTLE_USAGE = st.integers(0, 500).map(Decimal)
QUANTITIES = st.integers(0, 5000).map(lambda n: Decimal(n).scaleb(-1))
TERMS = st.builds(
    lambda start, days: Period(start, start + timedelta(days=days)),
    ANCHORS,
    st.integers(1, 60) | st.integers(1, 800),
)


@st.composite
def windows(draw: st.DrawFn, term: Period) -> Period:
    """Days within a term, often all of them."""
    if draw(st.booleans()):
        return term
    start = draw(st.integers(0, term.days - 1))
    end = draw(st.integers(start + 1, term.days))
    return Period(term.start + timedelta(days=start), term.start + timedelta(days=end))


@st.composite
def segments(
    draw: st.DrawFn, window: Period, pricing: st.SearchStrategy[Pricing]
) -> tuple[Segment, ...]:
    """A window cut into the steps of a ramp, each with terms of its own."""
    cuts = draw(st.sets(st.integers(1, window.days), max_size=3)) - {window.days}
    days = [0, *sorted(cuts), window.days]
    edges = [window.start + timedelta(days=day) for day in days]
    return tuple(
        Segment(Period(*edge), draw(pricing), draw(QUANTITIES)) for edge in pairwise(edges)
    )


@st.composite
def order_lines(
    draw: st.DrawFn,
    term: Period,
    ref: str = "line",
    *,
    pricing: st.SearchStrategy[Pricing] | None = None,
    usage_pricing: st.SearchStrategy[Pricing] | None = None,
) -> OrderLine:
    """A line of any kind: once on a day, recurring or metered, in any rhythm from any anchor."""
    kind = draw(st.sampled_from(KINDS))
    prices = PRICINGS if pricing is None else pricing
    if kind is LineKind.USAGE and usage_pricing is not None:
        prices = usage_pricing
    window = draw(windows(term))
    feature_id, cadence, price_cadence, timing = None, None, None, Timing.IN_ADVANCE
    if kind.is_once:
        window = Period(window.start, window.start + timedelta(days=1))
    else:
        cadence = draw(st.none() | CADENCES)
        timing = draw(st.sampled_from(Timing))
    if kind is LineKind.USAGE:
        feature_id, timing = FeatureId("calls"), Timing.IN_ARREARS
    if kind is LineKind.RECURRING and draw(st.booleans()):
        is_by_month = cadence is None or bool(cadence.months)
        price_cadence = MONTHLY if is_by_month else Cadence(1, Unit.DAY)
    return OrderLine(
        ref=ref,
        name=f"Name of {ref}",
        kind=kind,
        window=window,
        segments=draw(segments(window, prices)),
        cadence=cadence,
        price_cadence=price_cadence,
        timing=timing,
        anchor=draw(ANCHORS | st.just(term.start)),
        feature_id=feature_id,
        tax_code=draw(st.sampled_from(["standard", "reduced"])),
        is_separate=draw(st.booleans()),
    )


TERMS_OF_CONTRACTS = st.builds(
    ContractTerms,
    payment_terms=st.sampled_from([NET_30, PaymentTerms(14)]),
    po_number=st.sampled_from(["", "PO-1", "!PO-1"]),
    is_po_required=st.booleans(),
    usage_hold_days=st.sampled_from([0, 3, 40]),
    is_consolidated=st.booleans(),
)


@st.composite
def orders(
    draw: st.DrawFn,
    contract_id: str = "ctr",
    *,
    pricing: st.SearchStrategy[Pricing] | None = None,
    usage_pricing: st.SearchStrategy[Pricing] | None = None,
) -> Order:
    """A signed order of one to three lines."""
    term = draw(TERMS)
    lines = tuple(
        draw(order_lines(term, f"l{index}", pricing=pricing, usage_pricing=usage_pricing))
        for index in range(draw(st.integers(1, 3)))
    )
    return order(term, lines, terms=draw(TERMS_OF_CONTRACTS), contract_id=contract_id)


def order(
    term: Period,
    lines: Sequence[OrderLine],
    *,
    terms: ContractTerms | None = None,
    contract_id: str = "ctr",
) -> Order:
    """An order of these lines, in euros, effective from its first day."""
    return Order(
        id=OrderId(f"ord_{contract_id}"),
        kind=OrderKind.INITIAL,
        customer_id=CustomerId("cus"),
        legal_entity_id=LegalEntityId("le"),
        contract_id=ContractId(contract_id),
        contract_name="A contract",
        currency=EUR,
        term=term,
        effective_on=term.start,
        terms=ContractTerms(payment_terms=NET_30) if terms is None else terms,
        lines=tuple(lines),
    )


def signed(made: Order) -> Contract:
    """The contract of that order. Its line ids sort backwards: their order means nothing."""
    return contract_from(
        made, line_id=lambda ref: LineId(f"lin_{made.contract_id}_{99 - int(ref[1:])}")
    )


def contracts(
    contract_id: str = "ctr",
    *,
    pricing: st.SearchStrategy[Pricing] | None = None,
    usage_pricing: st.SearchStrategy[Pricing] | None = None,
) -> st.SearchStrategy[Contract]:
    """An active contract, as a random order made it."""
    return orders(contract_id, pricing=pricing, usage_pricing=usage_pricing).map(signed)


@st.composite
def portfolios(
    draw: st.DrawFn, *, pricing: st.SearchStrategy[Pricing] | None = None
) -> list[Contract]:
    """One customer's contracts with one entity in one currency."""
    return [draw(contracts(f"ctr_{n}", pricing=pricing)) for n in range(draw(st.integers(1, 2)))]


def tax_rate(
    country: str, percent: str, code: str = "standard", category: TaxCategory = TaxCategory.STANDARD
) -> TaxRate:
    """A rate that was always valid and will be."""
    return TaxRate(
        tax_code=code,
        country=country,
        percent=Decimal(percent),
        category=category,
        valid_from=FIRST_DAY,
        valid_until=LAST_DAY,
    )


TAXES = TaxTable(
    (
        tax_rate("DE", "19"),
        tax_rate("DE", "7.00", "reduced"),
        tax_rate("FR", "20"),
        tax_rate("US", "0", "standard", TaxCategory.ZERO),
        tax_rate("US", "0", "reduced", TaxCategory.EXEMPT),
    )
)


def seller(country: str = "DE", zone: str = "Europe/Berlin") -> LegalEntity:
    """Who sells, from that country."""
    return LegalEntity(
        id=LegalEntityId("le"),
        name="Alter Software GmbH",
        address=Address(country=country),
        zone=ZoneInfo(zone),
        series="ALT",
    )


def buyer(
    country: str | None = "DE", *, vat_ids: Sequence[str] = (), exemption: str | None = None
) -> Customer:
    """Who buys, from that country (None: no address), with those EU VAT ids."""
    return Customer(
        id=CustomerId("cus"),
        name="Acme",
        address=None if country is None else Address(country=country),
        tax_ids=tuple(TaxId("eu_vat", value) for value in vat_ids),
        exemption=exemption,
    )


SELLERS = st.sampled_from(["DE", "US", "GB"]).map(seller)
BUYERS = st.builds(
    buyer,
    st.sampled_from([None, "DE", "FR", "AT", "US", "CH"]),
    vat_ids=st.sampled_from([(), ("DE136695976",), ("FR40303265045",), ("XI980780684",)]),
    exemption=st.none() | st.just("Exempt: a charity."),
)
PARTIES = st.builds(Parties, seller=SELLERS, buyer=BUYERS, taxes=st.just(TAXES))
AT_HOME = Parties(seller=seller(), buyer=buyer(), taxes=TAXES)
