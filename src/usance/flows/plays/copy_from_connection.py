"""Create here what a connected system has and we do not: its customers and its features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from usance.documents.feature_notation import feature_from
from usance.domain.connections.connection import Connection
from usance.domain.errors import Invalid
from usance.domain.ids import REF, CustomerId, FeatureId
from usance.flows.define_feature import define_feature
from usance.flows.import_customers import import_customers
from usance.flows.runtime import Runtime, Scope
from usance.flows.update_feature import update_feature
from usance.providers.usage_source import ListedCustomer, ListedFeature
from usance.store import connections, features, parties
from usance.store.connections import CUSTOMER, FEATURE
from usance.store.database import Tx
from usance.store.joined import Joined

BATCH = 100
FIXED = {"featureType", "meterType"}

Said = Mapping[str, object]


class Copied(NamedTuple):
    """What is here now that was not, or says something else."""

    customers: list[CustomerId]
    features: list[FeatureId]


def copy_from_connection(
    runtime: Runtime,
    scope: Scope,
    connection: Connection,
    customers: Sequence[ListedCustomer],
    listed: Sequence[ListedFeature],
) -> Copied:
    """Create what no name of ours stands for yet, under its id there; and have what was created so
    follow what changes there. What was here before is ours: it stays as it is.

    What cannot be copied (an odd address, say) is left out, and told as unknown. May be played
    again: what says nothing new is left alone. Raises NotFound when the connection is gone.
    """
    new_customers: list[CustomerId] = []
    if connection.creates_customers:
        unnamed = [each for each in customers if _is_copyable(each.id, connection.customers)]
        remaining = iter(unnamed)
        while batch := list(islice(remaining, BATCH)):
            new_customers += _copy_customers(runtime, scope, connection, batch)
    new_features: list[FeatureId] = []
    if connection.creates_features:
        unmapped = [each for each in listed if _is_copyable(each.id, connection.features)]
        new_features = _copy_features(runtime, scope, connection, unmapped)
    return Copied(new_customers, new_features)


def _is_copyable(there: str, names: Mapping[str, object]) -> bool:
    return there not in names and REF.fullmatch(there) is not None


def _copy_customers(
    runtime: Runtime, scope: Scope, connection: Connection, batch: Sequence[ListedCustomer]
) -> list[CustomerId]:
    with runtime.transaction(scope) as tx:
        connections.lock(tx, connection.id)
        before = connections.copies(tx, connection.id)
        here = parties.customers(tx, [CustomerId(each.id) for each in batch])
        changes = {
            each.id: changed
            for each in batch
            if (
                changed := _changed(
                    each.said, before.get((CUSTOMER, each.id)), is_here=each.id in here
                )
            )
            is not None
        }
        rows = {there: {"customerId": there, **changed} for there, changed in changes.items()}

        joined = replace(runtime, database=Joined(tx))
        done = _imported(joined, scope, rows)
        said = {each.id: each.said for each in batch if each.id in done}
        connections.save_copies(tx, connection.id, CUSTOMER, said)
    return [CustomerId(there) for there in done]


def _imported(joined: Runtime, scope: Scope, rows: Mapping[str, Said]) -> list[str]:
    """Those that could be: where one of them cannot, each by itself."""
    if not rows:
        return []
    try:
        import_customers(joined, scope, list(rows.values()))
        return list(rows)
    except Invalid:
        if len(rows) == 1:
            return []
    return [one for there, row in rows.items() for one in _imported(joined, scope, {there: row})]


def _copy_features(
    runtime: Runtime, scope: Scope, connection: Connection, listed: Sequence[ListedFeature]
) -> list[FeatureId]:
    with runtime.transaction(scope) as tx:
        connections.lock(tx, connection.id)
        before = connections.copies(tx, connection.id)
        here = features.some(tx, [each.id for each in listed])
        joined = replace(runtime, database=Joined(tx))
        done: dict[str, Said] = {}
        for each in listed:
            known = before.get((FEATURE, each.id))
            changed = _changed(each.said, known, is_here=FeatureId(each.id) in here)
            if changed is not None and _copied(
                joined, scope, tx, each, changed=changed, known=known
            ):
                done[each.id] = each.said
        connections.save_copies(tx, connection.id, FEATURE, done)
    return [FeatureId(there) for there in done]


def _copied(
    joined: Runtime,
    scope: Scope,
    tx: Tx,
    listed: ListedFeature,
    *,
    changed: Said,
    known: Said | None,
) -> bool:
    """False when it cannot be a feature of ours as it is said there."""
    try:
        if known is None or features.some(tx, [listed.id]) == {}:
            define_feature(joined, scope, feature_from({"featureId": listed.id, **listed.said}))
        else:
            changes = {name: said for name, said in changed.items() if name not in FIXED}
            update_feature(joined, scope, FeatureId(listed.id), changes)
    except Invalid:
        return False
    return True


def _changed(said: Said, known: Said | None, *, is_here: bool) -> Said | None:
    """What is said anew there; None: nothing, or it is ours."""
    if not is_here:
        return said
    if known is None or known == said:
        return None
    return {name: word for name, word in said.items() if known.get(name) != word}
