"""The outbox: what was reported and is not confirmed, in order, counted and kept."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from usance_client.journal import Journal
from usance_client.reports import Report, Route

log = logging.getLogger("usance_client")

MOST_PENDING = 1_000_000


class UsageNotTaken(Exception):
    """A report was refused on the spot: nothing was counted, and the caller has to decide."""


class Outbox:
    """Reports on their way. Not thread-safe by itself: the client's lock is around it.

    A batch that was sent stays the first of its queue until the server answers, and is sent again
    as it was: whether it arrived is not known, and its keys make it count once.
    """

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal
        self._queues: dict[Route, deque[Report]] = {route: deque() for route in Route}
        self._of_meter: dict[tuple[str, str], dict[str, Report]] = {}
        self._sent: dict[Route, list[Report]] = {route: [] for route in Route}
        self._keys: set[str] = set()
        if journal is not None:
            for report in journal.adopt():
                if report.key not in self._keys:
                    self._append(report)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, reports: Iterable[Report]) -> Sequence[Report]:
        """Keep all of these or none; those whose keys are not on their way already.

        Raises UsageNotTaken when the disk is full or far too many wait.
        """
        new: dict[str, Report] = {}
        for each in reports:
            if each.key not in self._keys:
                new.setdefault(each.key, each)
        if new and len(self) + len(new) > MOST_PENDING:
            raise UsageNotTaken(f"{MOST_PENDING} reports wait for the server already")
        if self._journal is not None and new:
            try:
                self._journal.add(new.values())
            except OSError as problem:
                raise UsageNotTaken(f"the journal does not take it: {problem}") from problem
        for report in new.values():
            self._append(report)
        return list(new.values())

    def waiting(self, route: Route) -> int:
        """How many were not sent yet."""
        return len(self._queues[route])

    def queued_of(self, meter: tuple[str, str]) -> Iterable[Report]:
        """Those of a customer and feature that were not sent yet, in order."""
        return self._of_meter.get(meter, {}).values()

    def unanswered(self, route: Route) -> Sequence[Report]:
        """The batch that was sent and not answered; empty when there is none."""
        return self._sent[route]

    def take(self, route: Route, most: int) -> Sequence[Report]:
        """The next batch, now counted as sent."""
        assert not self._sent[route], "one batch at a time"
        queue = self._queues[route]
        batch = [queue.popleft() for _ in range(min(most, len(queue)))]
        for report in batch:
            of_meter = self._of_meter[report.meter]
            del of_meter[report.key]
            if not of_meter:
                del self._of_meter[report.meter]
        self._sent[route] = batch
        return batch

    def answered(self, route: Route, reports: Sequence[Report]) -> None:
        """The server has these, or will never take them."""
        keys = {report.key for report in reports}
        self._sent[route] = [each for each in self._sent[route] if each.key not in keys]
        self._keys -= keys
        if self._journal is None:
            return
        try:
            if len(self):
                self._journal.strike(keys, self._pending())
            else:
                self._journal.clear()
        except OSError as problem:  # the next process sends them again, and their keys count once
            log.warning("the journal does not take what was done: %s", problem)

    def close(self) -> None:
        """Let go of the journal; what is pending stays in it for whoever starts next."""
        if self._journal is not None:
            self._journal.close(is_done=not len(self))

    def abandon(self) -> None:
        """Leave everything to the process this one was forked from."""
        if self._journal is not None:
            self._journal.abandon()

    def _append(self, report: Report) -> None:
        self._keys.add(report.key)
        self._queues[report.route].append(report)
        self._of_meter.setdefault(report.meter, {})[report.key] = report

    def _pending(self) -> Iterator[Report]:
        return chain(*self._sent.values(), *self._queues.values())
