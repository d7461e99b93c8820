"""The stream: news of some customers, read on a thread of its own for as long as it takes.

It goes on from the last position it saw. While it is alive, what came through it is fresh.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from usance_client.book import Feed
from usance_client.snapshot import MalformedSnapshot, Snapshot, snapshot_from
from usance_client.transport import Message, Refused, Transport, Unreachable, read_json

log = logging.getLogger("usance_client")

LONGEST = 6_000  # characters of ids of one stream: they have to fit into an address
FIRST_WAIT, LONGEST_WAIT = 0.1, 10.0  # seconds between attempts
GATHERING = 0.5  # seconds in which customers that come one by one are gathered for a connection
FIRST_GATHERING = 0.02
STALE_AFTER = 45 * 10**9  # nanoseconds without a sign of life


class Stream:
    """One connection, the customers it brings news of, and the thread that reads it."""

    def __init__(
        self,
        transport: Transport,
        *,
        on_news: Callable[[Snapshot, Feed], None],
        on_connected: Callable[[list[str], Feed], None],
        on_nonsense: Callable[[str], None],
        position_of: Callable[[list[str]], str | None],
        now: Callable[[], int],
    ) -> None:
        """`on_nonsense`: of this customer came what cannot be read. `position_of`: from where on
        the news of these customers is new to us.
        """
        self.feed = Feed()
        self.is_connected = False
        self.reconnects = 0
        self._transport, self._now, self._position_of = transport, now, position_of
        self._on_news, self._on_connected = on_news, on_connected
        self._on_nonsense = on_nonsense
        self._customers: dict[str, None] = {}
        self._length = 0
        self._is_waiting = False
        self._is_garbled = False
        self._position: str | None = None
        self._listened_to: frozenset[str] = frozenset()
        self._connection: socket.socket | None = None
        self._is_stopping = False
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usance-stream", daemon=True)
        self._thread.start()

    @property
    def customers(self) -> list[str]:
        """Whose news it brings."""
        return list(self._customers)

    def brings(self, customer_id: str) -> bool:
        """Whether it brings news of that one."""
        return customer_id in self._customers

    def has_room_for(self, customer_id: str) -> bool:
        """Whether it can bring news of another."""
        return self._length + len(customer_id) < LONGEST

    def add(self, customer_id: str) -> None:
        """Bring news of this one too, from now on."""
        if customer_id in self._customers:
            return
        self._customers[customer_id] = None
        self._length += len(customer_id) + 1
        self._changed.set()
        if self._connection is not None and not self._is_waiting:
            self._is_waiting = True
            later = threading.Timer(GATHERING, self._interrupt)
            later.daemon = True
            later.start()

    def remove(self, customer_id: str) -> None:
        """Bring no more news of this one."""
        if self._customers.pop(customer_id, "") is None:
            self._length -= len(customer_id) + 1
            if not self._customers:
                self._interrupt()

    def close(self) -> None:
        """End the connection and the thread."""
        self._is_stopping = True
        self._interrupt()
        self._thread.join(5)

    def connected(self, connection: socket.socket | None) -> None:
        """What it is read from; cutting it is the only way to wake a thread that waits for it."""
        self._connection = connection
        self.is_connected = connection is not None

    def _interrupt(self) -> None:
        self._is_waiting = False
        self._changed.set()
        connection = self._connection
        if connection is not None:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended meanwhile

    def _run(self) -> None:
        wait = FIRST_WAIT
        while not self._is_stopping:
            if not self._customers:
                self._changed.wait()
            if self._changed.is_set():
                time.sleep(FIRST_GATHERING)
                self._changed.clear()
            try:
                heard = self._listen()
            except (Unreachable, Refused, MalformedSnapshot) as problem:
                heard = False
                if not self._changed.is_set():
                    log.warning("no news from the server, trying again: %s", problem)
            except Exception:  # the last net of the thread: without it no news would ever come
                heard = False
                log.exception("the stream goes on after an error of its own")
            if heard:
                wait = FIRST_WAIT
            if not self._changed.wait(wait * random.uniform(0.5, 1)):
                wait = min(wait * 2, LONGEST_WAIT)

    def _listen(self) -> bool:
        """Read until it ends; whether anything came."""
        customers = self.customers
        if not customers or self._is_stopping:
            return False
        position = self._position
        if position is None or not self._listened_to.issuperset(customers):
            position = self._position_of(customers)  # ours says nothing of those who are new
        heard = False
        try:
            with self._transport.stream(customers, position, self) as news:
                if self._changed.is_set():
                    return False
                self._listened_to = frozenset(customers)
                self._is_alive()
                self._on_connected(customers, self.feed)
                for message in news:
                    heard = True
                    self._take(message)
        except Unreachable:
            if not heard:
                raise
        except Refused:
            self._position = None  # it may be the position that is not understood any more
            raise
        finally:
            self.reconnects += 1
        return heard

    def _take(self, message: Message) -> None:
        if message.event == "snapshot":
            self._read(message.data)
            self._position = message.id or self._position
        self._is_alive()

    def _read(self, text: str) -> None:
        """Of whom it cannot be read, what was known is fresh no more. Raises MalformedSnapshot for
        what is no JSON: nobody knows whose it was, so all has to be told again.
        """
        self._is_garbled = True
        wire = _bare(text)
        self._is_garbled = False
        try:
            snapshot = snapshot_from(wire)
            if self.brings(snapshot.customer_id):
                self._on_news(snapshot, self.feed)
        except (ValueError, ArithmeticError) as problem:
            log.warning("news that cannot be read is skipped: %s", problem)
            self._on_nonsense(str(wire.get("customerId")))

    def _is_alive(self) -> None:
        """A connection by which nothing comes that can be read is no sign of life."""
        if self._is_garbled:
            return
        self.feed.fresh_until = self._now() + STALE_AFTER


def _bare(text: str) -> Mapping[str, Any]:
    """Raises MalformedSnapshot."""
    try:
        wire = read_json(text)
    except (ValueError, RecursionError) as problem:
        raise MalformedSnapshot(f"no JSON: {problem}") from problem
    if isinstance(wire, dict) and "data" in wire and "features" not in wire:
        wire = wire["data"]
    if not isinstance(wire, dict):
        raise MalformedSnapshot("no object")
    return wire
