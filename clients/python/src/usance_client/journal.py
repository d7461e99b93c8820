"""The journal: reports on disk before the caller hears that they were taken.

Each process writes a file of its own beside the cache and holds a lock on it for as long as it
lives. Whoever starts adopts the files that nobody holds: what a dead process left is sent by the
next one. A line is a report or the keys of those the server has; a torn last line is no report,
for nobody was told that it was taken.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from usance_client.cache import UNREADABLE
from usance_client.reports import Report, Route, report_from

log = logging.getLogger("usance_client")
ONLY_MINE = 0o600
COMPACT_ABOVE = 4_000_000  # bytes; below, lines that are done with do no harm


class Journal:
    """What was taken and is not confirmed, in a file. One thread at a time."""

    def __init__(self, cache_path: Path, *, is_synced: bool = False) -> None:
        """`is_synced`: taken means that it outlives a power cut too, for some ms a report."""
        self._folder, self._stem = cache_path.parent, f"{cache_path.name}.usage-"
        self._is_synced = is_synced
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{self._stem}{os.getpid()}-{secrets.token_hex(4)}"
        self._file = _locked(self._path)
        self._size = 0

    def adopt(self) -> list[Report]:
        """The reports of processes that are gone, now in this journal, oldest file first."""
        reports: list[Report] = []
        for path in sorted(self._folder.glob(f"{self._stem}*"), key=_age):
            if path == self._path:
                continue
            file = _locked_if_free(path)
            if file is None:
                continue
            try:
                left = read(path)
                self.add(left)
                path.unlink(missing_ok=True)
                reports += left
            except OSError as problem:  # it stays where it is, for whoever starts next
                log.warning("%s is not taken over: %s", path, problem)
            finally:
                os.close(file)
        return reports

    def add(self, reports: Iterable[Report]) -> None:
        """Write these down. Raises OSError when the disk does not take them."""
        self._write("".join(_line(report.route, report.body) for report in reports))

    def strike(self, keys: Iterable[str], pending: Iterable[Report]) -> None:
        """These are done with; `pending` is what is left, should the file be written anew."""
        self._write(json.dumps({"done": list(keys)}) + "\n")
        if self._size > COMPACT_ABOVE:
            self._rewrite(pending)

    def clear(self) -> None:
        """All are done with."""
        os.ftruncate(self._file, 0)
        self._size = 0

    def close(self, *, is_done: bool) -> None:
        """Let go of the file; take it away when nothing is left in it."""
        if is_done:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def abandon(self) -> None:
        """Let go of a file that belongs to the process this one was forked from."""
        os.close(self._file)

    def _write(self, text: str) -> None:
        written = text.encode()
        start = self._size
        try:
            while written:
                count = os.write(self._file, written)
                self._size += count
                written = written[count:]
            if self._is_synced:
                os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, start)  # a torn line must not spoil the next
            self._size = start
            raise

    def _rewrite(self, pending: Iterable[Report]) -> None:
        """In a new file that takes the old one's place at once."""
        path = self._folder / f"{self._stem}{os.getpid()}-{secrets.token_hex(4)}"
        old = self._file, self._path, self._size
        self._file, self._path, self._size = _locked(path), path, 0
        try:
            self.add(pending)
            os.fsync(self._file)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(self._file)
            self._file, self._path, self._size = old
            raise
        old[1].unlink(missing_ok=True)
        os.close(old[0])


def read(path: Path) -> list[Report]:
    """What is pending in a journal. Lines that cannot be read are skipped, with a warning."""
    pending: dict[str, Report] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            entry = json.loads(line)
            if "done" in entry:
                for key in entry["done"]:
                    pending.pop(key, None)
            else:
                report = report_from(Route(entry["route"]), entry["body"])
                pending[report.key] = report
        except UNREADABLE as problem:
            log.warning("%s:%d is no report and is skipped: %s", path, number, problem)
    return list(pending.values())


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (line for line in file if line.strip())


def _line(route: Route, body: str) -> str:
    return json.dumps({"route": route, "body": body}, ensure_ascii=False) + "\n"


def _locked(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, ONLY_MINE)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _locked_if_free(path: Path) -> int | None:
    """The file, locked; None when another process holds it or has just taken it away."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    if not path.exists():  # adopted by another between opening and locking
        os.close(file)
        return None
    return file


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0
