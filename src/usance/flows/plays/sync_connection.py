"""Sync a connection: ask the other side, create what is missing here, take in what was used.

The other side is asked between transactions, and each track is kept by itself. So whatever stops a
sync, the next goes on where it stopped: with the tracks that were tried longest ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import NamedTuple

from usance.domain.connections.closer import looked_at, to_look_at
from usance.domain.connections.connection import Connection
from usance.domain.connections.history import Anchor, Reading
from usance.domain.connections.reconciling import differences
from usance.domain.connections.track import Track, next_anchor, read, span
from usance.domain.errors import Invalid
from usance.domain.facts import ThirdPartySyncFailed
from usance.domain.ids import ConnectionId, CustomerId, FeatureId
from usance.flows.follow_usage import follow_usage
from usance.flows.plays.copy_from_connection import copy_from_connection
from usance.flows.plays.take_in_usage import Amounts, take_back_usage, take_in_usage
from usance.flows.runtime import Runtime, Scope
from usance.providers.errors import ProviderError
from usance.providers.usage_source import ListedCustomer, ListedFeature, UsageSource
from usance.store import connection_tracks, connections

MOST_FAILURES = 3  # in a row; then the other side is away, and not just one history of it
MOST_TOLD = 1000  # amounts added, one by one
LONGEST = 500  # characters of a failure that are kept
OF_THE_WHOLE = frozenset({401, 403})  # it does not know us: no history will be answered


class TakenIn(NamedTuple):
    """An amount that was added to somebody's use; negative where it was corrected downwards."""

    customer_id: CustomerId
    feature_id: FeatureId
    used_at: datetime
    amount: Decimal


@dataclass(slots=True)
class Synced:
    """What came of a sync: how many tracks were read, how many amounts were added, and the first
    thousand of them. `failure`: how it ended early; `remaining`: tracks it did not get to.
    """

    customers: list[CustomerId] = field(default_factory=list)
    features: list[FeatureId] = field(default_factory=list)
    taken_in: list[TakenIn] = field(default_factory=list)
    change_count: int = 0
    read_count: int = 0
    remaining: int = 0
    problems: list[str] = field(default_factory=list)
    failure: str | None = None

    def add(self, track: Track, added: Amounts) -> None:
        """What a track took in."""
        self.change_count += len(added)
        self.taken_in += [
            TakenIn(track.customer_id, track.feature_id, used_at, amount)
            for used_at, amount in islice(added.items(), MOST_TOLD - len(self.taken_in))
        ]


class _Listed(NamedTuple):
    customers: list[ListedCustomer]
    features: list[ListedFeature]


class _Told(NamedTuple):
    """What the other side told of a track, or why it did not."""

    track: Track
    reading: Reading | None
    anchor: Anchor | None
    is_whole: bool
    problem: str | None = None


def sync_connection(
    runtime: Runtime,
    scope: Scope,
    connection_id: ConnectionId,
    *,
    is_whole: bool = False,
    at_most: int | None = None,
    tried_before: datetime | None = None,
) -> Synced:
    """Bring in what is new, and all that was corrected; everything there ever was, if `is_whole`.

    `at_most`: so many tracks, the longest untried first; none tried at `tried_before` or later, by
    the world's clock. A failure of the other side is kept with the connection and told, never
    raised; what was read before it stays. The first failure after a success is announced, too.
    Raises NotFound.
    """
    connection, key, now = _asked(runtime, scope, connection_id)
    synced = Synced()
    try:
        with runtime.usage_source(connection.url, key) as source:
            listed = _Listed(list(source.customers()), list(source.features()))
            due = _prepared(runtime, scope, connection, listed, synced, tried_before=tried_before)
            tracks = due[:at_most]
            synced.remaining = len(due) - len(tracks)
            ask = partial(_told, runtime, scope, source, connection)
            for told in ask(tracks, now=now, is_whole=is_whole):
                _keep(runtime, scope, told, synced)
    except ProviderError as failure:
        synced.failure = str(failure)[:LONGEST]
    with runtime.transaction(scope) as tx:
        is_complete = synced.failure is None and not synced.remaining
        if synced.failure is not None and connections.fares_well(tx, connection_id):
            fact, after = ThirdPartySyncFailed(connection_id), {"failure": synced.failure}
            runtime.note(tx, scope, "connection.sync_failed", connection_id, fact, after=after)
        connections.save_outcome(
            tx, connection_id, failure=synced.failure, is_complete=is_complete, at=runtime.now(tx)
        )
    return synced


def rehearse_sync(
    runtime: Runtime, scope: Scope, connection_id: ConnectionId, *, is_whole: bool = False
) -> Synced:
    """What a sync would do now; nothing of it is kept. Raises NotFound."""
    connection, key, now = _asked(runtime, scope, connection_id)
    told: dict[tuple[str, str], _Told] = {}
    try:
        with runtime.usage_source(connection.url, key) as source:
            listed = _Listed(list(source.customers()), list(source.features()))
            with runtime.rehearsal(scope) as rehearsed:
                tracks = _prepared(rehearsed, scope, connection, listed, Synced())
            ask = partial(_told, runtime, scope, source, connection)
            for each in ask(tracks, now=now, is_whole=is_whole):
                told[each.track.customer_there, each.track.feature_there] = each
    except ProviderError as failure:
        return Synced(failure=str(failure)[:LONGEST])
    synced = Synced()
    with runtime.rehearsal(scope) as rehearsed:
        for track in _prepared(rehearsed, scope, connection, listed, synced):
            answer = told.get((track.customer_there, track.feature_there))
            if answer is not None:
                _keep(rehearsed, scope, answer._replace(track=track), synced)
    return synced


