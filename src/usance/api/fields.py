"""Fields that many resources share: ids in paths, lists in queries, parts of parties."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import Field

from usance.api.envelope import Wire
from usance.domain.calendar import Period
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import REF
from usance.domain.rating.working import Working

T = TypeVar("T")

ID_PATTERN = f"^{REF.pattern}$"
PathId = Annotated[str, Field(pattern=ID_PATTERN, max_length=255)]
Ref = Annotated[
    str,
    Field(
        pattern=ID_PATTERN,
        max_length=255,
        description="1 to 255 letters, digits and _ | . : @ -, beginning with a letter or digit.",
    ),
]
Metadata = Annotated[
    dict[str, str],
    Field(max_length=50, description="Texts by names of your own; replaced whole on update."),
]


class Days(Wire):
    """A half-open period of days: `end` is the first day not included."""

    start: str = Field(examples=["2026-01-01"])
    end: str = Field(examples=["2027-01-01"])


class TaxIdWire(Wire):
    """A tax number and its kind."""

    kind: str = Field(examples=["eu_vat"])
    value: str = Field(examples=["DE136695976"])


class AddressWire(Wire):
    """Where post arrives; lines as the country writes them, without city and country."""

    country: str = Field(description="ISO 3166 alpha-2.", examples=["DE"])
    lines: list[str] | None = Field(default=None, max_length=10, examples=[["Torstraße 140"]])
    city: str | None = Field(default=None, examples=["Berlin"])
    region: str | None = None
    postal_code: str | None = Field(default=None, examples=["10119"])


class TermsBody(Wire):
    """When an invoice falls due: exactly one way of counting; `monthsAhead` goes with a day."""

    net_days: int | None = Field(
        default=None, ge=0, le=365, description="So many days after issue.", examples=[30]
    )
    end_of_month_plus: int | None = Field(
        default=None, ge=0, le=365, description="The end of the month of issue, then so many days."
    )
    net_end_of_month: int | None = Field(
        default=None, ge=0, le=365, description="So many days, then to the end of that month."
    )
    day_of_month: int | None = Field(
        default=None, ge=1, le=31, description="That day, or the last of a month without it."
    )
    months_ahead: int | None = Field(
        default=None, ge=1, le=12, description="After the month of issue; 1 without it."
    )


TermsWire = Annotated[
    dict[str, int],
    Field(description="As they are written: `{netDays: 30}`.", examples=[{"netDays": 30}]),
]


class WorkingWire(Wire):
    """One step of how an amount came about, with the steps inside it."""

    rule: str
    facts: dict[str, str | int]
    parts: list[WorkingWire]

    @classmethod
    def of(cls, working: Working) -> WorkingWire:
        """As it travels: figures as text, exactly."""
        facts = {
            name: f"{fact:f}" if isinstance(fact, Decimal) else fact
            for name, fact in working.facts.items()
        }
        return cls(rule=working.rule, facts=facts, parts=[cls.of(part) for part in working.parts])


def days(period: Period) -> Days:
    """A period as it travels."""
    return Days(start=period.start.isoformat(), end=period.end.isoformat())


def words(asked: str | None, known: Collection[str], path: str) -> list[str] | None:
    """The words of a comma-joined query parameter. Raises Invalid (UnknownWord)."""
    if asked is None or not asked.strip():
        return None
    found = [word.strip() for word in asked.split(",") if word.strip()]
    for word in found:
        if word not in known:
            expected = " or ".join(known) + ", joined by commas"
            raise Invalid(Problem("UnknownWord", path, word[:80], expected))
    return found


@contextmanager
def called(names: Mapping[str, str]) -> Iterator[None]:
    """Name fields in refusals as they were sent: from the notation's name to the wire's."""
    try:
        yield
    except Invalid as refused:
        raise Invalid(*(_renamed(each, names) for each in refused.problems)) from None


def at(path: str, read: Callable[[], T]) -> T:
    """What `read` gives; its refusals carry the path of the field that was read."""
    try:
        return read()
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None


def _renamed(problem: Problem, names: Mapping[str, str]) -> Problem:
    first, dot, rest = problem.path.partition(".")
    return replace(problem, path=f"{names.get(first, first)}{dot}{rest}")
