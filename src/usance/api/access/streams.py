"""Streams: news of customers for many listeners, asked for by one thread and one statement.

A listener costs a place in memory: neither a thread nor a connection. It is told the latest only:
who reads slowly misses what was in between, never the last. While the database does not answer
nothing is sent, no sign of life either, so that nobody takes old news for fresh.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
import structlog
from psycopg import DatabaseError, OperationalError
from psycopg_pool import PoolTimeout

from usance.api.access.snapshot import snapshot
from usance.domain.errors import DomainError
from usance.domain.ids import CustomerId
from usance.flows.runtime import Runtime
from usance.store.access_changes import LAST, changes, position
from usance.store.access_views import Asked, View, views

EVERY = 0.25  # seconds between two questions
HEARTBEAT = 15.0  # seconds without news, after which a listener is told that there is none
SILENT_AFTER = 5.0  # seconds without an answer of the database
AT_A_TIME = 100  # customers read in a transaction

UNREADABLE_FOR = timedelta(minutes=1)  # somebody is not asked about again
NO_NEWS = b"", b": unreadable\n\n"  # what differs from all that is told, and a comment

Outage = (OperationalError, PoolTimeout)
# What may be wrong with one customer: an instant past all reckoning, a row of another version.
Unreadable = (
    DomainError,
    DatabaseError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AssertionError,
)
log = structlog.get_logger(__name__)


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who wants news of some customers. Only the event loop touches `news`."""

    tenant_id: str
    key_id: str
    customer_ids: frozenset[str]
    loop: asyncio.AbstractEventLoop
    news: dict[str, bytes] = field(default_factory=dict)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    told: dict[str, bytes] = field(default_factory=dict)  # the poller's: what it knows already

    def tell(self, news: dict[str, bytes], *, is_over: bool) -> None:
        """Take news, in the event loop; the newest of a customer counts."""
        self.news.update(news)
        self.is_over = self.is_over or is_over
        self.awake.set()


@dataclass(slots=True)
class _Watch:
    """What is known of the customers of an environment that somebody listens to."""

    position: str = LAST
    due: dict[str, datetime] = field(default_factory=dict)  # when it may be otherwise by itself


