"""Connections in their notation: where usage is counted, and what is called what there and here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from usance.documents.plain import Fields, choice, name, ref, refusal, text, truth
from usance.domain.connections.connection import Connection, HistoryKind
from usance.domain.ids import ConnectionId, CustomerId, FeatureId
from usance.domain.metering.events import read_instant


def connection_from(plain: object, path: str = "") -> Connection:
    """The connection in `plain`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    connection_id = fields.need("connectionId", ref)
    url = fields.need("url", text, "")
    since = fields.need("since", _instant)
    kind = fields.take("history", choice(HistoryKind), HistoryKind.RUNNING)
    customers = fields.take("customers", _names, {})
    features = fields.take("features", _names, {})
    creates_customers = fields.take("createsCustomers", truth, None) is not False
    creates_features = fields.take("createsFeatures", truth, None) is not False
    is_enabled = fields.take("isEnabled", truth, None) is not False
    return fields.made(
        lambda: Connection(
            id=ConnectionId(connection_id),
            url=url,
            since=since,
            kind=kind,
            customers={there: _customer(here) for there, here in customers.items()},
            features={there: _feature(here) for there, here in features.items()},
            creates_customers=creates_customers,
            creates_features=creates_features,
            is_enabled=is_enabled,
        )
    )


def plain_connection(connection: Connection) -> dict[str, object]:
    """The connection in its notation; its key is not part of it."""
    return {
        "connectionId": connection.id,
        "url": connection.url,
        "since": connection.since.isoformat().replace("+00:00", "Z"),
        "history": connection.kind.value,
        "customers": dict(connection.customers),
        "features": dict(connection.features),
        "createsCustomers": connection.creates_customers,
        "createsFeatures": connection.creates_features,
        "isEnabled": connection.is_enabled,
    }


def _customer(here: str | None) -> CustomerId | None:
    return None if here is None else CustomerId(here)


def _feature(here: str | None) -> FeatureId | None:
    return None if here is None else FeatureId(here)


def _instant(value: object, path: str) -> datetime:
    return read_instant(text(value, path), path)


def _names(value: object, path: str) -> dict[str, str | None]:
    """What is called what: by its name there, its name here, or null to leave it out."""
    if not isinstance(value, Mapping):
        raise refusal("WrongType", path, value, "a mapping of names there to names here")
    return {
        name(there, path): None if here is None else ref(here, f"{path}.{there}")
        for there, here in value.items()
    }
