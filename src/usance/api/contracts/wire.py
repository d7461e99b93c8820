"""A contract as it travels, in the names Stigg's SDKs know where they have one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from pydantic import Field

from usance.api.envelope import CurrencyCode, Instant, Wire
from usance.api.fields import Ref, TermsWire
from usance.documents.order_lines import plain_line
from usance.documents.terms_notation import plain_payment_terms
from usance.domain.calendar import parse_day
from usance.domain.contracts.contract import Contract, ContractLine, ContractStatus, DraftContract
from usance.domain.errors import Invalid, Problem
from usance.store.database import Row


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


class ContractPatch(Wire):
    """What changes."""

    name: str | None = Field(default=None, max_length=255)
    po_number: str | None = Field(default=None, max_length=255)


class SubscriptionWire(Wire):
    """A subscription provisioned for it."""

    subscription_id: str
    plan_id: str
    status: str


class ContractLineWire(Wire):
    """A line in force, and the order that sold it."""

    id: str
    order_id: str
    sold: dict[str, Any] = Field(description="In the order form's notation.")


class ContractWire(Wire):
    """A contract."""

    contract_id: str
    external_id: str
    customer_external_id: str
    name: str
    po_number: str | None
    state: ContractStatus
    billing_state: ContractStatus
    billing_id: str | None = Field(description="The contract bills by itself: its own id.")
    legal_entity_id: str | None
    currency: CurrencyCode | None
    activation_start_date: str | None
    activation_end_date: str | None = Field(description="The first day not included.")
    net_days: int | None = Field(description="Of terms that count nothing but days.")
    payment_terms: TermsWire | None
    lines: list[ContractLineWire]
    subscriptions: list[SubscriptionWire]
    created_at: Instant
    updated_at: Instant

    @classmethod
    def agreed(cls, contract: Contract, stamps: Row, subscriptions: Sequence[Row]) -> ContractWire:
        """One on which an order was fulfilled."""
        return cls(
            contract_id=contract.id,
            external_id=contract.id,
            customer_external_id=contract.customer_id,
            name=contract.name,
            po_number=contract.terms.po_number or None,
            state=contract.status,
            billing_state=contract.status,
            billing_id=contract.id,
            legal_entity_id=contract.legal_entity_id,
            currency=contract.currency.code,
            activation_start_date=contract.term.start.isoformat(),
            activation_end_date=contract.term.end.isoformat(),
            net_days=contract.terms.payment_terms.net_days,
            payment_terms=plain_payment_terms(contract.terms.payment_terms),
            lines=[_line(line) for line in contract.lines],
            subscriptions=[
                SubscriptionWire(subscription_id=row.id, plan_id=row.plan_id, status=row.status)
                for row in subscriptions
            ],
            created_at=stamps.created_at,
            updated_at=stamps.updated_at,
        )

    @classmethod
    def drafted(cls, draft: DraftContract, stamps: Row) -> ContractWire:
        """One on which nothing is agreed yet."""
        return cls(
            contract_id=draft.id,
            external_id=draft.id,
            customer_external_id=draft.customer_id,
            name=draft.name,
            po_number=draft.po_number or None,
            state=ContractStatus(stamps.status),
            billing_state=ContractStatus(stamps.status),
            billing_id=None,
            legal_entity_id=None,
            currency=None,
            activation_start_date=_iso(draft.starts_on),
            activation_end_date=_iso(draft.ends_on),
            net_days=None,
            payment_terms=None,
            lines=[],
            subscriptions=[],
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


def _line(line: ContractLine) -> ContractLineWire:
    return ContractLineWire(id=line.id, order_id=line.order_id, sold=plain_line(line.sold))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
