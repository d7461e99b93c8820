"""The client: asked on every request of an application, answers from memory."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from usance_client.book import Entry, Question
from usance_client.cache import Cache, Cached
from usance_client.decision import DENY, Decision, Fallback, Fallbacks, Kind
from usance_client.journal import Journal
from usance_client.knowledge import Knowledge
from usance_client.outbox import Outbox
from usance_client.quantity import Quantity, quantity, reported
from usance_client.reports import Dimensions, Report, event_report, new_key, usage_report
from usance_client.snapshot import is_id
from usance_client.stream import STALE_AFTER
from usance_client.transport import Transport
from usance_client.upkeep import BATCH, Upkeep
from usance_client.windows import nanoseconds, written

UNLIMITED = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Status:
    """How the client is. `heard_seconds_ago` None: never since it was started."""

    customers: int
    pending: int
    refused: int
    streams: int
    connected_streams: int
    reconnects: int
    heard_seconds_ago: float | None
    is_stale: bool


class UsanceClient:
    """Checks entitlements in process. Threads may share it; see `close`.

    What it knows comes from snapshots, kept fresh by a stream. When the server cannot be reached
    checks go on with what is known, and reported usage waits.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str,
        *,
        customers: Iterable[str] = (),
        cache_path: str | os.PathLike[str] | None = None,
        fallbacks: Mapping[str, Fallback | bool] | None = None,
        default_fallback: Fallback | bool = DENY,
        is_on_demand: bool = True,
        most_customers: int = 10_000,
        timeout: float = 2.0,
        flush_interval: float = 1.0,
        is_synced: bool = False,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Start with these customers; others are asked for at their first check, `is_on_demand`.

        Of these others, and of parts of customers, it holds `most_customers`: who was not asked
        about for longest is asked for anew. `cache_path`: a file for what is known and, beside it,
        for usage that was not sent yet. `is_synced`: usage taken outlives a power cut too.
        `timeout` and `flush_interval` in seconds; `clock` in nanoseconds since 1970. Never raises
        because the server is down.
        """
        self._clock, self._is_on_demand = clock, is_on_demand
        self._flush_interval, self._is_synced = flush_interval, is_synced
        of_feature = {name: _fallback(each) for name, each in (fallbacks or {}).items()}
        self._fallbacks = Fallbacks(of_feature, _fallback(default_fallback))
        self._transport = Transport(base_url, api_key, timeout=timeout, headers=headers or {})
        self._path = None if cache_path is None else Path(cache_path)
        self._cache = None if self._path is None else Cache(self._path, base_url, api_key)
        self._timeout, self._most = timeout, most_customers
        self._is_closed = False
        self._begin()
        restored = [] if self._cache is None else self._cache.load()
        restored.sort(key=lambda each: each.received_at)
        for cached in restored:  # of too many the last stay
            self._knowledge.restore(cached)
        if len(self._outbox):  # before what the server counts is asked, lest it is counted twice
            self._upkeep.flush(timeout)
        for customer_id in customers:
            self._knowledge.keep(customer_id)
        _living.add(self)

    def _begin(self) -> None:
        """All that belongs to this process alone."""
        self._is_forked = False
        journal = None if self._path is None else Journal(self._path, is_synced=self._is_synced)
        self._outbox = Outbox(journal)
        self._knowledge = Knowledge(
            self._transport,
            self._outbox,
            self._clock,
            patience=self._timeout,
            most=self._most,
        )
        self._answers = self._knowledge.book.answers
        self._upkeep = Upkeep(
            knowledge=self._knowledge,
            outbox=self._outbox,
            cache=self._cache,
            transport=self._transport,
            now=self._clock,
            interval=self._flush_interval,
        )

    # ------------------------------------------------------------------------------- questions --

    def check(
        self,
        customer_id: str,
        feature_id: str,
        requested_usage: Quantity = 0,
        *,
        requested_values: Collection[str] = (),
        resource_id: str | None = None,
    ) -> Decision:
        """May they use so much more of it, or these values? Zero asks for the state as it is.

        Raises ValueError below zero, TypeError for a float; nothing else.
        """
        now = self._clock()
        entry = self._answers.get((customer_id, resource_id, feature_id))
        if (
            entry is not None
            and now < entry.until
            and type(requested_usage) is int
            and requested_usage >= 0
            and not requested_values
        ):
            entry.asked_at = now
            if now >= entry.stale_from or now >= entry.feed.fresh_until:
                entry = entry.as_stale()
            headroom = entry.headroom
            if headroom is None or requested_usage * entry.unit <= headroom:
                return entry.fits
            return entry.exceeded
        question = customer_id, resource_id, feature_id
        return self._check_slowly(question, requested_usage, requested_values)

    def is_enabled(
        self, customer_id: str, feature_id: str, *, resource_id: str | None = None
    ) -> bool:
        """Whether they have it. While nothing is known: the fallback."""
        return self.check(customer_id, feature_id, resource_id=resource_id).has_access

    def numeric_value(
        self, customer_id: str, feature_id: str, *, resource_id: str | None = None
    ) -> Decimal | None:
        """A configured number or the limit of a meter; Infinity when unlimited, None when denied.

        None too for a feature that is no number.
        """
        decision = self.check(customer_id, feature_id, resource_id=resource_id)
        is_over = decision.limit is not None and decision.kind is Kind.METERED
        if not (decision.has_access or is_over):
            return None
        return UNLIMITED if decision.is_unlimited else decision.limit

    def enum_values(
        self, customer_id: str, feature_id: str, *, resource_id: str | None = None
    ) -> frozenset[str]:
        """Which of a list they have; none when denied."""
        decision = self.check(customer_id, feature_id, resource_id=resource_id)
        return decision.values if decision.has_access else frozenset()

    def entitlements(
        self, customer_id: str, *, resource_id: str | None = None
    ) -> Mapping[str, Decision]:
        """The state of every feature that is known of them; empty while nothing is."""
        if self._known((customer_id, resource_id, "")) is None:
            return {}
        held = self._knowledge.book.held((customer_id, resource_id))
        features = [] if held is None else sorted(held.snapshot.entitlements)
        return {each: self.check(customer_id, each, resource_id=resource_id) for each in features}

    def has_fallback(self, feature_id: str) -> bool:
        """Whether a fallback was configured for that feature itself."""
        return feature_id in self._fallbacks.of_feature

    # ----------------------------------------------------------------------------------- usage --

    def report_usage(
        self,
        customer_id: str,
        feature_id: str,
        value: Quantity = 1,
        *,
        is_set: bool = False,
        resource_id: str | None = None,
        at: datetime | None = None,
        dimensions: Dimensions | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """So much more was used, or `is_set` that is what is used now. The key it goes under.

        Checks count it when this returns, and it is on disk if there is a cache. It reaches the
        server later, once. `value` is rounded to five decimals, half away from zero. Raises
        UsageNotTaken, ValueError, TypeError; never because the server is down.
        """
        report = self.usage(
            customer_id,
            feature_id,
            value,
            is_set=is_set,
            resource_id=resource_id,
            at=at,
            dimensions=dimensions,
            idempotency_key=idempotency_key,
        )
        return self.take([report])[0]

    def track(
        self,
        customer_id: str,
        event_name: str,
        *,
        resource_id: str | None = None,
        at: datetime | None = None,
        dimensions: Dimensions | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """An event for the meters of the server. The key it goes under.

        What it comes to is the server's to say: checks count it when its news arrives. Raises
        UsageNotTaken, ValueError.
        """
        report = self.event(
            customer_id,
            event_name,
            resource_id=resource_id,
            at=at,
            dimensions=dimensions,
            idempotency_key=idempotency_key,
        )
        return self.take([report])[0]

    def usage(
        self,
        customer_id: str,
        feature_id: str,
        value: Quantity = 1,
        *,
        is_set: bool = False,
        resource_id: str | None = None,
        at: datetime | None = None,
        dimensions: Dimensions | None = None,
        idempotency_key: str | None = None,
    ) -> Report:
        """What `report_usage` takes, for `take`; nothing is counted yet. Raises as it does."""
        said: dict[str, Any] = {
            "customerId": _named(customer_id, "customer_id"),
            "featureId": _named(feature_id, "feature_id"),
            "updateBehavior": "SET" if is_set else "DELTA",
            "createdAt": written(self._instant(at)),
            "idempotencyKey": idempotency_key or new_key(),
        }
        return usage_report(_with(said, resource_id, dimensions), reported(value))

    def event(
        self,
        customer_id: str,
        event_name: str,
        *,
        resource_id: str | None = None,
        at: datetime | None = None,
        dimensions: Dimensions | None = None,
        idempotency_key: str | None = None,
    ) -> Report:
        """What `track` takes, for `take`; nothing is kept yet. Raises as it does."""
        said: dict[str, Any] = {
            "customerId": _named(customer_id, "customer_id"),
            "eventName": event_name,
            "timestamp": written(self._instant(at)),
            "idempotencyKey": idempotency_key or new_key(),
        }
        return event_report(_with(said, resource_id, dimensions))

    def take(self, reports: Sequence[Report]) -> list[str]:
        """Count and keep all of these or none; their keys. Raises UsageNotTaken."""
        if self._is_forked:
            self._revive()
        with self._knowledge.lock:
            for report in self._outbox.add(reports):
                self._knowledge.book.count(report)
            is_full = any(self._outbox.waiting(route) >= most for route, most in BATCH.items())
        if is_full:
            self._upkeep.wake()
        return [report.key for report in reports]

    def flush(self, timeout: float = 10.0) -> bool:
        """Send what waits, for so many seconds at most; whether none is left."""
        if self._is_forked:
            self._revive()
        return self._upkeep.flush(timeout)

    def close(self, timeout: float | None = None) -> None:
        """Send what waits, save what is known, and end.

        It tries for `timeout` seconds: 5, or 1 with a cache, beside which it stays for the next.
        """
        if self._is_closed:
            return
        self._is_closed = True
        _living.discard(self)
        if self._is_forked:  # in a child that never used it: all of it is still the parent's
            self._outbox.abandon()
            return
        if len(self._outbox):
            patience = 5.0 if self._path is None else 1.0
            self._upkeep.flush(patience if timeout is None else timeout)
        self._knowledge.close()
        self._upkeep.close()
        with self._knowledge.lock:
            self._outbox.close()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def status(self) -> Status:
        """How it is."""
        if self._is_forked:
            self._revive()
        now, streams = self._clock(), self._knowledge.streams
        fresh_until = [stream.feed.fresh_until for stream in streams]
        heard = max(fresh_until, default=0) - STALE_AFTER
        with self._knowledge.lock:
            return Status(
                customers=len(self._knowledge.book.all()),
                pending=len(self._outbox),
                refused=self._upkeep.refused_count,
                streams=len(streams),
                connected_streams=sum(stream.is_connected for stream in streams),
                reconnects=sum(stream.reconnects for stream in streams),
                heard_seconds_ago=max(0, now - heard) / 1e9 if heard > 0 else None,
                is_stale=any(now >= each for each in fresh_until),
            )

    # ----------------------------------------------------------------------- behind the answers --

    def _check_slowly(
        self, question: Question, requested_usage: Quantity, values: Collection[str]
    ) -> Decision:
        is_whole = type(requested_usage) is int
        needed = Fraction(
            requested_usage if is_whole else quantity(requested_usage, "requested_usage")
        )
        if needed < 0:
            raise ValueError(f"requested_usage is {requested_usage!r}; zero or more is expected")
        entry = self._known(question)
        if entry is None:
            return self._fallbacks.decision(question[2])
        now = entry.asked_at = self._clock()
        if now >= entry.stale_from or now >= entry.feed.fresh_until:
            entry = entry.as_stale()
        return entry.answers.to(needed, values)

    def _known(self, question: Question) -> Entry | None:
        if self._is_forked:
            self._revive()
        is_on_demand = self._is_on_demand and not self._is_closed
        return self._knowledge.entry(question, is_on_demand=is_on_demand)

    def _instant(self, at: datetime | None) -> int:
        if at is None:
            return self._knowledge.book.now()
        if at.tzinfo is None:
            raise ValueError(f"at is {at!r}; an instant with a time zone is expected")
        return nanoseconds(at)

    # ----------------------------------------------------------------------------- after a fork --

    def _left_by_parent(self) -> None:
        """In a new process: forget the threads, the queue and the connections of its parent."""
        self._is_forked = True
        self._reviving = threading.Lock()
        self._answers = {}  # so that the next question comes by `_known`

    def _revive(self) -> None:
        with self._reviving:
            if not self._is_forked:
                return
            held = self._knowledge.book.all()
            self._outbox.abandon()
            self._transport.renew()
            self._begin()
            for each in held:
                self._knowledge.restore(Cached(each.snapshot, each.received_at))


_living: WeakSet[UsanceClient] = WeakSet()


def _close_all() -> None:
    for client in list(_living):
        client.close(timeout=2)


def _fork_all() -> None:
    for client in list(_living):
        client._left_by_parent()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_fork_all)


def _fallback(said: bool | Fallback) -> Fallback:  # noqa: FBT001 - read as `{"seats": True}`
    return Fallback(has_access=said) if isinstance(said, bool) else said


def _named(name: str, what: str) -> str:
    if not is_id(name):
        raise ValueError(f"{what} is {name!r}; an id is expected: letters, digits, _ | . : @ -")
    return name


def _with(
    said: dict[str, Any], resource_id: str | None, dimensions: Dimensions | None
) -> dict[str, Any]:
    if resource_id is not None:
        said["resourceId"] = resource_id
    if dimensions:
        said["dimensions"] = {name: _dimension(each) for name, each in dimensions.items()}
    return said


def _dimension(value: object) -> object:
    """As JSON has it; a fraction of up to 15 digits travels exactly."""
    if isinstance(value, Decimal):
        exact = quantity(value, "a dimension")
        return int(exact) if exact == int(exact) else float(exact)
    return value
