"""The invoice before and the invoice after now, as Stigg's SDKs know them of a contract."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from usance.api.catalog.wire import Figure
from usance.api.envelope import Instant, Wire
from usance.store.latest_invoices import LatestInvoice, PublicState
from usance.store.next_invoices import NextInvoice


class MoneyShown(Wire):
    """An amount in major units."""

    amount: Figure
    currency: str = Field(description="ISO 4217, small letters.", examples=["eur"])


class LatestInvoiceWire(Wire):
    """The last invoice that was issued."""

    billing_id: str = Field(description="The invoice's id.")
    created_at: Instant
    status: PublicState
    requires_action: bool = Field(description="Always false: nobody pays through us.")
    amount_due: Figure
    total: Figure
    currency: str = Field(description="ISO 4217, small letters.", examples=["eur"])
    billing_reason: Literal["BILLING_CYCLE", "SUBSCRIPTION_CREATION", "MANUAL"]
    pdf_url: str

    @classmethod
    def of(cls, latest: LatestInvoice, hosted_url: str) -> LatestInvoiceWire:
        """As it travels; `hosted_url` is the customer's page of it."""
        by_itself: Literal["SUBSCRIPTION_CREATION", "BILLING_CYCLE"]
        by_itself = "SUBSCRIPTION_CREATION" if latest.opened else "BILLING_CYCLE"
        return cls(
            billing_id=latest.id,
            created_at=latest.created_at,
            status=latest.state,
            requires_action=False,
            amount_due=latest.amount_due.amount,
            total=latest.total.amount,
            currency=latest.total.currency.code.lower(),
            billing_reason=by_itself if latest.fell_due else "MANUAL",
            pdf_url=f"{hosted_url}/pdf",
        )


class NextInvoiceWire(Wire):
    """The invoice to come, or held for review."""

    invoice_id: str | None = Field(description="Of the draft; null: it is still to come.")
    amount: MoneyShown = Field(description="With tax.")
    due_date: str
    period_start: str
    period_end: str = Field(description="The first instant it does not cover.")

    @classmethod
    def of(cls, coming: NextInvoice) -> NextInvoiceWire:
        """As it travels; days are the first instants of those days, UTC."""
        return cls(
            invoice_id=coming.id,
            amount=MoneyShown(
                amount=coming.total.amount, currency=coming.total.currency.code.lower()
            ),
            due_date=midnight(coming.due_on),
            period_start=midnight(coming.service_period.start),
            period_end=midnight(coming.service_period.end),
        )


def midnight(day: date) -> str:
    """A day where Stigg's SDKs want an instant: its first one, UTC."""
    return f"{day.isoformat()}T00:00:00Z"
