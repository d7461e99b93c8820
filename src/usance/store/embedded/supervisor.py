"""The supervisor: a small process that keeps one server running for as long as it has users.

`cluster` starts it with the supervisor's lock already in hand; it says on standard output how the
start went, then lives by itself:

- the server died: start it again;
- the last user left, or was killed: their shared lock is free, so stop the server and end;
- it is told to end (SIGTERM): stop the server and end; users may start another supervisor;
- it is killed itself: Linux then stops the server, and the next user starts both again.

While it stops the server it holds the users' lock alone: who comes now waits, and starts anew.
"""

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from usance.store.embedded.errors import EmbeddedPostgresError
from usance.store.embedded.locks import try_alone
from usance.store.embedded.places import Places, places_in
from usance.store.embedded.server import Server

READY = "ready"
LOOK_SECONDS = 0.2
QUIET_SECONDS = 10
LOG_LIMIT_BYTES = 5_000_000


def main() -> None:
    """Leave the process that started us, bring the server up, and watch over it."""
    order = json.loads(sys.argv[1])
    if os.fork() > 0:
        os._exit(0)
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, _end)
    os.umask(0o077)
    places = places_in(Path(order["control"]))
    server = Server(places)
    try:
        if not _start(server):
            return
        users = _watch(server)
    finally:
        server.stop()
    with suppress(OSError):
        places.sockets.rmdir()
    if not places.is_durable:
        _discard(places)
    os.close(order["lock"])  # first: who gets the users' lock next must find this one free
    os.close(users)


def _end(_signum: int, _frame: FrameType | None) -> None:
    raise SystemExit


def _start(server: Server) -> bool:
    """Start the server and report to whoever waits; they may be gone."""
    try:
        server.start()
        outcome = READY
    except (EmbeddedPostgresError, OSError) as error:
        outcome = str(error)
    with suppress(BrokenPipeError):
        sys.stdout.write(outcome)
        sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return outcome == READY


def _watch(server: Server) -> int:
    """Return, holding the users' lock, when the last user has left."""
    users_lock = server.places.control / "users.lock"
    restarted_at = time.monotonic() - QUIET_SECONDS
    while (users := try_alone(users_lock)) is None:
        if not server.is_alive():
            if time.monotonic() - restarted_at < QUIET_SECONDS:
                time.sleep(1)  # it dies again and again: do not spin
            sys.stderr.write("usance: the server died; starting it again\n")
            server.start()
            restarted_at = time.monotonic()
        _limit(server.places.log)
        time.sleep(LOOK_SECONDS)
    return users


def _limit(log: Path) -> None:
    """Keep one older log. The server appends, so cutting the file in place is safe."""
    with suppress(OSError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(log, log.with_name("server.log.1"))
            os.truncate(log, 0)


def _discard(places: Places) -> None:
    """Nothing of a throw-away cluster stays but its log; its mark goes last."""
    shutil.rmtree(places.server)
    with suppress(OSError):
        (places.control / "server").unlink()
    places.passfile.unlink(missing_ok=True)
    (places.control / "throwaway").unlink()


if __name__ == "__main__":
    main()
