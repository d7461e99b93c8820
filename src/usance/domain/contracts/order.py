"""The order: one signed commitment, as sold.

An INITIAL order makes a contract, each later one changes it from its effective day on. What is
wrong with an order by itself is `order_problems`; what it means together with all the others of
its contract is `timeline`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.domain.calendar import LAST_DAY, Cadence, Period
from usance.domain.contracts.terms import (
    ContractTerms,
    DatedDiscount,
    PartyChange,
    Scope,
    Termination,
    TermsChange,
)
from usance.domain.contracts.uplift import Uplift
from usance.domain.due_items import LineKind, Raised, UsedBy
from usance.domain.ids import ContractId, CustomerId, FeatureId, LegalEntityId, OrderId
from usance.domain.money import Currency, Money
from usance.domain.rating.prices import Discount, Pricing

SAME_TERMS, SAME_PARTIES = TermsChange(), PartyChange()


class OrderKind(StrEnum):
    """What an order does to its contract."""

    INITIAL = "INITIAL"  # makes it
    EXPANSION = "EXPANSION"  # adds to it: lines that end with it, more of what is there
    AMENDMENT = "AMENDMENT"  # changes prices, quantities, terms, its end, its parties
    RENEWAL = "RENEWAL"  # goes on for a new term
    TERMINATION = "TERMINATION"  # ends it before, or at the end of, its term


class Timing(StrEnum):
    """When a period is billed: at its start or at its end."""

    IN_ADVANCE = "IN_ADVANCE"
    IN_ARREARS = "IN_ARREARS"


class Stub(StrEnum):
    """What a billing period costs that the service window cuts short."""

    BILL = "BILL"  # its share
    WAIVE = "WAIVE"  # nothing


@dataclass(frozen=True, slots=True)
class Segment:
    """Days with constant terms: this price, this quantity.

    `order_id` is the order that agreed them, where it is not the one that sold the line. `key`
    names the terms: what is billed at one key costs the same. `is_provisional`: the price rests on
    an index that is not published yet. `raised`: the rises it took since it was agreed.
    """

    period: Period
    pricing: Pricing
    quantity: Decimal
    order_id: OrderId | None = None
    key: str = ""
    is_provisional: bool = False
    raised: tuple[Raised, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """A part of a line's price that falls due on a day: a percentage, an amount, or the rest."""

    on: date
    percent: Decimal | None = None
    amount: Money | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line as sold.

    `cadence` None: the whole service window is one billing period; `whole` is then what its price
    is for, where that is not the window. `price_cadence`: what the price is for, when that is not
    the billing period (30.00 a month, billed yearly). `ends_with_contract`: its window follows the
    end of the contract's term. `is_done_later`: a milestone that falls due when it is marked done.
    `is_void`: it ended before it began, and is kept for what was billed of it.

    `plan`: it is billed on these dates instead; of one cut short those before `plan_until` are
    shares of `plan_total`, and that day settles it. `covers`: the lines a commitment counts, or
    that draw from what was prepaid; empty: all metered ones. `carried_percent` and `carried_for`:
    how much of what was prepaid, and not used, is carried over, and for how long. `tier_group`:
    lines of one group count their tiers together. `held_until`: no uplift before that day.
    `used_by`: whose usage is counted, where it is not that of the contract's customer.
    `control_total`: what the form says the line costs over its window, checked against what it
    does.
    """

    ref: str
    name: str
    kind: LineKind
    window: Period
    segments: tuple[Segment, ...]
    cadence: Cadence | None = None
    price_cadence: Cadence | None = None
    timing: Timing = Timing.IN_ADVANCE
    anchor: date
    whole: Period | None = None
    plan: tuple[Instalment, ...] = ()
    plan_until: date | None = None
    plan_total: Money | None = None
    first_stub: Stub = Stub.BILL
    last_stub: Stub = Stub.BILL
    ends_with_contract: bool = False
    is_done_later: bool = False
    is_void: bool = False
    covers: tuple[str, ...] = ()
    carried_percent: Decimal = Decimal(0)
    carried_for: Cadence | None = None
    tier_scope: Scope = Scope.PERIOD
    tier_group: str = ""
    held_until: date | None = None
    unit: str = ""
    feature_id: FeatureId | None = None
    used_by: UsedBy | None = None
    tax_code: str = "standard"
    is_tax_inclusive: bool = False
    is_separate: bool = False
    control_total: Money | None = None

    @property
    def counts_with_others(self) -> bool:
        """True when its tiers go on from usage of earlier periods, or of other lines."""
        return self.tier_scope is Scope.TERM or bool(self.tier_group)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """What an order changes about a line from `starts_on` on (None: its effective day).

    `until` None: to the line's end. `adds`: so much more, or less, than each step already agreed;
    a `quantity`, a `pricing` and a `discount` take the place of what was agreed for those days.
    `ends`: the line is no more from that day on.
    """

    ref: str
    starts_on: date | None = None
    until: date | None = None
    quantity: Decimal | None = None
    adds: Decimal | None = None
    pricing: Pricing | None = None
    discount: Discount | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a subscription on a custom plan lets the customer use. `limit` None: without limit."""

    feature_id: FeatureId
    limit: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTerms:
    """A subscription the order promises, on a custom plan."""

    ref: str
    plan_id: str
    grants: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed, and on which day."""

    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A signed commitment. `control_total` is the contract value the form states, when it does.

    `term`: of an INITIAL or RENEWAL order the contract's days; of an AMENDMENT that moves the
    contract's end, the days from its effective day to that end; else from its effective day on,
    without meaning. `carries`: the lines a RENEWAL takes along, None: all that it does not name
    itself. `is_early`: it may begin before the old term ends. `sequence` orders what takes effect
    on one day.
    """

    id: OrderId
    kind: OrderKind
    customer_id: CustomerId
    legal_entity_id: LegalEntityId
    contract_id: ContractId
    contract_name: str
    currency: Currency
    term: Period
    effective_on: date
    sequence: int = 0
    terms: ContractTerms
    lines: tuple[OrderLine, ...] = ()
    discounts: tuple[DatedDiscount, ...] = ()
    changes: tuple[LineChange, ...] = ()
    terms_change: TermsChange = SAME_TERMS
    party_change: PartyChange = SAME_PARTIES
    moves_end: bool = False
    carries: tuple[str, ...] | None = None
    is_early: bool = False
    uplift: Uplift | None = None
    termination: Termination | None = None
    subscriptions: tuple[SubscriptionTerms, ...] = ()
    signature: Signature | None = None
    crm_ref: str = ""
    control_total: Money | None = None
    tags: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[date, int, date, str]:
        """Its place among the orders of its contract: what was agreed, never when it was typed."""
        signed_on = LAST_DAY if self.signature is None else self.signature.on
        return self.effective_on, self.sequence, signed_on, self.id
