"""A contract as it travels, in the names Stigg's SDKs know where they have one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from pydantic import Field

from usance.api.contracts.links_wire import LinkBody
from usance.api.envelope import CurrencyCode, Instant, Quantity, Wire
from usance.api.fields import Ref, TermsWire
from usance.api.invoices.neighbours import LatestInvoiceWire, NextInvoiceWire
from usance.documents.contract_notation import plain_terms
from usance.documents.line_prices import plain_amount_off
from usance.documents.order_lines import plain_line
from usance.documents.terms_notation import plain_payment_terms
from usance.domain.calendar import LAST_DAY, parse_day
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus, DraftContract
from usance.domain.due_items import LineKind
from usance.domain.errors import Invalid, Problem
from usance.domain.rating.notation import plain_pricing
from usance.store.contract_links import Names
from usance.store.contract_subscriptions import Provisioned
from usance.store.database import Row

AsOf = Annotated[
    str | None, Query(alias="asOf", max_length=40, description="A day, past or future.")
]


class Named(NamedTuple):
    """A subscription of a contract, and what its plan and product are called."""

    held: Provisioned
    names: Names


class ContractBody(Wire):
    """A contract on which an order will be fulfilled later."""

    customer_id: Ref = Field(examples=["nordlicht"])
    contract_id: Ref | None = Field(
        default=None, description="Yours; one that exists already is given back as it is."
    )
    name: str | None = Field(default=None, max_length=255)
    po_number: str | None = Field(default=None, max_length=255)
    activation_start_date: str | None = Field(
        default=None, description="A day, or an instant whose day in UTC counts."
    )
    activation_end_date: str | None = Field(default=None, description="The first day not included.")
    setup_billing: bool = Field(
        default=True, description="False: it only holds subscriptions together, and bills nothing."
    )
    subscriptions: list[LinkBody] = Field(default=[], max_length=100)


class ContractPatch(Wire):
    """What changes."""

    name: str | None = Field(default=None, max_length=255, description="Null: its id again.")
    po_number: str | None = Field(default=None, max_length=255, description="Null clears it.")
    activation_start_date: str | None = Field(
        default=None, description="Of a draft; once an order is fulfilled its term counts."
    )
    activation_end_date: str | None = Field(default=None, description="The first day not included.")
    setup_billing: bool | None = Field(
        default=None, description="True sets billing up; it is never taken back."
    )
    subscription_ids: list[Ref] | None = Field(
        default=None, max_length=100, description="All that are to be on it."
    )


class SubscriptionWire(Wire):
    """A subscription sold on it."""

    subscription_id: str
    plan_id: str
    status: str
    plan_display_name: str | None = Field(description="Null: the plan stands in no catalogue.")
    product_display_name: str | None

    @classmethod
    def of(cls, named: Named) -> SubscriptionWire:
        """As it travels."""
        return cls(
            subscription_id=named.held.id,
            plan_id=named.held.plan_id,
            status=named.held.status,
            plan_display_name=named.names.plan,
            product_display_name=named.names.product,
        )


class LineInForceWire(Wire):
    """What holds of a line on a day, and through which days it does."""

    start: str
    end: str = Field(description="The first day it holds no more.")
    quantity: Quantity | None = Field(description="Null: it is counted from usage.")
    price: dict[str, Any] = Field(description="In the order form's notation.")
    discounts: list[dict[str, Any]]
    order_id: str = Field(description="The order that agreed it.")
    is_provisional: bool = Field(description="The price rests on an index not published yet.")


class ContractLineWire(Wire):
    """A line in force, and the order that sold it."""

    id: str
    order_id: str
    sold: dict[str, Any] = Field(description="In the order form's notation.")
    in_force: LineInForceWire | None = Field(
        description="What holds of it on the day asked for; null where nothing does, or no day was."
    )


class ContractWire(Wire):
    """A contract."""

    contract_id: str
    id: str = Field(description="The same: what a subscription's `contractId` says.")
    ref_id: str = Field(description="The same.")
    external_id: str
    customer_external_id: str
    name: str
    po_number: str | None
    state: ContractStatus
    billing_state: ContractStatus | None = Field(description="Null: billing is not set up.")
    billing_id: str | None = Field(description="The contract bills by itself: its own id.")
    legal_entity_id: str | None
    currency: CurrencyCode | None
    activation_start_date: str | None
    activation_end_date: str | None = Field(description="The first day not included.")
    net_days: int | None = Field(description="Of terms that count nothing but days.")
    payment_terms: TermsWire | None
    as_of: str | None = Field(description="The day asked for: so it was agreed by then.")
    terminated_on: str | None
    terms: dict[str, Any] | None = Field(description="In the order form's notation.")
    lines: list[ContractLineWire]
    subscriptions: list[SubscriptionWire]
    latest_invoice: LatestInvoiceWire | None = Field(
        default=None, description="The last that was issued; null with `asOf`."
    )
    next_invoice: NextInvoiceWire | None = Field(
        default=None,
        description="Held, or to come. In lists, null where usage would have to be counted for it.",
    )
    created_at: Instant
    updated_at: Instant

    @classmethod
    def agreed(
        cls,
        contract: Contract,
        stamps: Row,
        subscriptions: Sequence[Named],
        *,
        as_of: date | None = None,
    ) -> ContractWire:
        """One on which an order was fulfilled, with the parties and terms of that day."""
        held = contract.on(LAST_DAY if as_of is None else as_of)
        terms = held.terms
        return cls(
            contract_id=contract.id,
            id=contract.id,
            ref_id=contract.id,
            external_id=contract.id,
            customer_external_id=held.customer_id,
            name=contract.name,
            po_number=(terms.po_number if as_of is None else terms.po_on(as_of)) or None,
            state=contract.status,
            billing_state=contract.status,
            billing_id=contract.id,
            legal_entity_id=held.legal_entity_id,
            currency=contract.currency.code,
            activation_start_date=contract.term.start.isoformat(),
            activation_end_date=contract.term.end.isoformat(),
            net_days=terms.payment_terms.net_days,
            payment_terms=plain_payment_terms(terms.payment_terms),
            as_of=_iso(as_of),
            terminated_on=_iso(contract.terminated_on),
            terms=plain_terms(terms, contract.currency),
            lines=[_line(line, as_of) for line in contract.lines],
            subscriptions=[SubscriptionWire.of(each) for each in subscriptions],
            created_at=stamps.created_at,
            updated_at=stamps.updated_at,
        )

    @classmethod
    def drafted(
        cls, draft: DraftContract, stamps: Row, subscriptions: Sequence[Named]
    ) -> ContractWire:
        """One on which nothing is agreed yet."""
        return cls(
            contract_id=draft.id,
            id=draft.id,
            ref_id=draft.id,
            external_id=draft.id,
            customer_external_id=draft.customer_id,
            name=draft.name,
            po_number=draft.po_number or None,
            state=ContractStatus(stamps.status),
            billing_state=ContractStatus(stamps.status) if draft.has_billing else None,
            billing_id=None,
            legal_entity_id=None,
            currency=None,
            activation_start_date=_iso(draft.starts_on),
            activation_end_date=_iso(draft.ends_on),
            net_days=None,
            payment_terms=None,
            as_of=None,
            terminated_on=None,
            terms=None,
            lines=[],
            subscriptions=[SubscriptionWire.of(each) for each in subscriptions],
            created_at=stamps.created_at,
            updated_at=stamps.updated_at,
        )


def day_in(text: str | None, path: str) -> date | None:
    """The day written as such, or of an instant in UTC. Raises Invalid."""
    if text is None:
        return None
    try:
        if "T" not in text:
            return parse_day(text)
        instant = datetime.fromisoformat(text)
        return parse_day(instant.astimezone(UTC).date() if instant.tzinfo else instant.date())
    except (ValueError, OverflowError, Invalid):
        expected = "a day such as 2026-01-31, or an instant such as 2026-01-31T00:00:00Z"
        raise Invalid(Problem("InvalidDate", path, text[:80], expected)) from None


def _line(line: ContractLine, day: date | None) -> ContractLineWire:
    return ContractLineWire(
        id=line.id,
        order_id=line.order_id,
        sold=plain_line(line.sold),
        in_force=None if day is None else _in_force(line, day),
    )


def _in_force(line: ContractLine, day: date) -> LineInForceWire | None:
    steps = () if line.sold.is_void else line.sold.segments
    found = next((each for each in steps if day in each.period), None)
    if found is None:
        return None
    is_counted = line.sold.kind is LineKind.USAGE
    return LineInForceWire(
        start=found.period.start.isoformat(),
        end=found.period.end.isoformat(),
        quantity=None if is_counted else f"{found.quantity:f}",
        price=plain_pricing(replace(found.pricing, discounts=())),
        discounts=[plain_amount_off(each) for each in found.pricing.discounts],
        order_id=found.order_id or line.order_id,
        is_provisional=found.is_provisional,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
