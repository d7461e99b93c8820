"""One deal of three lines, as every benchmark bills it: a fee, seats, and metered calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from usance.domain.calendar import Cadence, Period, Unit, zone
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus
from usance.domain.contracts.order import OrderLine, Segment, Timing
from usance.domain.contracts.segments import keyed
from usance.domain.contracts.terms import ContractTerms, Scope
from usance.domain.customer import Address, Customer, TaxId
from usance.domain.due_items import LineKind
from usance.domain.ids import (
    ContractId,
    CustomerId,
    FeatureId,
    LegalEntityId,
    LineId,
    OrderId,
)
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import currency
from usance.domain.payment_terms import PaymentTerms
from usance.domain.rating.notation import pricing_from
from usance.domain.rating.prices import Pricing
from usance.domain.tax.rates import TaxRate, TaxTable

EUR = currency("EUR")
TERM = Period(date(2025, 1, 1), date(2028, 1, 1))
MONTHLY = Cadence(1, Unit.MONTH)
QUARTERLY = Cadence(1, Unit.QUARTER)
YEARLY = Cadence(1, Unit.YEAR)
FEE = pricing_from({"model": "FLAT", "amount": "250.00"})
MINIMUM = pricing_from({"model": "FLAT", "amount": "100.00"})
SEATS = pricing_from({"model": "PER_UNIT", "unitAmount": "29.00"})
CALLS = pricing_from(
    {
        "model": "GRADUATED",
        "included": "1000",
        "tiers": [
            {"upTo": "10000", "unitAmount": "0.0040"},
            {"upTo": "100000", "unitAmount": "0.0030"},
            {"upTo": None, "unitAmount": "0.0020"},
        ],
    }
)
SELLER = LegalEntity(
    id=LegalEntityId("seller"),
    name="Bench GmbH",
    address=Address(country="DE", lines=("Hafenstraße 1",), city="Hamburg", postal_code="20457"),
    zone=zone("Europe/Berlin"),
    series="BENCH",
)
BUYER = Customer(
    id=CustomerId("plain-buyer-0"),
    name="Buyer GmbH",
    address=Address(country="DE", lines=("Am Markt 2",), city="Bremen", postal_code="28195"),
)
BUYER_ABROAD = Customer(  # who accounts for the tax: reverse charge
    id=CustomerId("amended-buyer-0"),
    name="Acheteur SAS",
    address=Address(country="FR", lines=("1 rue du Port",), city="Nantes", postal_code="44000"),
    tax_ids=(TaxId("eu_vat", "FR40303265045"),),
)
TAXES = TaxTable((TaxRate(tax_code="standard", country="DE", percent=Decimal(19)),))
API_CALLS = FeatureId("api-calls")


def line(ref: str, kind: LineKind, pricing: Pricing, quantity: int = 1) -> ContractLine:
    """One monthly line over the whole term."""
    return _agreed(sold(ref, kind, pricing, quantity))


def sold(ref: str, kind: LineKind, pricing: Pricing, quantity: int = 1) -> OrderLine:
    """The same as on the order."""
    is_usage = kind is LineKind.USAGE
    return OrderLine(
        ref=ref,
        name=ref.title(),
        kind=kind,
        window=TERM,
        segments=(Segment(TERM, pricing, Decimal(quantity)),),
        cadence=MONTHLY,
        timing=Timing.IN_ARREARS if is_usage else Timing.IN_ADVANCE,
        anchor=TERM.start,
        feature_id=API_CALLS if is_usage else None,
    )


def ramp(ref: str, pricing: Pricing, *quantities: int) -> ContractLine:
    """A monthly line whose quantity is another one each year."""
    steps = tuple(
        Segment(YEARLY.period(TERM.start, year), pricing, Decimal(quantity))
        for year, quantity in enumerate(quantities)
    )
    flat = sold(ref, LineKind.RECURRING, pricing)
    return _agreed(replace(flat, segments=steps))


def commitment(ref: str, each: Cadence, minimum: Pricing, covers: tuple[str, ...]) -> ContractLine:
    """What those lines lack of an agreed minimum, each period."""
    agreed = sold(ref, LineKind.COMMITMENT, minimum)
    return _agreed(replace(agreed, cadence=each, timing=Timing.IN_ARREARS, covers=covers))


def through_the_term(metered: ContractLine) -> ContractLine:
    """The metered line, its tiers counted from the first day of the term to the last."""
    return replace(metered, sold=replace(metered.sold, tier_scope=Scope.TERM))


def _agreed(agreed: OrderLine) -> ContractLine:
    line_id = LineId(f"lin-{agreed.ref}")
    return ContractLine(line_id, OrderId("order-0"), keyed(agreed), TERM.start)


def contract(
    lines: tuple[ContractLine, ...], name: str = "plain", buyer: Customer = BUYER
) -> Contract:
    """A contract of those lines."""
    return Contract(
        id=ContractId(f"{name}-0"),
        customer_id=buyer.id,
        legal_entity_id=SELLER.id,
        name="Bench",
        currency=EUR,
        status=ContractStatus.ACTIVE,
        term=TERM,
        terms=ContractTerms(payment_terms=PaymentTerms(14)),
        lines=lines,
    )


THREE_LINES = contract(
    (
        line("platform", LineKind.RECURRING, FEE),
        line("seats", LineKind.RECURRING, SEATS, 25),
        line("calls", LineKind.USAGE, CALLS),
    )
)


def fewer_from(day: date, agreed: ContractLine, quantity: int) -> ContractLine:
    """The line as an amendment left it: another quantity from that day on."""
    (whole,) = agreed.sold.segments
    steps = (
        replace(whole, period=Period(TERM.start, day)),
        replace(
            whole,
            period=Period(day, TERM.end),
            quantity=Decimal(quantity),
            order_id=OrderId("order-1"),
        ),
    )
    return replace(agreed, sold=keyed(replace(agreed.sold, segments=steps)))


AMENDED_ON = date(2025, 1, 16)
SEAT_LINE = line("amended-seats", LineKind.RECURRING, SEATS, 25)
COMMITTED = (
    line("amended-platform", LineKind.RECURRING, FEE),
    SEAT_LINE,
    line("amended-calls", LineKind.USAGE, CALLS),
    commitment("amended-minimum", MONTHLY, MINIMUM, ("amended-calls",)),
)
AS_SIGNED = contract(COMMITTED, "amended", BUYER_ABROAD)
AMENDED = replace(
    AS_SIGNED,
    lines=(COMMITTED[0], fewer_from(AMENDED_ON, SEAT_LINE, 20), *COMMITTED[2:]),
)
