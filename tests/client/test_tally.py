"""Counting here what the server counts too, while nobody knows what it has already."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.double import allowance, feature
from usance_client.book import Book, Feed
from usance_client.outbox import Outbox
from usance_client.reports import Report, Route, change_of, usage_report
from usance_client.snapshot import Snapshot, snapshot_from

NOW = 1_750_000_000 * 10**9
BEGUN = 5
QUESTION = ("acme", None, "calls")
STEPS = ["send", "arrive", "answer", "look", "news", "ask", "others"]


class World:
    """A client and a server with a network between them that is as slow as a test says."""

    def __init__(self) -> None:
        self.outbox = Outbox(None)
        self.book = Book(lambda: NOW, self.outbox.queued_of, most=100)
        self.reported: list[Report] = []
        self.total = Decimal(BEGUN)
        self.arrived: set[str] = set()
        self.on_their_way: deque[Snapshot] = deque()
        self.put(self.seen(), is_exact=True)

    def seen(self) -> Snapshot:
        """What the server would say now."""
        calls = feature("METERED", allowance("1000", str(self.total)))
        return snapshot_from({"customerId": "acme", "features": {"calls": calls}})

    def put(self, snapshot: Snapshot, *, is_exact: bool = False) -> None:
        """A snapshot is here."""
        self.book.put(snapshot, Feed(), is_exact=is_exact, received_at=NOW)

    def shown(self) -> Decimal:
        """What a check counts."""
        entry = self.book.entry(QUESTION)
        assert entry is not None
        return entry.fits.current_usage

    def report(self, value: int, *, is_set: bool = False) -> None:
        """Somebody uses something."""
        said = {
            "customerId": "acme",
            "featureId": "calls",
            "updateBehavior": "SET" if is_set else "DELTA",
            "createdAt": "2025-06-15T15:06:40Z",
            "idempotencyKey": str(len(self.reported)),
        }
        report = usage_report(said, Decimal(value))
        self.reported.append(report)
        self.outbox.add([report])
        self.book.count(report)

    def do(self, step: str) -> None:
        """One thing happens, if it can."""
        waits = self.outbox.unanswered(Route.USAGE)
        if step == "send" and not waits:
            self.book.sent(self.outbox.take(Route.USAGE, 3))
        elif step == "arrive":
            self.arrive()
        elif step == "answer" and waits and all(each.key in self.arrived for each in waits):
            self.outbox.answered(Route.USAGE, waits)
            self.book.confirmed(waits)
        elif step == "look":
            self.on_their_way.append(self.seen())
        elif step == "news" and self.on_their_way:
            self.put(self.on_their_way.popleft())
        elif step == "ask" and not waits:
            self.on_their_way.clear()  # they have older positions
            self.put(self.seen(), is_exact=True)

    def arrive(self) -> None:
        """What was sent gets to the server; again, if it did before."""
        waits = self.outbox.unanswered(Route.USAGE)
        fresh = [each for each in waits if each.key not in self.arrived]
        self.total = change_of(fresh).after(self.total)
        self.arrived |= {each.key for each in fresh}

    def settle(self) -> None:
        """Everything arrives, and the server is asked."""
        while True:
            for step in ("arrive", "answer", "send"):
                self.do(step)
            if not self.outbox.unanswered(Route.USAGE) and not len(self.outbox):
                break
        self.do("ask")


@settings(max_examples=500, deadline=None)
@given(st.lists(st.integers(1, 9) | st.sampled_from(STEPS), max_size=40))
def test_what_was_reported_here_is_counted_once(steps: list[int | str]) -> None:
    """What was reported here is counted once: before the server has it, while it is on its way,
    and after.
    """
    world = World()
    for step in steps:
        if isinstance(step, int):
            world.report(step)
        else:
            world.do(step)
        assert world.shown() == BEGUN + sum(each.value for each in world.reported)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.booleans()) | st.sampled_from(STEPS),
        max_size=40,
    )
)
def test_in_the_end_both_count_the_same(steps: list[tuple[int, bool] | str]) -> None:
    """Numbers that are set, given back, or used by others meanwhile: once asked, it is settled."""
    world = World()
    for step in steps:
        if isinstance(step, tuple):
            value, is_set = step
            world.report(value, is_set=is_set)
        elif step == "others":
            world.total += 7
        else:
            world.do(step)
    world.settle()
    assert world.shown() == world.total


def test_what_others_use_is_seen_while_our_own_is_on_its_way() -> None:
    world = World()
    world.report(3)
    world.do("send")
    world.total += 50
    world.put(world.seen())
    assert world.shown() == BEGUN + 50
    world.settle()
    assert world.shown() == BEGUN + 53


def test_what_is_given_back_is_free_at_once() -> None:
    world = World()
    world.report(-2)
    assert world.shown() == BEGUN - 2
    world.do("send")
    world.put(world.seen())
    assert world.shown() == BEGUN - 2


def test_what_the_server_will_never_have_is_taken_out() -> None:
    world = World()
    world.report(3)
    world.do("send")
    batch = world.outbox.unanswered(Route.USAGE)
    world.outbox.answered(Route.USAGE, batch)
    world.book.refused(batch)
    assert world.shown() == BEGUN
