"""A world that is connected to another side, and what one sees of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

import pytest

from tests.connections.other_side import OtherSide, instant, other_side
from tests.stories.conftest import world
from tests.stories.world import World
from usance.domain.connections.connection import Connection, HistoryKind
from usance.domain.ids import ConnectionId, CustomerId, FeatureId
from usance.domain.metering.totals import UsageWindow
from usance.flows.connect_usage import connect_usage
from usance.flows.plays.sync_connection import Synced, sync_connection
from usance.providers.stigg_api import stigg_api
from usance.store import connections, features, usage

__all__ = ["Connected", "connect", "connected", "there", "world"]

KEY = "server-of-the-other-side"
STIGG = ConnectionId("stigg")
COUNT = """
SELECT (SELECT count(*) FROM usage_events WHERE tenant_id = %(tenant_id)s) AS events,
       (SELECT count(*) FROM outbox WHERE tenant_id = %(tenant_id)s) AS facts,
       (SELECT count(*) FROM audit_log WHERE tenant_id = %(tenant_id)s) AS acts
"""


@dataclass(slots=True)
class Connected:
    """One environment, connected to the other side."""

    world: World
    there: OtherSide

    def sync(
        self,
        *,
        is_whole: bool = False,
        at_most: int | None = None,
        tried_before: datetime | None = None,
    ) -> Synced:
        """Sync now; nothing fails."""
        synced = self.try_sync(is_whole=is_whole, at_most=at_most, tried_before=tried_before)
        assert synced.failure is None
        return synced

    def try_sync(
        self,
        *,
        is_whole: bool = False,
        at_most: int | None = None,
        tried_before: datetime | None = None,
    ) -> Synced:
        """Sync now, however it ends."""
        return sync_connection(
            self.world.runtime,
            self.world.scope,
            STIGG,
            is_whole=is_whole,
            at_most=at_most,
            tried_before=tried_before,
        )

    def here(
        self, by: str = "acme", of: str = "calls", *, since: str = "2025-01-01", to: str = ""
    ) -> Decimal:
        """What is counted here, as billing counts it."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            meter = features.one(tx, of).counted_by
            assert meter is not None
            end: datetime = instant(to) if to else self.world.runtime.now(tx)
            window = UsageWindow(CustomerId(by), meter, instant(since), end)
            return usage.totals(tx, {"it": window})["it"].quantity

    def rows(self) -> tuple[int, int, int]:
        """How many events, facts and audit rows there are."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            [row] = tx.all(COUNT)
        return row.events, row.facts, row.acts

    @property
    def kept(self) -> connections.KeptConnection:
        """The connection as it stands."""
        with self.world.runtime.transaction(self.world.scope) as tx:
            return connections.one(tx, STIGG)


@pytest.fixture
def there() -> Iterator[OtherSide]:
    """The other side, which counts calls of acme."""
    with other_side() as there:
        yield there


@pytest.fixture
def connected(world: World, there: OtherSide) -> Connected:
    """10 January 2025 at Halden, just connected."""
    return connect(world, there)


def connect(
    world: World,
    there: OtherSide,
    *,
    kind: HistoryKind = HistoryKind.RUNNING,
    customers: Mapping[str, CustomerId | None] | None = None,
    features: Mapping[str, FeatureId | None] | None = None,
    creates: bool = True,
) -> Connected:
    """A connection that counts from New Year 2025, on 10 January."""
    there.is_running = kind is HistoryKind.RUNNING
    source = partial(stigg_api, pause=lambda _seconds: None)
    world.runtime = replace(world.runtime, usage_source=source)
    connection = Connection(
        id=STIGG,
        url=there.url,
        since=instant("2025-01-01"),
        kind=kind,
        customers=customers or {},
        features=features or {},
        creates_customers=creates,
        creates_features=creates,
    )
    connect_usage(world.runtime, world.scope, connection, key=KEY)
    return Connected(world.on("2025-01-10"), there)
