"""Approval rules of a legal entity as they travel, with its currencies."""

from __future__ import annotations

from pydantic import Field

from usance.api.envelope import Amount, Wire


class EntityRules(Wire):
    """What a legal entity asks of those who approve its documents; gross amounts by currency."""

    change_percent: str | None = Field(
        default=None,
        description="A total further off the previous invoice is pointed out and reviewed.",
        examples=["25"],
    )
    first_invoice: bool = Field(default=False, description="A contract's first one is reviewed.")
    always_review: bool = Field(default=False, description="Every one is reviewed.")
    separate_duties: bool = Field(
        default=False, description="Who entered or changed the order is not the only approver."
    )
    review_above: dict[str, Amount] | None = Field(
        default=None,
        description="Above it a reviewer is needed. A currency left out is limited to nothing.",
        examples=[{"EUR": "5000.00"}],
    )
    four_eyes_above: dict[str, Amount] | None = Field(
        default=None, description="Above it two people are.", examples=[{"EUR": "50000.00"}]
    )
