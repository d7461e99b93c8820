"""Usage from elsewhere: what comes in, once, however often it is looked for, and whatever fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest

from tests.connections.conftest import KEY, Connected, connect
from tests.connections.other_side import HOUR, OtherSide, instant
from tests.stories.world import World
from usance.domain.connections.connection import HistoryKind
from usance.domain.ids import CustomerId, FeatureId

pytestmark = pytest.mark.postgres


def test_customers_features_and_usage_of_the_other_side_come_in(
    connected: Connected, there: OtherSide
) -> None:
    there.customer("globex", name="Globex")
    there.feature("spaces", meterType="FLUCTUATING", featureUnits="space")
    there.feature("vault", featureType="BOOLEAN", meterType="None")
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-05T11:00", "12.5")
    there.uses("2025-01-05T11:30", 7, by="globex", of="spaces")
    synced = connected.sync()
    assert (synced.customers, synced.features) == (["acme", "globex"], ["calls", "spaces", "vault"])
    assert (synced.read_count, synced.change_count, synced.remaining) == (4, 3, 0)
    assert connected.here() == Decimal("42.5")
    assert connected.here(to="2025-01-03") == 30
    assert connected.here("globex", "spaces") == 7


def test_a_sync_without_changes_writes_nothing(connected: Connected, there: OtherSide) -> None:
    there.uses("2025-01-02T10:20", 30)
    connected.sync()
    before = connected.rows()
    assert connected.sync().change_count == 0
    connected.world.on("2025-01-20")
    assert connected.sync(is_whole=True).change_count == 0
    events, facts, acts = connected.rows()
    assert (events, facts) == before[:2]
    assert acts == before[2] + 1, "the clock was moved"


def test_only_what_is_new_is_asked_for(connected: Connected, there: OtherSide) -> None:
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-09T10:20", 5)
    connected.sync()
    first, again = there.histories[0], (connected.sync(), there.histories[-1])[1]
    assert "startDate=2024-12-31" in first, "a day before it counts, for what it stood at then"
    assert "startDate=2025-01-02T09" in again, "from where it was left"
    there.uses("2025-01-09T14:00", 3)
    assert connected.sync().change_count == 1
    assert connected.here() == there.total() == 38


@pytest.mark.parametrize("kind", list(HistoryKind))
def test_late_corrections_up_and_down_come_in_as_their_difference(
    world: World, there: OtherSide, kind: HistoryKind
) -> None:
    connected = connect(world, there, kind=kind)
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-08T10:20", 10)
    connected.sync()
    there.uses("2025-01-02T10:40", 4)
    there.uses("2025-01-08T10:50", -6)
    synced = connected.sync()
    assert [each.amount for each in synced.taken_in] == [4, -6]
    assert connected.here() == there.total() == 38
    assert connected.here(to="2025-01-05") == 34


def test_a_correction_of_a_period_that_was_reset_is_seen_within_a_day(
    connected: Connected, there: OtherSide
) -> None:
    there.resets = [instant("2025-02-01"), instant("2025-03-01")]
    there.uses("2025-01-20T10:20", 30)
    there.uses("2025-02-03T10:20", 10)
    connected.world.on("2025-02-10")
    connected.sync()
    assert [connected.here(to="2025-02-01"), connected.here()] == [30, 40]
    there.uses("2025-01-20T10:40", -5)
    assert connected.sync().change_count == 0, "the count since the reset is what it was"
    connected.world.on("2025-02-11")
    assert connected.sync().change_count == 1
    assert [connected.here(to="2025-02-01"), connected.here()] == [25, 35]


def test_it_catches_up_after_weeks_without_a_sync(connected: Connected, there: OtherSide) -> None:
    connected.sync()
    there.resets = [instant("2025-02-01"), instant("2025-03-01")]
    for day in ("2025-01-11", "2025-01-31", "2025-02-01", "2025-02-28", "2025-03-05"):
        there.uses(f"{day}T08:00", 11)
    connected.world.on("2025-03-10")
    connected.sync()
    assert connected.here(to="2025-02-01") == 22
    assert connected.here() == there.total() == 55


def test_an_outage_in_the_middle_keeps_what_was_read_and_goes_on_after_it(
    connected: Connected, there: OtherSide
) -> None:
    names = [f"c{number}" for number in range(6)]
    for name in names:
        there.customer(name, name=name)
        there.uses("2025-01-02T10:20", 10, by=name)
    there.down = [f"/usage/{name}/" for name in names[2:]]
    synced = connected.try_sync()
    assert synced.failure == "The connected system answered with status 503"
    assert (connected.kept.failure, connected.kept.synced_at) == (synced.failure, None)
    connected.try_sync()
    facts = [kind for kind, _ in connected.world.facts()]
    assert facts.count("ThirdPartySyncFailed") == 1, "the first of an outage"
    taken = {name for name in names if connected.here(name) == 10}
    assert taken == {"c0", "c1"}
    there.down = []
    connected.sync()
    assert {connected.here(name) for name in names} == {10}
    assert (connected.kept.failure, connected.kept.tried_at) == (None, connected.kept.synced_at)


def test_an_outage_after_the_first_page_creates_nothing_by_halves(
    connected: Connected, there: OtherSide
) -> None:
    for number in range(4):
        there.customer(f"c{number}", name="Somebody")
    there.down = ["customers?limit=100&after=2"]
    synced = connected.try_sync()
    assert synced.failure is not None
    assert (synced.customers, synced.read_count) == ([], 0)
    there.down = []
    assert len(connected.sync().customers) == 5


def test_one_history_that_fails_does_not_hold_up_the_others(
    connected: Connected, there: OtherSide
) -> None:
    for name in ("a", "b", "c", "d"):
        there.customer(name, name=name)
        there.uses("2025-01-02T10:20", 10, by=name)
    there.down, there.status = ["/usage/a/"], 404
    synced = connected.sync()
    assert synced.problems == ["a, calls: The connected system answered with status 404"]
    assert [connected.here(name) for name in ("a", "b", "c", "d")] == [0, 10, 10, 10]


def test_a_key_that_opens_nothing_ends_the_sync_and_is_told_without_it(
    connected: Connected, there: OtherSide
) -> None:
    there.down, there.status = ["/api/"], 401
    synced = connected.try_sync()
    assert synced.failure == "The connected system answered with status 401"
    with connected.world.runtime.transaction(connected.world.scope) as tx:
        said = tx.all("SELECT * FROM audit_log WHERE tenant_id = %(tenant_id)s")
    assert KEY not in f"{said} {connected.kept} {synced}"


def test_a_sync_in_parts_gets_to_everything(connected: Connected, there: OtherSide) -> None:
    for name in ("a", "b", "c"):
        there.customer(name, name=name)
        there.uses("2025-01-02T10:20", 10, by=name)
    assert connected.sync(at_most=2).remaining == 2
    assert connected.kept.synced_at is None
    assert connected.sync(at_most=2).remaining == 2
    assert [connected.here(name) for name in ("a", "b", "c")] == [10, 10, 10]


def test_parallel_syncs_of_one_connection_take_everything_in_once(
    connected: Connected, there: OtherSide
) -> None:
    for number in range(8):
        there.customer(f"c{number}", name=f"c{number}")
        there.uses("2025-01-02T10:20", 10, by=f"c{number}")
    together = Barrier(3)

    def sync() -> None:
        together.wait()
        connected.sync()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(sync) for _ in range(3)]:
            done.result()
    assert [connected.here(f"c{number}") for number in range(8)] == [10] * 8
    assert connected.rows()[0] == 8


def test_what_is_mapped_counts_for_whom_it_is_mapped_to(world: World, there: OtherSide) -> None:
    names = {"acme": CustomerId("nordlicht"), "globex": None}
    connected = connect(world, there, customers=names, features={"calls": FeatureId("api-calls")})
    there.customer("globex", name="Globex")
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-02T10:20", 99, by="globex")
    synced = connected.sync()
    assert (synced.customers, synced.features, synced.read_count) == ([], [], 1)
    assert connected.here("nordlicht", "api-calls") == 30


def test_two_customers_there_may_be_one_here(world: World, there: OtherSide) -> None:
    both = {"acme": CustomerId("nordlicht"), "acme-eu": CustomerId("nordlicht")}
    connected = connect(world, there, customers=both)
    there.customer("acme-eu", name="Acme EU")
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-02T10:20", 12, by="acme-eu")
    connected.sync()
    assert connected.here("nordlicht") == 42


def test_what_has_no_place_here_is_told(world: World, there: OtherSide) -> None:
    connected = connect(
        world, there, creates=False, features={"users": FeatureId("connected-devices")}
    )
    there.customer("we & you", name="Odd")
    there.customer("nordlicht", name="Other name")
    there.feature("users")
    connected.sync()
    assert {(each.code, each.there) for each in connected.kept.strangers} == {
        ("UnknownCustomer", "acme"),
        ("InvalidId", "we & you"),
        ("UnmappedFeature", "calls"),
        ("FeatureCountsOtherwise", "users"),
    }
    assert there.histories == []


def test_what_was_here_before_stays_as_it_is_and_what_was_copied_follows(
    connected: Connected, there: OtherSide
) -> None:
    there.customer("nordlicht", name="Their name for it")
    connected.sync()
    there.customer("acme", name="Acme plc")
    there.customer("nordlicht", name="Another name")
    there.feature("calls", displayName="API calls")
    synced = connected.sync()
    assert (synced.customers, synced.features) == (["acme"], ["calls"])
    with connected.world.runtime.transaction(connected.world.scope) as tx:
        names = {
            row.id: row.name
            for row in tx.all("SELECT id, name FROM customers WHERE tenant_id = %(tenant_id)s")
        }
    assert names["acme"] == "Acme plc"
    assert names["nordlicht"].startswith("Nordlicht")


def test_a_customer_who_cannot_be_copied_does_not_hold_up_the_others(
    connected: Connected, there: OtherSide
) -> None:
    there.customer("odd", name="Odd", email="no address")
    there.customer("globex", name="Globex")
    assert connected.sync().customers == ["acme", "globex"]
    assert [(each.code, each.there) for each in connected.kept.strangers] == [
        ("UnknownCustomer", "odd")
    ]


def test_other_tenants_see_nothing_of_it(
    connected: Connected, there: OtherSide, other_scope: object
) -> None:
    there.uses("2025-01-02T10:20", 30)
    connected.sync()
    stranger = World(connected.world.runtime, other_scope)  # type: ignore[arg-type]
    with stranger.runtime.transaction(stranger.scope) as tx:
        for table in ("connections", "connection_tracks", "connection_usage", "connection_copies"):
            assert tx.connection.execute(f"SELECT * FROM {table}").fetchall() == []


def test_a_coarser_look_at_the_same_moves_nothing(connected: Connected, there: OtherSide) -> None:
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-02T20:20", 12)
    connected.sync()
    there.grain = 24 * HOUR
    assert connected.sync(is_whole=True).change_count == 0
    there.grain = HOUR
    assert connected.sync(is_whole=True).change_count == 0


def test_what_an_old_customer_uses_for_the_first_time_is_counted_from_zero(
    connected: Connected, there: OtherSide
) -> None:
    there.customer("acme", createdAt="2020-01-01T00:00:00Z")
    there.feature("calls", createdAt="2020-01-01T00:00:00Z")
    there.uses("2025-01-02T10:20", 30)
    connected.sync()
    assert connected.here() == 30
    connected.sync()
    asked = [path.partition("startDate=")[2][:10] for path in there.histories]
    assert asked[0] == "2024-12-31", "nothing tells what it stood at then"
    assert asked[1:-1] == [
        "2020-01-01",
        "2020-12-26",
        "2021-12-21",
        "2022-12-16",
        "2023-12-11",
        "2024-12-05",
    ]
    assert asked[-1] == "2025-01-02", "from where it was left"


def test_what_was_used_before_the_connection_counts_is_left_out(
    connected: Connected, there: OtherSide
) -> None:
    there.uses("2024-12-30T10:20", 1000)
    there.uses("2025-01-02T10:20", 30)
    there.uses("2025-01-02T11:20", 5)
    connected.sync()
    assert connected.here(since="2024-01-01") == 35


def test_a_sync_with_at_most_so_many_histories_leaves_out_those_just_read(
    connected: Connected, there: OtherSide
) -> None:
    for name in ("a", "b", "c"):
        there.customer(name, name=name)
    started = connected.world.runtime.clock()
    first = connected.sync(at_most=3, tried_before=started)
    second = connected.sync(at_most=3, tried_before=started)
    assert [first.read_count, first.remaining] == [3, 1]
    assert [second.read_count, second.remaining] == [1, 0]
    assert connected.kept.synced_at is not None
