"""One plain agreement, a month of seats and calls, for examples about its documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.domain.deals import AT_HOME, EUR, FAR, MONTHLY, NET_30, order, signed
from usance.domain.calendar import Period
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.order import OrderLine, Segment, Timing
from usance.domain.contracts.owed import due
from usance.domain.contracts.terms import ContractTerms
from usance.domain.due_items import LineKind
from usance.domain.ids import FeatureId, InvoiceId
from usance.domain.invoicing.drafting import drafts
from usance.domain.invoicing.history import History
from usance.domain.invoicing.invoice import Draft
from usance.domain.invoicing.rated_items import UsageBySlice
from usance.domain.invoicing.taxed_items import Parties
from usance.domain.metering.totals import UsageTotal
from usance.domain.rating.prices import PerUnit, Price, Pricing

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
SEATS = OrderLine(
    ref="l1",
    name="Seats",
    kind=LineKind.RECURRING,
    window=JANUARY,
    segments=(Segment(JANUARY, Pricing(price=PerUnit(Decimal(30))), Decimal(10)),),
    cadence=MONTHLY,
    timing=Timing.IN_ARREARS,
    anchor=JANUARY.start,
)
CALLS = replace(
    SEATS,
    ref="l2",
    name="Calls",
    kind=LineKind.USAGE,
    unit="calls",
    segments=(Segment(JANUARY, Pricing(price=PerUnit(Decimal("0.01"))), Decimal(0)),),
    feature_id=FeatureId("calls"),
)
TERMS = ContractTerms(payment_terms=NET_30)


def agreement(*lines: OrderLine, terms: ContractTerms = TERMS) -> Contract:
    """A contract over January with these lines; by default ten seats at 30.00."""
    return signed(order(JANUARY, lines or (SEATS,), terms=terms))


def calls_at(price: Price) -> OrderLine:
    """The metered line at another price."""
    return replace(CALLS, segments=(Segment(JANUARY, Pricing(price=price), Decimal(0)),))


def drafts_of(
    contract: Contract,
    *,
    parties: Parties = AT_HOME,
    counted: UsageTotal | None = None,
    history: History | None = None,
) -> list[Draft]:
    """Every document of a contract, where each metered slice counted that much."""
    items = due(contract, through=FAR).items
    usage: UsageBySlice = (
        {} if counted is None else {item.key: counted for item in items if item.is_usage}
    )
    return drafts(
        items,
        parties=parties,
        currency=EUR,
        usage=usage,
        history=History() if history is None else history,
        new_id=lambda: InvoiceId("inv"),
    )


def calls(quantity: str, *, events: int = 1, unread: int = 0) -> UsageTotal:
    """What was counted."""
    return UsageTotal(Decimal(quantity), events, None, unread)
