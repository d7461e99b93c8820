"""Decide whose use of what a connection follows, and what of the other side has no place here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from usance.domain.connections.connection import Connection
from usance.domain.connections.track import Track, counting_meter
from usance.domain.ids import REF, CustomerId, FeatureId
from usance.flows.runtime import Runtime, Scope
from usance.providers.usage_source import ListedCustomer, ListedFeature
from usance.store import connection_tracks, connections, features, parties
from usance.store.connections import Stranger
from usance.store.database import Tx

T = TypeVar("T", bound=str)
MOST_STRANGERS = 1000  # of them are told; the rest is seen when these have found their place


class Followed(NamedTuple):
    """The tracks to read, the longest untried first; those whose usage belongs elsewhere now."""

    tracks: list[Track]
    moved: list[Track]


class _Known(NamedTuple):
    """What of the other side is known here, by its id there."""

    customers: dict[str, CustomerId]
    features: dict[str, FeatureId]
    strangers: list[Stranger]


def follow_usage(
    runtime: Runtime,
    scope: Scope,
    connection: Connection,
    customers: Sequence[ListedCustomer],
    measured: Sequence[ListedFeature],
    *,
    tried_before: datetime | None = None,
) -> Followed:
    """Follow every customer's use of every measured feature that both have a name here.

    Those tried at `tried_before` (an instant of the world) or later are not to be read again. Doing
    it again follows nothing twice. Raises NotFound when the connection is gone.
    """
    with runtime.transaction(scope) as tx:
        connections.lock(tx, connection.id)
        connections.one(tx, connection.id)
        known = _known(tx, connection, customers, measured)
        standing = connection_tracks.open_tracks(tx, connection.id)
        wanted = {
            (each.customer_there, each.feature_there): each
            for each in _wanted(runtime, connection, known, customers, measured)
        }

        moved = [each for each in standing if _is_moved(each, connection)]
        followed = {(each.customer_there, each.feature_there): each for each in standing}
        new = [each for use, each in wanted.items() if use not in followed]

        connection_tracks.append(tx, new)
        connections.save_strangers(tx, connection.id, known.strangers[:MOST_STRANGERS])
    kept = [
        each
        for each, tried_at in standing.items()
        if each not in moved
        and _is_known(each, known)
        and (tried_at is None or tried_before is None or tried_at < tried_before)
    ]
    return Followed([*new, *kept], moved)


def _wanted(
    runtime: Runtime,
    connection: Connection,
    known: _Known,
    customers: Sequence[ListedCustomer],
    measured: Sequence[ListedFeature],
) -> Iterator[Track]:
    for customer in customers:
        for feature in measured:
            if customer.id in known.customers and feature.id in known.features:
                yield Track(
                    id=runtime.new_id("trk"),
                    connection_id=connection.id,
                    customer_there=customer.id,
                    feature_there=feature.id,
                    customer_id=known.customers[customer.id],
                    feature_id=known.features[feature.id],
                    since=connection.since,
                    known_since=max(customer.created_at, feature.created_at),
                )


def _is_moved(track: Track, connection: Connection) -> bool:
    """True when what it took in counts for somebody or something else now, or from another instant.
    What is left out from now on stays where it is.
    """
    here = connection.customer_here(track.customer_there)
    feature = connection.feature_here(track.feature_there)
    if here is None or feature is None:
        return False
    stays = (track.customer_id, track.feature_id, track.since) == (here, feature, connection.since)
    return not stays


def _is_known(track: Track, known: _Known) -> bool:
    return track.customer_there in known.customers and track.feature_there in known.features


def _known(
    tx: Tx,
    connection: Connection,
    customers: Sequence[ListedCustomer],
    measured: Sequence[ListedFeature],
) -> _Known:
    strangers: list[Stranger] = []
    called = _named({each.id: connection.customer_here(each.id) for each in customers}, strangers)
    here = parties.customers(tx, list(called.values()))
    found = {there: each for there, each in called.items() if each in here}
    strangers += [Stranger("UnknownCustomer", there) for there in called if there not in found]

    named = _named({each.id: connection.feature_here(each.id) for each in measured}, strangers)
    defined = features.some(tx, list(named.values()))
    counted: dict[str, FeatureId] = {}
    for there, feature_id in named.items():
        feature = defined.get(feature_id)
        if feature is None:
            strangers.append(Stranger("UnmappedFeature", there))
        elif counting_meter(feature, connection.id) is None:
            strangers.append(Stranger("FeatureCountsOtherwise", there))
        else:
            counted[there] = feature_id
    return _Known(found, counted, strangers)


def _named(called: Mapping[str, T | None], strangers: list[Stranger]) -> dict[str, T]:
    """What each is called here; an id that cannot be one of ours has to be mapped."""
    named = {there: here for there, here in called.items() if here is not None}
    odd = [there for there, here in named.items() if not REF.fullmatch(here)]
    strangers += [Stranger("InvalidId", there) for there in odd]
    return {there: here for there, here in named.items() if there not in odd}
