"""Upkeep: sends what was reported, asks again for what is due, keeps the cache; on one thread."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from usance_client.book import Held
from usance_client.cache import Cache, with_usage
from usance_client.knowledge import Knowledge
from usance_client.outbox import Outbox
from usance_client.reports import Report, Route, by_meter
from usance_client.transport import Refused, Transport, Unreachable

log = logging.getLogger("usance_client")

BATCH = {Route.USAGE: 100, Route.EVENTS: 1_000}
FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0  # seconds between attempts to send
PATIENCE = 0.5, 15.0  # seconds at least and at most for the answer to a batch
SETTLES_WITHIN = 2 * 10**9  # nanoseconds; then what became of sent usage is asked
ASKS_AGAIN_AFTER = 15 * 10**9  # nanoseconds between questions about what is out of date
SAVES_EVERY = 2.0  # seconds


class Upkeep:
    """The work behind the answers. `flush` may be called from any thread; one works at a time."""

    def __init__(
        self,
        *,
        knowledge: Knowledge,
        outbox: Outbox,
        cache: Cache | None,
        transport: Transport,
        now: Callable[[], int],
        interval: float,
    ) -> None:
        """`interval` in seconds, between two rounds."""
        self.refused_count = 0
        self._knowledge, self._outbox, self._cache = knowledge, outbox, cache
        self._transport, self._now, self._interval = transport, now, interval
        self._lock, self._book = knowledge.lock, knowledge.book
        knowledge.when_back = self.retry
        self._one_at_a_time = threading.Lock()
        self._wake = threading.Event()
        self._is_stopping = False
        self._wait = 0.0
        self._saved_at = 0.0
        self._thread = threading.Thread(target=self._run, name="usance-upkeep", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """A batch is full: do not wait for the interval."""
        if not self._wait:
            self._wake.set()

    def retry(self) -> None:
        """The server is back: do not wait any longer."""
        if self._wait:
            self._wait = 0.0
            self._wake.set()

    def close(self) -> None:
        """End the thread and save what is known."""
        self._is_stopping = True
        self._wake.set()
        self._thread.join(5)
        self.save()

    def flush(self, timeout: float) -> bool:
        """Send all that waits, for so many seconds at most; whether none is left."""
        deadline = time.monotonic() + timeout
        if not self._one_at_a_time.acquire(timeout=timeout):
            return False
        try:
            wait = FIRST_WAIT
            while not self._is_sent(deadline):
                if time.monotonic() + wait > deadline:
                    return False
                time.sleep(wait)
                wait *= 2
            self._settle(at_once=True)
        finally:
            self._one_at_a_time.release()
        return True

    def save(self) -> None:
        """Write the cache, if anything in it is another than before."""
        if self._cache is None or not self._knowledge.is_changed:
            return
        self._knowledge.is_changed, self._saved_at = False, time.monotonic()
        with self._lock:
            unanswered = by_meter(self._outbox.unanswered(Route.USAGE))
            held = [with_usage(each, unanswered) for each in self._book.all() if each.is_found]
        try:
            self._cache.save(held, self._now())
        except OSError as problem:
            log.warning("the cache is not saved: %s", problem)

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.wait(max(self._interval, self._wait))
            self._wake.clear()
            with self._one_at_a_time:
                self._round()

    def _round(self) -> None:
        try:
            if self._is_sent(time.monotonic() + LONGEST_WAIT):
                self._wait = 0.0
                self._settle()
            self._ask_again()
            self._knowledge.tidy()
            if time.monotonic() - self._saved_at > SAVES_EVERY:
                self.save()
        except Exception:  # the last net of the thread: without it usage would wait for ever
            log.exception("upkeep goes on after an error of its own")

    def _is_sent(self, deadline: float) -> bool:
        """Send until nothing is left or the server does not answer."""
        try:
            for route in Route:
                while batch := self._next(route):
                    self._send(route, batch, deadline)
                    if time.monotonic() > deadline:
                        return False
        except Unreachable as problem:
            self._wait = problem.after or min(max(self._wait * 2, FIRST_WAIT), LONGEST_WAIT)
            self._wait *= random.uniform(0.75, 1.25)
            log.warning("%d reports wait for the server: %s", len(self._outbox), problem)
            return False
        return True

    def _next(self, route: Route) -> Sequence[Report]:
        """What was sent and not answered, or the next batch."""
        with self._lock:
            if unanswered := self._outbox.unanswered(route):
                return unanswered
            batch = self._outbox.take(route, BATCH[route])
            if batch and route is Route.USAGE:
                self._book.sent(batch)
            return batch

    def _send(self, route: Route, batch: Sequence[Report], deadline: float) -> None:
        """All of them, or after a refusal each part by itself until those to blame are found."""
        least, most = PATIENCE
        patience = min(max(deadline - time.monotonic(), least), most)
        try:
            self._transport.report(route, [report.body for report in batch], patience=patience)
        except Refused as refusal:
            if len(batch) == 1:
                self._drop(route, batch, refusal)
                return
            half = len(batch) // 2
            self._send(route, batch[:half], deadline)
            self._send(route, batch[half:], deadline)
            return
        with self._lock:
            self._outbox.answered(route, batch)
            if route is Route.USAGE:
                self._book.confirmed(batch)
        self._knowledge.is_changed = True

    def _drop(self, route: Route, batch: Sequence[Report], refusal: Refused) -> None:
        log.error("the server will never take %s: %s", batch[0].body, refusal)
        self.refused_count += 1
        with self._lock:
            self._outbox.answered(route, batch)
            if route is Route.USAGE:
                self._book.refused(batch)

    def _settle(self, *, at_once: bool = False) -> None:
        """Ask what became of usage that the server has and no news has shown."""
        patience = 0 if at_once else SETTLES_WITHIN
        now = self._now()
        self._ask(
            held
            for held in self._all()
            if held.unsettled_since is not None and now - held.unsettled_since >= patience
        )

    def _ask_again(self) -> None:
        """Ask for what said itself until when it holds, and for resources that changed."""
        now = self._now()
        self._ask(
            held
            for held in self._all()
            if (held.is_outdated or held.holds_until <= now)
            and now - held.asked_again_at >= ASKS_AGAIN_AFTER
        )

    def _ask(self, due: Iterable[Held]) -> None:
        for held in due:
            held.asked_again_at = self._now()
            try:
                self._renew(held)
            except Unreachable as problem:
                log.warning("%s is not renewed: %s", held.snapshot.customer_id, problem)
                return
            except (Refused, ValueError, ArithmeticError) as problem:  # the others may be
                log.warning("%s is not renewed: %s", held.snapshot.customer_id, problem)

    def _renew(self, held: Held) -> None:
        snapshot = self._transport.snapshot(*held.snapshot.key)
        is_exact = not any(self._outbox.unanswered(route) for route in Route)
        self._knowledge.put_asked(snapshot, is_exact=is_exact)

    def _all(self) -> Iterator[Held]:
        with self._lock:
            held = self._book.all()
        return iter(held)
