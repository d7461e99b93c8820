"""Attach to the embedded PostgreSQL of a home: start it, or join the one that runs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

import usance
from usance.store.embedded import supervisor
from usance.store.embedded.binaries import programs
from usance.store.embedded.creation import create
from usance.store.embedded.errors import EmbeddedPostgresError
from usance.store.embedded.locks import POLL_SECONDS, closing, share, try_alone
from usance.store.embedded.places import control_folder, places_in, settle

WAIT_SECONDS = 120
CALLS = 3
DATABASE = "usance"


def attach(home: Path, *, durable: bool = True) -> "Cluster":
    """The cluster of `home`, running; created first when `home` has none.

    `durable=False` creates a throw-away cluster, for tests: nothing is forced to disk, and it is
    deleted when its last user leaves. An existing cluster stays what it is.

    Raises EmbeddedPostgresError, saying what to do.
    """
    try:
        control = control_folder(home)
        users = share(control / "users.lock", within_seconds=WAIT_SECONDS)
        cluster = Cluster(control, users, durable=durable)
    except OSError as error:
        raise EmbeddedPostgresError(f"The home {home} cannot be used: {error}") from error
    try:
        cluster.ensure_running()
    except BaseException:
        cluster.release()
        raise
    return cluster


class Cluster:
    """One use of a cluster, counted until `release` or until this process ends, however it ends."""

    def __init__(self, control: Path, users: int, *, durable: bool) -> None:
        self._control = control
        self._users: int | None = users
        self._durable = durable

    @property
    def url(self) -> str:
        """The database `usance`, as its owner, the ordinary role `usance`."""
        return self.url_for(DATABASE)

    def url_for(self, database: str) -> str:
        """A libpq URI of `database`. It holds no secret: the password is read from a 0600 file."""
        places = places_in(self._control)
        folder, passfile = (quote(os.fsencode(p), "") for p in (places.sockets, places.passfile))
        name = quote(database, "")
        return f"postgresql://{DATABASE}@/{name}?host={folder}&port=5432&passfile={passfile}"

    def ensure_running(self) -> None:
        """Return when the server answers, starting it, and its supervisor, when they are gone.

        The supervisor starts a killed server again by itself; this waits until it has.
        """
        assert self._users is not None, "a released cluster is not used again"
        trouble: str | None = "it was never asked"
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            lock = try_alone(self._control / "supervisor.lock")
            if lock is not None:
                with closing(lock):
                    self._start(lock)
            elif (trouble := self._trouble()) is None:
                return self._check_durable()
            else:
                time.sleep(POLL_SECONDS)
        raise EmbeddedPostgresError(
            f"PostgreSQL has not answered for {WAIT_SECONDS} s: {trouble}\n"
            f"Its log: {self._control / 'server.log'}"
        )

    def release(self) -> None:
        """Leave. When this was the last user, the server stops within a moment."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.release()

    def _start(self, lock: int) -> None:
        """Hand `lock` to a new supervisor and wait for its word."""
        try:
            places = settle(self._control)
            places.log.touch(mode=0o600)
            programs(places)
            create(places, durable=self._durable)
            self._check_durable()
            said = _call_supervisor(self._control, lock)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL in {self._control} cannot be set up: {error}"
            ) from error
        if said != supervisor.READY:
            log = self._control / "server.log"
            raise EmbeddedPostgresError(said or f"The supervisor says nothing. See {log}")

    def _trouble(self) -> str | None:
        """Why the server does not answer; None when it does."""
        try:
            with psycopg.connect(self.url, connect_timeout=5):
                return None
        except (psycopg.OperationalError, FileNotFoundError) as error:
            return str(error)

    def _check_durable(self) -> None:
        if self._durable and not places_in(self._control).is_durable:
            raise EmbeddedPostgresError(
                f"{self._control} holds a throw-away cluster, which loses what is written to it. "
                "Use another home, or delete that one."
            )


def _call_supervisor(control: Path, lock: int) -> str:
    """What it says; when it was killed before it could, call another."""
    said = ""
    for _ in range(CALLS):
        said = said or _run_supervisor(control, lock)
    return said


def _run_supervisor(control: Path, lock: int) -> str:
    """Start it by the same interpreter and the same code; what it says until it is ready."""
    code = str(Path(usance.__file__).parents[1])
    order = json.dumps({"control": str(control), "lock": lock})
    with (control / "server.log").open("ab") as log:
        ran = subprocess.run(
            [sys.executable, "-P", "-m", supervisor.__name__, order],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd="/",
            env=os.environ | {"PYTHONPATH": os.pathsep.join((code, *_python_path()))},
            pass_fds=[lock],
            start_new_session=True,
            check=False,
        )
    return ran.stdout


def _python_path() -> list[str]:
    """PYTHONPATH as it is, but not relative: the supervisor works in /."""
    return [str(Path(p).absolute()) for p in os.environ.get("PYTHONPATH", "").split(":") if p]
