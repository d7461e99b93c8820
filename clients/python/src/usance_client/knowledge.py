"""Knowledge: what is known of customers, asked for when it is missing and followed from then on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

from usance_client.book import Book, Entry, Feed, Held, Question, Whose
from usance_client.cache import Cached
from usance_client.decision import DenialReason
from usance_client.outbox import Outbox
from usance_client.snapshot import Snapshot, is_id, no_customer
from usance_client.stream import STALE_AFTER, Stream
from usance_client.transport import Refused, Transport, Unreachable
from usance_client.windows import FOREVER, Nanoseconds

log = logging.getLogger("usance_client")

OUT_OF_ORDER_WITHIN = 60 * 10**9  # nanoseconds; an older position later than that is a new count
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds in which a server that did not answer is not asked


class Knowledge:
    """The book, and the streams that keep it fresh. `lock` is around every change of both."""

    def __init__(
        self,
        transport: Transport,
        outbox: Outbox,
        now: Callable[[], Nanoseconds],
        *,
        patience: float,
        most: int,
    ) -> None:
        """`patience` in seconds, for somebody who waits for an answer; `most` customers and parts
        of them are held.
        """
        self.lock = threading.RLock()
        self.book = Book(now, outbox.queued_of, most=most)
        self.streams: list[Stream] = []
        self.is_changed = False  # since somebody saved it
        self.when_back: Callable[[], None] = lambda: None
        self._transport, self._now = transport, now
        self._patience, self._most = patience, most
        self._loading: dict[Whose, threading.Thread] = {}
        self._not_before, self._wait = 0.0, FIRST_WAIT
        self._is_closed = False

    def restore(self, cached: Cached) -> None:
        """Hold what was known before a restart, stale until a stream says that it is not."""
        snapshot = cached.snapshot
        try:
            self._put(snapshot, Feed(), is_exact=False, received_at=cached.received_at)
        except (ValueError, ArithmeticError) as problem:
            log.warning("%r is not known any more: %s", snapshot.key, problem)
            return
        self.follow(snapshot.customer_id)

    def keep(self, customer_id: str) -> None:
        """Know of this customer from now on, however long nobody asks."""
        with self.lock:
            self.book.kept.add(customer_id)
        self.load(customer_id)
        self.follow(customer_id)

    def entry(self, question: Question, *, is_on_demand: bool) -> Entry | None:
        """The answers of now; asks the server for a customer who is not known yet."""
        with self.lock:
            entry = self.book.entry(question)
        if entry is None and is_on_demand and not self._is_closed:
            customer_id, resource_id, _ = question
            held = self.load(customer_id, resource_id)
            if self._is_to_follow(held):
                self.follow(customer_id)
            with self.lock:
                entry = self.book.entry(question)
        return entry

    def load(self, customer_id: str, resource_id: str | None = None) -> Held | None:
        """What is held of them; asked for, unless the server has just not answered.

        Asked on a thread of its own: names that nobody resolves, or an answer that comes byte by
        byte, are waited for no longer than `patience`.
        """
        whose = customer_id, resource_id
        with self.lock:
            held = self.book.held(whose)
            if held is not None or self._is_nobody(whose) or time.monotonic() < self._not_before:
                return self.book.held(whose)
            asking = self._loading.get(whose)
            if asking is None:
                asking = threading.Thread(
                    target=self._load, args=(whose,), name="usance-load", daemon=True
                )
                self._loading[whose] = asking
                asking.start()
        asking.join(self._patience)
        if asking.is_alive():
            self._is_silent(whose, "no answer in time")
        with self.lock:
            return self.book.held(whose)

    def follow(self, customer_id: str) -> None:
        """Have a stream bring news of a customer."""
        with self.lock:
            is_followed = any(one.brings(customer_id) for one in self.streams)
            if self._is_closed or is_followed or not is_id(customer_id):
                return
            stream = next((one for one in self.streams if one.has_room_for(customer_id)), None)
            if stream is None:
                stream = Stream(
                    self._transport,
                    on_news=self._put,
                    on_connected=self._connected,
                    on_nonsense=self._unreadable,
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

    def _put(
        self,
        snapshot: Snapshot,
        feed: Feed,
        *,
        is_exact: bool = False,
        received_at: Nanoseconds | None = None,
    ) -> None:
        """Hold it. News are taken as they come: whatever they miss, further news will say."""
        with self.lock:
            at = self._now() if received_at is None else received_at
            self.book.put(snapshot, feed, is_exact=is_exact, received_at=at)
            self.is_changed = True
            self._unfollow(self.book.make_room(snapshot.key))
            if snapshot.resource_id is None:
                for held in self.book.of_customer(snapshot.customer_id):
                    part = held.snapshot.resource_id
                    held.is_outdated = part is not None and is_id(part)

    def _unreadable(self, customer_id: str) -> None:
        """There are news of them that cannot be read: what is held is not fresh."""
        with self.lock:
            self.book.feed_from([customer_id], Feed())
            for held in self.book.of_customer(customer_id):
                held.is_outdated = True

    def tidy(self) -> None:
        """Hold no more than was said, now that the server would tell anew what is let go."""
        with self.lock:
            if any(stream.is_connected for stream in self.streams):
                self._unfollow(self.book.make_room())

    def _unfollow(self, customer_ids: Iterable[str]) -> None:
        for customer_id in customer_ids:
            for stream in self.streams:
                stream.remove(customer_id)

    def _is_to_follow(self, held: Held | None) -> bool:
        """Ids that are made up would fill the streams; they are asked about again in a while."""
        if held is not None:
            return held.snapshot.denial_reason is not DenialReason.CUSTOMER_NOT_FOUND
        with self.lock:
            return sum(len(one.customers) for one in self.streams) < self._most

    def _is_nobody(self, whose: Whose) -> bool:
        """What nothing can be called needs no server to be denied."""
        if all(is_id(each) for each in whose if each is not None):
            return False
        reason = "CustomerResourceNotFound" if is_id(whose[0]) else "CustomerNotFound"
        self._put(no_customer(*whose, reason), Feed(FOREVER))
        return True

    def _load(self, whose: Whose) -> None:
        try:
            self.put_asked(self._transport.snapshot(*whose))
            with self.lock:
                self._not_before, self._wait = 0.0, FIRST_WAIT
        except (Unreachable, Refused, ValueError, ArithmeticError) as problem:
            self._is_silent(whose, str(problem))
        except Exception as problem:  # the last net of the thread
            self._is_silent(whose, repr(problem))
            log.exception("an error of the client's own")
        finally:
            with self.lock:
                self._loading.pop(whose, None)

    def _is_silent(self, whose: Whose, problem: str) -> None:
        """Do not ask for a while."""
        log.warning("%r is not known, and falls back: %s", whose[0], problem)
        with self.lock:
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
