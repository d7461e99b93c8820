"""Differences between states of a contract, as they travel."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from usance.api.envelope import Wire
from usance.api.fields import Days, days
from usance.documents.contract_changes import field_name, plain_value
from usance.domain.contracts.changes_between import (
    Changes,
    Difference,
    LineChanged,
    LineDifference,
)


class DifferenceWire(Wire):
    """One field before and after, in the order form's notation."""

    field: str = Field(examples=["quantity"])
    before: Any = Field(description="Null: there was none.", examples=["10"])
    after: Any = Field(description="Null: there is none.", examples=["15"])
    days: Days | None = Field(description="Those it is about; null: all.")

    @classmethod
    def of(cls, each: Difference) -> DifferenceWire:
        """As it travels."""
        return cls(
            field=field_name(each),
            before=plain_value(each.before),
            after=plain_value(each.after),
            days=None if each.days is None else days(each.days),
        )


class LineDifferenceWire(Wire):
    """How one line differs."""

    line_id: str
    line_ref: str
    name: str
    change: LineChanged
    differences: list[DifferenceWire]

    @classmethod
    def of(cls, each: LineDifference) -> LineDifferenceWire:
        """As it travels."""
        return cls(
            line_id=each.line.id,
            line_ref=each.line.sold.ref,
            name=each.line.sold.name,
            change=each.changed,
            differences=[DifferenceWire.of(one) for one in each.differences],
        )


class ChangesWire(Wire):
    """How two states differ: as a whole (parties, term, terms), and line by line."""

    contract: list[DifferenceWire]
    lines: list[LineDifferenceWire]

    @classmethod
    def of(cls, changes: Changes) -> ChangesWire:
        """As it travels."""
        return cls(
            contract=[DifferenceWire.of(each) for each in changes.contract],
            lines=[LineDifferenceWire.of(each) for each in changes.lines],
        )
