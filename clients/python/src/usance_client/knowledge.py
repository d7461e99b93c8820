"""Knowledge: what is known of customers, asked for when it is missing and followed from then on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from usance_client.book import Book, Entry, Feed, Held, Question, Whose
from usance_client.cache import Cached
from usance_client.decision import DenialReason
from usance_client.outbox import Outbox
from usance_client.snapshot import MalformedSnapshot, Snapshot, is_id, no_customer
from usance_client.stream import STALE_AFTER, Stream
from usance_client.transport import Refused, Transport, Unreachable
from usance_client.windows import FOREVER, Nanoseconds

log = logging.getLogger("usance_client")

OUT_OF_ORDER_WITHIN = 60 * 10**9  # nanoseconds; an older position later than that is a new count
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds in which a server that did not answer is not asked


class Knowledge:
    """The book, and the streams that keep it fresh. `lock` is around every change of both."""

    def __init__(
        self, transport: Transport, outbox: Outbox, now: Callable[[], Nanoseconds]
    ) -> None:
        self.lock = threading.RLock()
        self.book = Book(now, outbox.queued_of)
        self.streams: list[Stream] = []
        self.is_changed = False  # since somebody saved it
        self.when_back: Callable[[], None] = lambda: None
        self._transport, self._now = transport, now
        self._loading: dict[Whose, threading.Lock] = {}
        self._not_before, self._wait = 0.0, FIRST_WAIT
        self._is_closed = False

    def restore(self, cached: Cached) -> None:
        """Hold what was known before a restart, stale until a stream says that it is not."""
        with self.lock:
            self.book.put(cached.snapshot, Feed(), is_exact=False, received_at=cached.received_at)
        self.follow(cached.snapshot.customer_id)

    def entry(self, question: Question, *, is_on_demand: bool) -> Entry | None:
        """The answers of now; asks the server for a customer who is not known yet."""
        with self.lock:
            entry = self.book.entry(question)
        if entry is None and is_on_demand and not self._is_closed:
            customer_id, resource_id, _ = question
            held = self.load(customer_id, resource_id)
            # Ids that are made up would fill the streams; they are asked about again in a while.
            if held is None or held.snapshot.denial_reason is not DenialReason.CUSTOMER_NOT_FOUND:
                self.follow(customer_id)
            with self.lock:
                entry = self.book.entry(question)
        return entry

    def load(self, customer_id: str, resource_id: str | None = None) -> Held | None:
        """What is held of them; asked for, unless the server has just not answered."""
        whose = customer_id, resource_id
        with self.lock:
            asking = self._loading.setdefault(whose, threading.Lock())
        with asking:
            if self.book.held(whose) is None and time.monotonic() >= self._not_before:
                self._ask(whose)
        with self.lock:
            self._loading.pop(whose, None)
            return self.book.held(whose)

    def follow(self, customer_id: str) -> None:
        """Have a stream bring news of a customer."""
        with self.lock:
            if self._is_closed or any(one.brings(customer_id) for one in self.streams):
                return
            stream = next((one for one in self.streams if one.has_room_for(customer_id)), None)
            if stream is None:
                stream = Stream(
                    self._transport,
                    on_news=self._put,
                    on_connected=self._connected,
                    position_of=self._position_of,
                    now=self._now,
                )
                self.streams.append(stream)
            stream.add(customer_id)

    def put_asked(self, snapshot: Snapshot, *, is_exact: bool = False) -> None:
        """Hold what was asked for, unless news that are newer came first.

        `is_exact`: nothing was on its way meanwhile, so it has all that was sent.
        """
        with self.lock:
            old, now = self.book.held(snapshot.key), self._now()
            if old is None or not _is_overtaken(snapshot, old, now):
                feed = Feed(now + STALE_AFTER) if old is None else old.feed
                self._put(snapshot, feed, is_exact=is_exact)

    def close(self) -> None:
        """End the streams."""
        self._is_closed = True
        for stream in self.streams:
            stream.close()

    def _put(self, snapshot: Snapshot, feed: Feed, *, is_exact: bool = False) -> None:
        """Hold it. News are taken as they come: whatever they miss, further news will say."""
        with self.lock:
            self.book.put(snapshot, feed, is_exact=is_exact, received_at=self._now())
            self.is_changed = True
            if snapshot.resource_id is None:
                for held in self.book.of_customer(snapshot.customer_id):
                    held.is_outdated = held.snapshot.resource_id is not None

    def _ask(self, whose: Whose) -> None:
        if not all(is_id(each) for each in whose if each is not None):
            reason = "CustomerResourceNotFound" if is_id(whose[0]) else "CustomerNotFound"
            self._put(no_customer(*whose, reason), Feed(FOREVER))
            return
        try:
            self.put_asked(self._transport.snapshot(*whose))
            self._wait = FIRST_WAIT
        except (Unreachable, Refused, MalformedSnapshot) as problem:
            log.warning("%s is not known, and falls back: %s", whose[0], problem)
            self._not_before = time.monotonic() + self._wait
            self._wait = min(self._wait * 2, LONGEST_WAIT)

    def _connected(self, customer_ids: list[str], feed: Feed) -> None:
        self._not_before, self._wait = 0.0, FIRST_WAIT
        with self.lock:
            self.book.feed_from(customer_ids, feed)
        self.when_back()
        for customer_id in customer_ids:
            self.load(customer_id)

    def _position_of(self, customer_ids: list[str]) -> str | None:
        """From where on news of these is new; None when they are to be told from the start."""
        with self.lock:
            held = [each for one in customer_ids for each in self.book.of_customer(one)]
        positions = [each.snapshot.position for each in held]
        if not positions or not all(each.isdecimal() for each in positions):
            return None
        return min(positions, key=int)


def _is_overtaken(snapshot: Snapshot, old: Held, now: Nanoseconds) -> bool:
    """Whether what came later from elsewhere was read later, too.

    A position that is older than one of a while ago is none of that count: a backup was restored.
    """
    position, before = snapshot.position, old.snapshot.position
    are_numbers = position.isdecimal() and before.isdecimal()
    is_recent = now - old.received_at < OUT_OF_ORDER_WITHIN
    return are_numbers and is_recent and int(position) < int(before)
