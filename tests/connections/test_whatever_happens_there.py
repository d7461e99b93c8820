"""Whatever is used and corrected there, and however it is synced here: both say the same."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import new_sandbox
from tests.connections.conftest import Connected, connect
from tests.connections.other_side import HOUR, other_side
from tests.connections.other_side import instant as at
from tests.stories.world import World
from usance.domain.connections.connection import HistoryKind
from usance.flows.runtime import Runtime
from usance.store.database import Database

pytestmark = pytest.mark.postgres

START = at("2025-01-01")
DAYS = 100
BY = ("acme", "globex")

uses = st.tuples(
    st.just("use"),
    st.sampled_from(BY),
    st.integers(0, 24 * 60),  # hours before now
    st.integers(-20, 50),
)
syncs = st.tuples(st.just("sync"), st.booleans(), st.sampled_from([None, 1]))
passes = st.tuples(st.just("pass"), st.integers(1, 30))
outages = st.tuples(st.just("down"), st.sampled_from(["/usage/acme/", "/features", ""]))
grains = st.tuples(st.just("grain"), st.sampled_from([1, 24]))
steps = st.lists(st.one_of(uses, uses, uses, syncs, passes, outages, grains), max_size=25)


@given(steps, st.sampled_from(list(HistoryKind)))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_in_the_end_both_sides_say_the_same_day_by_day(
    database: Database, happens: list[tuple[object, ...]], kind: HistoryKind
) -> None:
    with other_side() as there:
        there.customer("globex", name="Globex")
        there.resets = [at(f"2025-{month:02}-01") for month in range(2, 13)]
        world = World(Runtime(database), new_sandbox(database)).on("2025-01-01")
        connected = connect(world, there, kind=kind)
        now = at("2025-01-10") + 12 * HOUR
        for step in happens:
            match step:
                case ("use", str(by), int(hours), int(amount)):
                    used_at = max(START, now - hours * HOUR)
                    there.uses(used_at.strftime("%Y-%m-%dT%H:%M"), amount, by=by)
                case ("sync", bool(is_whole), at_most):
                    assert at_most is None or isinstance(at_most, int)
                    connected.try_sync(is_whole=is_whole, at_most=at_most)
                case ("pass", int(days)):
                    now += timedelta(days=days)
                    world.at(now.isoformat())
                case ("down", str(path)):
                    there.down = [path] if path else []
                case ("grain", int(hours)):
                    there.grain = hours * HOUR
        there.down, there.grain = [], HOUR
        world.at((now + timedelta(days=1)).isoformat())
        connected.sync()
        for by in BY:
            assert by_day(connected, by) == told_by_day(connected, by)
        before = connected.rows()
        assert connected.sync().change_count == 0
        assert connected.rows() == before


COUNTED = """
SELECT occurred_at, dimensions ->> 'usage:value' AS amount
  FROM usage_events
 WHERE tenant_id = %(tenant_id)s
   AND customer_id = %(customer_id)s
"""


def by_day(connected: Connected, by: str) -> dict[str, Decimal]:
    """What is counted here on each day."""
    world = connected.world
    found: dict[str, Decimal] = {}
    with world.runtime.transaction(world.scope) as tx:
        for row in tx.all(COUNTED, customer_id=by):
            day = f"{row.occurred_at:%Y-%m-%d}"
            found[day] = found.get(day, Decimal(0)) + Decimal(row.amount)
    return {day: amount for day, amount in found.items() if amount}


def told_by_day(connected: Connected, by: str) -> dict[str, Decimal]:
    """What was used there on each day."""
    found: dict[str, Decimal] = {}
    for used_at, amount in connected.there.usage.get((by, "calls"), {}).items():
        day = f"{used_at:%Y-%m-%d}"
        found[day] = found.get(day, Decimal(0)) + amount
    return {day: amount for day, amount in found.items() if amount}