def disconnect_usage(
    runtime: Runtime, scope: Scope, connection_id: ConnectionId, *, takes_back: bool
) -> None:
    """Remove a connection and forget its key. What it took in stays, unless it is taken back.

    Raises NotFound.
    """
    with runtime.transaction(scope) as tx:
        connections.lock(tx, connection_id)
        before = connections.one(tx, connection_id).connection
        standing = connection_tracks.open_tracks(tx, connection_id)
        connections.save_removed(tx, connection_id, at=runtime.now(tx))
        after = {"takesBack": takes_back}
        runtime.note(tx, scope, "connection.removed", connection_id, before=before, after=after)
    for track in standing if takes_back else ():
        take_back_usage(runtime, scope, track)


def _asked(
    runtime: Runtime, scope: Scope, connection_id: ConnectionId
) -> tuple[Connection, str, datetime]:
    with runtime.transaction(scope) as tx:
        connection = connections.one(tx, connection_id).connection
        return connection, connections.key_of(tx, connection_id), runtime.now(tx)


def _prepared(
    runtime: Runtime,
    scope: Scope,
    connection: Connection,
    listed: _Listed,
    synced: Synced,
    *,
    tried_before: datetime | None = None,
) -> list[Track]:
    """What is there is here as well; whose use of what is to be read, in this order."""
    synced.customers, synced.features = copy_from_connection(
        runtime, scope, connection, listed.customers, listed.features
    )
    measured = [each for each in listed.features if each.is_measured]
    ask = partial(follow_usage, runtime, scope, connection, listed.customers, measured)
    followed = ask(tried_before=tried_before)
    if not followed.moved:
        return followed.tracks
    for track in followed.moved:
        synced.add(track, take_back_usage(runtime, scope, track))
    return ask(tried_before=tried_before).tracks


def _told(
    runtime: Runtime,
    scope: Scope,
    source: UsageSource,
    connection: Connection,
    tracks: Iterable[Track],
    *,
    now: datetime,
    is_whole: bool,
) -> Iterator[_Told]:
    """What the other side tells of each track. Raises ProviderError when it is away."""
    failures = 0
    for track in tracks:
        try:
            told = _history(source, connection, track, now=now, is_whole=is_whole)
            told = _closer(runtime, scope, source, told, now=now)
        except ProviderError as failure:
            failures = failures + 1 if failure.retryable else 0
            yield _Told(track, None, None, is_whole, str(failure)[:LONGEST])
            if failure.status in OF_THE_WHOLE or failures == MOST_FAILURES:
                raise
        else:
            failures = 0
            yield told


def _history(
    source: UsageSource, connection: Connection, track: Track, *, now: datetime, is_whole: bool
) -> _Told:
    kind = connection.kind
    there = (track.customer_there, track.feature_there)
    asked = span(track, kind, now=now, is_whole=is_whole)
    series = source.history(*there, start=asked.start_at, end=now)
    reading = read(series, asked, track, kind, now=now)
    if reading is None:
        asked = span(track, kind, now=now, is_doubtful=True)
        series = source.history(*there, start=asked.start_at, end=now)
        reading = read(series, asked, track, kind, now=now)
        assert reading is not None, "a reading without an anchor needs none to hold"
    if not reading.is_base_known:
        asked = asked._replace(start_at=track.known_since)
        series = source.history(*there, start=asked.start_at, end=now)
        reading = read(series, asked, track, kind, now=now)
    return _Told(track, reading, next_anchor(series, track, kind, now=now), asked.reads_all)


def _closer(
    runtime: Runtime, scope: Scope, source: UsageSource, told: _Told, *, now: datetime
) -> _Told:
    """The same, with the days told as one of which something is missing told by the hour."""
    track, reading = told.track, told.reading
    assert reading is not None, "a history was told"
    with runtime.transaction(scope) as tx:
        taken = connection_tracks.taken(tx, track.id, after=reading.after)
    missing = differences(reading, taken.amounts)
    for stretch in to_look_at(reading, missing, now=now):
        there = (track.customer_there, track.feature_there)
        series = source.history(*there, start=stretch.start, end=stretch.end)
        reading = looked_at(reading, stretch, series)
    return told._replace(reading=reading)


def _keep(runtime: Runtime, scope: Scope, told: _Told, synced: Synced) -> None:
    track, problem = told.track, told.problem
    if told.reading is not None:
        try:
            added = take_in_usage(
                runtime, scope, track, told.reading, anchor=told.anchor, is_whole=told.is_whole
            )
        except Invalid as refused:
            problem = str(refused)[:LONGEST]
        else:
            synced.read_count += 1
            synced.add(track, added)
    if problem is not None:
        synced.problems.append(f"{track.customer_there}, {track.feature_there}: {problem}")
        with runtime.transaction(scope) as tx:
            connection_tracks.save_problem(tx, track.id, problem, tried_at=runtime.clock())
