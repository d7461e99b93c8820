"""Instants and country codes as they are sent."""

from __future__ import annotations

from datetime import UTC, datetime

from usance.domain.calendar import FIRST_DAY, LAST_DAY
from usance.domain.customer import check_country
from usance.domain.errors import Invalid, Problem
from usance.domain.plans.charges import EUROPE


def instant_in(text: str | None, path: str) -> datetime | None:
    """The instant written, in UTC; without a zone it is UTC. Raises Invalid (InvalidDate)."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        instant = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = datetime.min.replace(tzinfo=UTC)
    if not FIRST_DAY <= instant.date() <= LAST_DAY:
        expected = f"an instant such as 2026-01-31T00:00:00Z, from {FIRST_DAY} to {LAST_DAY}"
        raise Invalid(Problem("InvalidDate", path, text[:80], expected))
    return instant


def country_in(code: str | None, path: str = "billingCountryCode") -> str | None:
    """A country's code, or that of the Union, as it is kept. Raises Invalid (UnknownCountry)."""
    found = capitals(code)
    if found is not None and found != EUROPE:
        check_country(found, path)
    return found


def capitals(code: str | None) -> str | None:
    """A country's code as it is kept; None of none."""
    return None if code is None else code.upper()