class Streams:
    """All the listeners of a process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._watches: dict[str, _Watch] = {}
        self._joined = threading.Event()
        self._thread: threading.Thread | None = None
        self._answered_at = time.monotonic()

    async def listen(
        self,
        tenant_id: str,
        key_id: str,
        customer_ids: Collection[str],
        *,
        longest: float | None = None,
    ) -> AsyncIterator[bytes]:
        """The stream: a snapshot of each at first and on each change, else a comment. It ends when
        the key is closed, and after `longest` seconds; nothing is told from then on.
        """
        loop = asyncio.get_running_loop()
        end = math.inf if longest is None else time.monotonic() + longest
        listener = Listener(tenant_id, key_id, frozenset(customer_ids), loop)
        self._join(listener)
        try:
            yield b": listening\n\n"
            while not listener.is_over and time.monotonic() < end:
                try:
                    left = min(HEARTBEAT, end - time.monotonic())
                    await asyncio.wait_for(listener.awake.wait(), left)
                except TimeoutError:
                    if time.monotonic() - self._answered_at < SILENT_AFTER:
                        yield b": nothing new\n\n"
                    continue
                listener.awake.clear()
                news, listener.news = listener.news, {}
                for each in news.values():
                    if listener.is_over or time.monotonic() >= end:
                        return
                    yield each
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _join(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None:
                self._answered_at = time.monotonic()
                self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()
        self._joined.set()

    def _run(self) -> None:
        """Ask until nobody listens any more. After a bug whoever comes next starts it again."""
        try:
            while listeners := self._listening():
                self._ask_for(listeners)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _listening(self) -> set[Listener]:
        with self._lock:
            if not self._listeners:
                self._watches.clear()
                self._thread = None
            return set(self._listeners)

    def _ask_for(self, listeners: set[Listener]) -> None:
        self._joined.clear()
        try:
            for tenant_id in {each.tenant_id for each in listeners}:
                own = [each for each in listeners if each.tenant_id == tenant_id]
                self._ask(tenant_id, own)
            self._answered_at = time.monotonic()
        except Outage:
            time.sleep(EVERY)
        self._joined.wait(EVERY)

    def _ask(self, tenant_id: str, listeners: list[Listener]) -> None:
        watch = self._watches.setdefault(tenant_id, _Watch())
        wanted = {id for each in listeners for id in each.customer_ids}
        now = self._runtime.clock()
        with self._runtime.database.at_once(tenant_id) as tx:
            found = changes(
                tx,
                wanted,
                since=watch.position,
                at=now,
                key_ids={each.key_id for each in listeners},
            )
        news = set(found.customer_ids)
        news |= {id for id, due in watch.due.items() if due <= now and id in wanted}
        news |= {id for each in listeners for id in each.customer_ids if id not in each.told}
        told = self._snapshots(tenant_id, sorted(news), watch, now)
        watch.position = found.position
        for each in listeners:
            _tell(each, told, is_over=each.key_id not in found.open_keys)

    def _snapshots(
        self, tenant_id: str, customer_ids: list[str], watch: _Watch, now: datetime
    ) -> dict[str, tuple[bytes, bytes]]:
        """Of each what to compare it by, and the event."""
        told: dict[str, tuple[bytes, bytes]] = {}
        for first in range(0, len(customer_ids), AT_A_TIME):
            some = customer_ids[first : first + AT_A_TIME]
            try:
                told |= self._read(tenant_id, some, watch, now)
            except Outage:
                raise
            except Unreadable:  # whose it is, is seen one by one
                for each in some:
                    told |= self._read_alone(tenant_id, each, watch, now)
        return told

    def _read_alone(
        self, tenant_id: str, customer_id: str, watch: _Watch, now: datetime
    ) -> dict[str, tuple[bytes, bytes]]:
        """One who cannot be read keeps news from nobody else, and is tried again in a while."""
        try:
            return self._read(tenant_id, [customer_id], watch, now)
        except Outage:
            raise
        except Unreadable as problem:
            kind = type(problem).__name__
            log.error("access_unreadable", tenant=tenant_id, customer=customer_id, error=kind)
            watch.due[customer_id] = now + UNREADABLE_FOR
            return {customer_id: NO_NEWS}

    def _read(
        self, tenant_id: str, customer_ids: list[str], watch: _Watch, now: datetime
    ) -> dict[str, tuple[bytes, bytes]]:
        with self._runtime.database.transaction(tenant_id) as tx:
            here = position(tx, at=now)
            found = views(tx, [Asked(CustomerId(each)) for each in customer_ids], now=now)
        told: dict[str, tuple[bytes, bytes]] = {}
        for asked, view in found.items():
            _set_due(watch, view)
            told[asked.customer_id] = (_compared(view), _event(view, here))
        return told


def _tell(listener: Listener, told: dict[str, tuple[bytes, bytes]], *, is_over: bool) -> None:
    """What it does not know yet, and that it may not listen any more."""
    news = {}
    for customer_id in listener.customer_ids & told.keys():
        compared, event = told[customer_id]
        if listener.told.get(customer_id) != compared:
            listener.told[customer_id] = compared
            news[customer_id] = event
    if news or is_over:
        try:
            listener.loop.call_soon_threadsafe(lambda: listener.tell(news, is_over=is_over))
        except RuntimeError:  # the server is gone, and with it whoever listened
            return


def _compared(view: View) -> bytes:
    """What is news when it differs: all but the position, and an instant that moves by itself.

    Its hash, for it is kept for every listener.
    """
    is_moved = view.holdings is not None and view.holdings.clock_at is not None
    compared = snapshot(view, "") | ({} if is_moved else {"at": None})
    return sha256(msgspec.json.encode(compared)).digest()


def _event(view: View, here: str) -> bytes:
    content = msgspec.json.encode(snapshot(view, here))
    return b"event: snapshot\nid: %s\ndata: %s\n\n" % (here.encode(), content)


def _set_due(watch: _Watch, view: View) -> None:
    """When it is to be read again though nothing was written; a moved clock stands still."""
    watch.due.pop(view.asked.customer_id, None)
    if view.holdings is None or view.holdings.clock_at is not None:
        return
    moments = [view.valid_until, *(view.decide(each).valid_until for each in view.entitled)]
    due = min((each for each in moments if each is not None), default=None)
    if due is not None:
        watch.due[view.asked.customer_id] = due
