"""Connections as they travel. The key to the other side goes in, and never out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from usance.api.envelope import Instant, Quantity, Wire
from usance.api.fields import Ref
from usance.documents.connection_notation import plain_connection
from usance.flows.plays.sync_connection import Synced
from usance.store.connection_differences import Difference
from usance.store.connections import KeptConnection

NAMES = {"connectionId": "id"}  # the notation's name of a field, and the wire's
KEY = "A server key of the other side. It is kept, and never shown again."


class ConnectionWords(Wire):
    """What may change of a connection."""

    url: str | None = Field(
        default=None,
        description="Where the other side answers, without `/api`.",
        examples=["https://api.stigg.io"],
    )
    key: str | None = Field(default=None, repr=False, description=KEY)
    since: str | None = Field(
        default=None,
        description="The first instant whose usage counts here.",
        examples=["2026-01-01T00:00:00Z"],
    )
    history: Literal["RUNNING", "AMOUNTS"] | None = Field(
        default=None,
        description="What the points of its usage history say: the count so far, from zero again "
        "at each reset point (RUNNING, without it); or what was used from a point to the next.",
    )
    customers: dict[str, str | None] | None = Field(
        default=None,
        description="What its customers are called here; null: left out. Replaced whole.",
    )
    features: dict[str, str | None] | None = Field(
        default=None,
        description="What its features are called here; null: left out. Replaced whole.",
    )
    creates_customers: bool | None = Field(
        default=None, description="Customers unknown here are created; without it they are."
    )
    creates_features: bool | None = Field(
        default=None, description="Features unknown here are created; without it they are."
    )
    is_enabled: bool | None = Field(default=None, description="It is synced every few minutes.")


class ConnectionPatch(ConnectionWords):
    """What changes of a connection."""


class ConnectionBody(ConnectionWords):
    """A new connection."""

    id: Ref = Field(examples=["stigg"])
    url: str = Field(
        description="Where the other side answers, without `/api`.",
        examples=["https://api.stigg.io"],
    )
    key: str = Field(repr=False, description=KEY)
    since: str = Field(
        description="The first instant whose usage counts here.", examples=["2026-01-01T00:00:00Z"]
    )


class StrangerWire(Wire):
    """Something there that has no place here."""

    code: str = Field(
        description="UnknownCustomer, UnmappedFeature, InvalidId (map it to an id of ours), or "
        "FeatureCountsOtherwise (its meter here does not add amounts up)."
    )
    there: str


class ConnectionWire(Wire):
    """A connection, and how it fares."""

    id: str
    url: str
    since: str
    history: Literal["RUNNING", "AMOUNTS"]
    customers: dict[str, str | None]
    features: dict[str, str | None]
    creates_customers: bool
    creates_features: bool
    is_enabled: bool
    created_at: Instant
    tried_at: Instant | None = Field(description="When the last sync ended, well or not.")
    synced_at: Instant | None = Field(description="When the last one ended that read everything.")
    failure: str | None = Field(description="How the last sync failed; null: it did not.")
    problems: list[StrangerWire] = Field(description="The first thousand.")


class SyncBody(Wire):
    """How to sync."""

    dry_run: bool = Field(default=False, description="Tell what would happen; keep nothing.")
    whole: bool = Field(default=False, description="Read everything since the connection counts.")


class ConnectionChangeWire(Wire):
    """An amount that was added to somebody's use; negative: it was corrected downwards."""

    customer_id: str
    feature_id: str
    timestamp: Instant
    amount: Quantity


class SyncWire(Wire):
    """What came of a sync."""

    customers: list[str] = Field(description="Created or changed here.")
    features: list[str] = Field(description="Created or changed here.")
    changes: list[ConnectionChangeWire] = Field(description="The first thousand.")
    change_count: int
    read_count: int = Field(description="How many histories were read.")
    remaining: int = Field(description="How many are left for the next sync.")
    problems: list[str]
    failure: str | None = Field(description="Why it ended early; what was read before it stays.")


class DifferenceWire(Wire):
    """One customer's use of one feature since the connection counts."""

    customer_id: str
    feature_id: str
    customers_there: list[str]
    features_there: list[str]
    there: Quantity = Field(description="As the other side last told it.")
    here: Quantity = Field(description="As it is counted here for billing, whatever it came in by.")
    difference: Quantity = Field(description="What is missing here; negative: here is more.")
    last_synced_at: Instant | None
    last_changed_at: Instant | None
    problem: str | None


def connection_wire(kept: KeptConnection) -> ConnectionWire:
    """As it travels."""
    plain = {
        NAMES.get(name, name): value for name, value in plain_connection(kept.connection).items()
    }
    told = {
        "createdAt": kept.created_at,
        "triedAt": kept.tried_at,
        "syncedAt": kept.synced_at,
        "failure": kept.failure,
        "problems": [each._asdict() for each in kept.strangers],
    }
    return ConnectionWire.model_validate({**plain, **told})


def sync_wire(synced: Synced) -> SyncWire:
    """As it travels."""
    return SyncWire(
        customers=list(synced.customers),
        features=list(synced.features),
        changes=[
            ConnectionChangeWire(
                customer_id=each.customer_id,
                feature_id=each.feature_id,
                timestamp=each.used_at,
                amount=f"{each.amount.normalize():f}",
            )
            for each in synced.taken_in
        ],
        change_count=synced.change_count,
        read_count=synced.read_count,
        remaining=synced.remaining,
        problems=synced.problems,
        failure=synced.failure,
    )


def difference_wire(found: Difference) -> DifferenceWire:
    """As it travels."""
    return DifferenceWire(
        customer_id=found.customer_id,
        feature_id=found.feature_id,
        customers_there=list(found.customers_there),
        features_there=list(found.features_there),
        there=f"{found.there.normalize():f}",
        here=f"{found.here.normalize():f}",
        difference=f"{found.difference.normalize():f}",
        last_synced_at=found.read_at,
        last_changed_at=found.changed_at,
        problem=found.problem,
    )
