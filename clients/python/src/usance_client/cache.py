"""The cache: the last snapshots in a file, so that a restart knows what was known.

The file is replaced at once, never changed in place. One that cannot be read, or that was written
for another server or key, is ignored with a warning.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from usance_client.book import Held
from usance_client.quantity import plain
from usance_client.reports import Report
from usance_client.snapshot import Snapshot, snapshot_from
from usance_client.tally import Tally
from usance_client.windows import FOREVER, Nanoseconds, written

log = logging.getLogger("usance_client")

VERSION = 1
KEPT = 30 * 24 * 3_600 * 10**9  # nanoseconds; a customer nobody asked about for so long is left out
ONLY_MINE = 0o600
UNREADABLE = ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError


@dataclass(frozen=True, slots=True)
class Cached:
    """A snapshot from the file, and when it came from the server."""

    snapshot: Snapshot
    received_at: Nanoseconds


class Cache:
    """A file of snapshots that belongs to one server and key."""

    def __init__(self, path: Path, base_url: str, api_key: str) -> None:
        self._path = path
        self._owner = hashlib.sha256(f"{base_url}\n{api_key}".encode()).hexdigest()[:32]

    def load(self) -> list[Cached]:
        """What is in the file; nothing when there is none, or none of ours."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as problem:
            log.warning("the cache %s is ignored: %s", self._path, problem)
            return []
        try:
            kept = json.loads(text)
            if kept["version"] != VERSION or kept["owner"] != self._owner:
                log.warning("the cache %s is ignored: written for another server", self._path)
                return []
            return list(self._read(kept["snapshots"]))
        except UNREADABLE as problem:
            log.warning("the cache %s is ignored: it cannot be read: %s", self._path, problem)
            return []

    def _read(self, entries: Iterable[Any]) -> Iterator[Cached]:
        """Those that can be read: one that cannot locks out nobody else."""
        for each in entries:
            try:
                yield Cached(snapshot_from(each["snapshot"]), int(each["receivedAt"]))
            except UNREADABLE as problem:
                log.warning("a customer of the cache %s is ignored: %s", self._path, problem)

    def save(self, held: Iterable[Mapping[str, Any]], now: Nanoseconds) -> None:
        """Put these in the file's place, with what others keep there. Raises OSError."""
        snapshots = {_whose(each["snapshot"]): each for each in held}
        for each in self.load() if self._path.exists() else ():
            if now - each.received_at < KEPT:
                snapshots.setdefault(
                    each.snapshot.key, kept_as(each.snapshot.wire, each.received_at)
                )
        document = {"version": VERSION, "owner": self._owner, "snapshots": [*snapshots.values()]}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.new-{secrets.token_hex(4)}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, ONLY_MINE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file, separators=(",", ":"))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        finally:
            beside.unlink(missing_ok=True)


def kept_as(wire: Mapping[str, Any], received_at: Nanoseconds) -> dict[str, Any]:
    """An entry of the file."""
    return {"snapshot": wire, "receivedAt": received_at}


def with_usage(
    held: Held, unanswered: Mapping[tuple[str, str], Sequence[Report]]
) -> dict[str, Any]:
    """A snapshot as it is to be found after a restart: with what the server has meanwhile.

    What is queued or, by customer and feature, `unanswered` is left out: it is in the journal, and
    counted when that is read.
    """
    features = dict(held.snapshot.wire["features"])
    for feature_id, tallies in held.tallies.items():
        if tallies:
            allowances = features[feature_id]["allowances"]
            sent = unanswered.get((held.snapshot.customer_id, feature_id), ())
            counted = [
                _counted(allowance, tally, tally.without(sent))
                for allowance, tally in zip(allowances, tallies, strict=True)
            ]
            features[feature_id] = {**features[feature_id], "allowances": counted}
    return kept_as({**held.snapshot.wire, "features": features}, held.received_at)


def _counted(allowance: Mapping[str, Any], tally: Tally, used: Decimal) -> dict[str, Any]:
    counted = {**allowance, "currentUsage": plain(used)}
    if tally.allowance.reset is not None and tally.window.start > -FOREVER:
        end = tally.window.end
        counted["windowStart"] = written(tally.window.start)
        counted["windowEnd"] = None if end == FOREVER else written(end)
    return counted


def _whose(wire: Mapping[str, Any]) -> tuple[str, str | None]:
    return wire["customerId"], wire.get("resourceId")
