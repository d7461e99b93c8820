"""A legal entity's receivables policy as it travels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from usance.api.envelope import Amount, Wire


class InterestRateWire(Wire):
    """So many percent a year from that day on, base rate and margin together."""

    percent: str = Field(examples=["11.62"])
    valid_from: str = Field(examples=["2026-01-01"])


class LateFeesWire(Wire):
    """What is charged for paying late; what is left out is not charged."""

    grace_days: int | None = Field(default=None, ge=0, le=365)
    fixed: dict[str, Amount] | None = Field(
        default=None, description="Once an invoice, by currency.", examples=[{"EUR": "25.00"}]
    )
    recovery: Literal["EU", "UK"] | None = Field(
        default=None, description="The statutory sum, once an invoice."
    )
    monthly_percent: str | None = Field(
        default=None, description="Of what is open, for each full month.", examples=["1.5"]
    )
    interest: list[InterestRateWire] | None = Field(default=None, max_length=200)


class ReceivablesWire(Wire):
    """What a legal entity does about credit, small differences and late payment."""

    credit_application: Literal["AUTOMATIC", "MANUAL"] | None = Field(
        default=None, description="Whether customer credit pays invoices as they are issued."
    )
    tolerances: dict[str, Amount] | None = Field(
        default=None,
        description="Short payments up to it are written off, by currency.",
        examples=[{"EUR": "2.00"}],
    )
    late_fees: LateFeesWire | None = None
