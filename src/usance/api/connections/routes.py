"""Connections: usage that another system counts, and what became of it here."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from usance.api.caller import Asked, Caller
from usance.api.connections.wire import (
    NAMES,
    ConnectionBody,
    ConnectionPatch,
    ConnectionWire,
    ConnectionWords,
    DifferenceWire,
    SyncBody,
    SyncWire,
    connection_wire,
    difference_wire,
    sync_wire,
)
from usance.api.envelope import Cursors, Page, Single
from usance.api.fields import PathId, called
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.documents.connection_notation import connection_from, plain_connection
from usance.domain.ids import ConnectionId
from usance.flows.connect_usage import connect_usage
from usance.flows.plays.sync_connection import disconnect_usage, rehearse_sync, sync_connection
from usance.flows.update_connection import update_connection
from usance.store import connection_differences, connections

AT_MOST = 500  # histories of one request

router = resource("connections", tag="Usage")


@router.post(
    "", operation_id="createConnection", summary="Connect a system that counts", status_code=201
)
def create_connection(caller: Asked, body: ConnectionBody) -> Single[ConnectionWire]:
    """Its customers, features and usage come in by themselves from now on. One that was removed
    comes back under its id, and goes on from what it had taken in.
    """
    with called(NAMES):
        connection = connection_from({"connectionId": body.id, **_sent(body)})
    connect_usage(caller.runtime, caller.scope, connection, key=body.key)
    return _one(caller, body.id)


@router.get("", operation_id="listConnections", summary="List connections")
def list_connections(caller: Asked) -> Page[ConnectionWire]:
    """All of them, by id."""
    with caller.transaction() as tx:
        found = [connection_wire(kept) for kept in connections.every(tx)]
    return Page(data=found, pagination=Cursors(next=None, prev=None))


@router.get("/{id}", operation_id="getConnection", summary="Read a connection")
def get_connection(caller: Asked, id: PathId) -> Single[ConnectionWire]:
    """How it fares, and what of the other side has no place here."""
    return _one(caller, id)


@router.patch("/{id}", operation_id="updateConnection", summary="Change a connection")
def change_connection(caller: Asked, id: PathId, body: ConnectionPatch) -> Single[ConnectionWire]:
    """Only what is sent changes. What is called otherwise from now on, or counts from another
    instant, is taken back and taken in anew by the next sync.
    """
    with caller.transaction() as tx:
        before = plain_connection(connections.one(tx, id).connection)
    with called(NAMES):
        connection = connection_from({**before, **_sent(body)})
    update_connection(caller.runtime, caller.scope, connection, key=body.key)
    return _one(caller, id)


@router.delete("/{id}", operation_id="removeConnection", summary="Remove a connection")
def remove_connection(
    caller: Asked,
    id: PathId,
    *,
    take_back: Annotated[
        bool, Query(alias="takeBack", description="Take back all that it took in.")
    ] = False,
) -> Single[ConnectionWire]:
    """Its key is forgotten. What it took in stays, unless it is taken back."""
    was = _one(caller, id)
    disconnect_usage(caller.runtime, caller.scope, ConnectionId(id), takes_back=take_back)
    return was


@router.post("/{id}/sync", operation_id="syncConnection", summary="Sync a connection now")
def sync(caller: Asked, id: PathId, body: SyncBody | None = None) -> Single[SyncWire]:
    """At most 500 histories, those first that were read longest ago; a dry run, all. A failure of
    the other side is told in `failure`.
    """
    asked = SyncBody() if body is None else body
    connection_id = ConnectionId(id)
    runtime, scope = caller.runtime, caller.scope
    if asked.dry_run:
        return Single(
            data=sync_wire(rehearse_sync(runtime, scope, connection_id, is_whole=asked.whole))
        )
    synced = sync_connection(runtime, scope, connection_id, is_whole=asked.whole, at_most=AT_MOST)
    return Single(data=sync_wire(synced))


@router.get(
    "/{id}/differences",
    operation_id="listConnectionDifferences",
    summary="Compare usage there and here",
)
def list_differences(caller: Asked, asked: Paging, id: PathId) -> Page[DifferenceWire]:
    """By customer and feature, in the order in which they were first followed."""
    with caller.transaction() as tx:
        connection = connections.one(tx, id).connection
        found = connection_differences.page(
            tx,
            connection,
            now=caller.runtime.now(tx),
            after=asked.after,
            before=asked.before,
            limit=asked.and_one,
        )
    shown, cursors = part(found, asked, lambda each: each.cursor)
    return Page(data=[difference_wire(each) for each in shown], pagination=cursors)


def _sent(body: ConnectionWords) -> dict[str, object]:
    return body.model_dump(by_alias=True, exclude_unset=True, exclude={"key", "id"})


def _one(caller: Caller, connection_id: str) -> Single[ConnectionWire]:
    with caller.transaction() as tx:
        return Single(data=connection_wire(connections.one(tx, connection_id)))
