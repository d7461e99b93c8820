"""The embedded PostgreSQL when processes come at once, and when they are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.store.embedded_homes import (
    one,
    places,
    postmaster_of,
    wait_for,
    wait_until_stopped,
)
from usance.store.embedded.cluster import attach

pytestmark = pytest.mark.postgres

USER = """
import sys
from pathlib import Path
import psycopg
from usance.store.embedded.cluster import attach
cluster = attach(Path(sys.argv[1]), durable=False)
with psycopg.connect(cluster.url) as there:
    print(there.execute("SELECT oid, pg_postmaster_start_time() FROM pg_database "
                        "WHERE datname = current_database()").fetchone(), flush=True)
    sys.stdin.read()
"""


@contextmanager
def user_of(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the cluster of `home` until its standard input ends."""
    command = [sys.executable, "-c", USER, str(home)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def supervisor_of(home: Path) -> int:
    status = Path(f"/proc/{postmaster_of(home)}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


def test_eight_processes_at_once_share_one_server(empty_home: Path) -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(user_of(empty_home)) for _ in range(8)]
        answers = {said(user) for user in users}
        log = places(empty_home).log.read_text()
    assert len(answers) == 1
    assert "datetime" in answers.pop()
    assert log.count("starting PostgreSQL 18") == 1
    wait_until_stopped(empty_home)


def test_a_killed_user_does_not_count(empty_home: Path) -> None:
    with user_of(empty_home) as killed, attach(empty_home, durable=False) as cluster:
        said(killed)
        killed.kill()
        killed.wait()
        assert one(cluster.url, "SELECT 1") == 1
    wait_until_stopped(empty_home)


def test_the_server_stops_when_its_last_user_is_killed(empty_home: Path) -> None:
    with user_of(empty_home) as first, user_of(empty_home) as second:
        assert said(first) == said(second)
        first.kill()
        second.kill()
    wait_until_stopped(empty_home)


def test_a_killed_postmaster_comes_back_with_all_that_was_committed(empty_home: Path) -> None:
    with attach(empty_home) as cluster:
        with psycopg.connect(cluster.url) as there:
            there.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        before = postmaster_of(empty_home)
        busy = psycopg.connect(cluster.url, autocommit=True)
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1e12)")
        backend = busy.info.backend_pid

        os.kill(before, signal.SIGKILL)
        wait_for(lambda: _is_gone(before), named="the postmaster's end")
        cluster.ensure_running()

        assert one(cluster.url, "SELECT answer FROM kept") == 42
        assert postmaster_of(empty_home) != before
        wait_for(lambda: _is_gone(backend), named="the end of the orphaned backend")
        busy.close()


def test_one_who_comes_after_a_killed_postmaster_waits_for_the_next(empty_home: Path) -> None:
    with attach(empty_home, durable=False):
        os.kill(postmaster_of(empty_home), signal.SIGKILL)
        with attach(empty_home, durable=False) as late:
            assert one(late.url, "SELECT 1") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie one process to another")
def test_a_killed_supervisor_takes_its_server_along_and_both_come_back(empty_home: Path) -> None:
    with attach(empty_home) as cluster:
        with psycopg.connect(cluster.url) as there:
            there.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        before = postmaster_of(empty_home)
        os.kill(supervisor_of(empty_home), signal.SIGKILL)
        wait_for(lambda: _is_gone(before), named="the postmaster's end")
        cluster.ensure_running()
        assert one(cluster.url, "SELECT answer FROM kept") == 42


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie one process to another")
def test_the_next_user_heals_a_cluster_whose_processes_were_all_killed(empty_home: Path) -> None:
    with user_of(empty_home) as user:
        first = said(user)
        supervisor = supervisor_of(empty_home)
        for pid in (supervisor, postmaster_of(empty_home), user.pid):
            os.kill(pid, signal.SIGKILL)
        user.wait()
    with user_of(empty_home) as user:
        database = first.partition(",")[0]
        assert said(user).startswith(database)
        assert supervisor_of(empty_home) != supervisor
        user.communicate()
    wait_until_stopped(empty_home)


def _is_gone(pid: int) -> bool:
    """Ended, or a zombie that its parent has yet to notice."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    listing = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    return state.strip()[:1] in ("Z", "")
