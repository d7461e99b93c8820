"""The one envelope: `{data}`, `{data, pagination}`, or `{error}`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

T = TypeVar("T")


class Wire(BaseModel):
    """What travels: frozen, camelCase, and nothing in it that nobody asked for."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Single(Wire, Generic[T]):
    """One thing."""

    data: T


class Cursors(Wire):
    """Where to go on: `next` goes into `after`, `prev` into `before`; null: there is no more."""

    next: str | None = Field(description="Pass it as `after`.")
    prev: str | None = Field(description="Pass it as `before`.")


class Page(Wire, Generic[T]):
    """Some of many things, oldest first."""

    data: list[T]
    pagination: Cursors


class Detail(Wire):
    """One thing wrong with the request."""

    code: str = Field(examples=["NegativePrice"])
    path: str = Field(description="The field, as it was sent.", examples=["lines[0].price"])
    value: str = Field(description="What was there, shortened.", examples=["-10"])
    expected: str = Field(description="What would be right.", examples=["zero or more"])
    message: str


class ErrorBody(Wire):
    """Why a request was refused."""

    code: str = Field(description="Public, and never changes.", examples=["InvoiceNotApproved"])
    message: str = Field(description="For a person: what is wrong, and what to do.")
    details: list[Detail] = Field(description="One for each field that is not accepted.")


class Failure(Wire):
    """A refusal."""

    error: ErrorBody


def _instant_text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(_instant_text, return_type=str),
    Field(examples=["2026-01-31T09:30:00Z"]),
]
Amount = Annotated[
    str,
    Field(description="In major units of `currency`, exact.", examples=["1200.00"]),
]
Quantity = Annotated[str, Field(description="An exact decimal number.", examples=["25"])]
CurrencyCode = Annotated[str, Field(description="ISO 4217.", examples=["EUR"])]
