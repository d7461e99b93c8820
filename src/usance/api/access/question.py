"""What a check asks, read from its query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette.datastructures import QueryParams

from usance.domain.catalog import read_number
from usance.domain.errors import Problem, refuse_if
from usance.domain.ids import REF, FeatureId

LONGEST = 255
MAX_VALUES = 100
RESERVATIONS = (
    "reserveAmount",
    "reservationId",
    "reservationTtlSeconds",
    "reservationExpiresAt",
    "reservationMetadata",
)
KNOWN = frozenset(
    ("featureId", "currencyId", "requestedUsage", "requestedValues", "resourceId", "dimensions")
)
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this customer use so much more of a feature, or these of its values?"""

    customer_id: str
    feature_id: FeatureId | None = None
    currency_id: str | None = None
    requested_usage: Decimal = NOTHING
    requested_values: tuple[str, ...] = ()
    resource_id: str | None = None


def question_of(customer_id: str, query: QueryParams) -> Question:
    """What is asked. Of `dimensions` nothing depends. Raises Invalid as `question_from`."""
    return question_from(customer_id, query, query.getlist("requestedValues"))


def question_from(customer_id: str, query: Mapping[str, str], values: Sequence[str]) -> Question:
    """What is asked, with the values that were named, each several joined by commas.

    Raises Invalid: MissingField, ExclusiveFields, InvalidId, InvalidRequestedUsage, TooMany,
    ReservationsNotOffered, UnknownParameter.
    """
    feature_id, currency_id = query.get("featureId"), query.get("currencyId")
    resource_id = query.get("resourceId") or None
    usage, values = _usage(query.get("requestedUsage")), _values(values)
    problems = []
    if feature_id is None and currency_id is None:
        problems.append(Problem("MissingField", "featureId", "", "featureId or currencyId"))
    if feature_id is not None and currency_id is not None:
        expected = "featureId or currencyId, not both"
        problems.append(Problem("ExclusiveFields", "currencyId", currency_id[:80], expected))
    for path, id in {"featureId": feature_id, "currencyId": currency_id}.items():
        if id is not None and not 1 <= len(id) <= LONGEST:
            problems.append(Problem("InvalidId", path, id[:80], f"1 to {LONGEST} characters"))
    for path, id in {"id": customer_id, "resourceId": resource_id}.items():
        if id is not None and not REF.fullmatch(id):
            expected = "1 to 255 letters, digits and _ | . : @ -, beginning with a letter or digit"
            problems.append(Problem("InvalidId", path, id[:80], expected))
    if usage is None:
        found = query["requestedUsage"][:80]
        problems.append(Problem("InvalidRequestedUsage", "requestedUsage", found, "zero or more"))
    if len(values) > MAX_VALUES:
        found = str(len(values))
        problems.append(Problem("TooMany", "requestedValues", found, f"at most {MAX_VALUES}"))
    for path in RESERVATIONS:
        if path in query:
            expected = "nothing: this environment has no credits to reserve"
            problems.append(Problem("ReservationsNotOffered", path, query[path][:80], expected))
    for name in query:  # what is misspelled would ask for less than was meant, and be let through
        if name not in KNOWN and name not in RESERVATIONS and not name.startswith("dimensions["):
            expected = "one of " + ", ".join(sorted(KNOWN))
            problems.append(Problem("UnknownParameter", ascii(name)[1:-1][:80], "", expected))
    refuse_if(problems)
    return Question(
        customer_id=customer_id,
        feature_id=None if feature_id is None else FeatureId(feature_id),
        currency_id=currency_id,
        requested_usage=usage or NOTHING,
        requested_values=values,
        resource_id=resource_id,
    )


def parameters(**described: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Query parameters, as the API document describes them."""
    return [
        {"name": name, "in": "query", "required": False, **about}
        for name, about in described.items()
    ]


def _usage(text: str | None) -> Decimal | None:
    if not text:
        return NOTHING
    found = read_number(text)
    return None if found is None or found < 0 else found


def _values(named: Sequence[str]) -> tuple[str, ...]:
    return tuple(value for sent in named for value in sent.split(",") if value)
