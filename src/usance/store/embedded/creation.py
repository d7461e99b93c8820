"""Create a cluster: initdb, one ordinary role, one database, and nobody else let in."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from usance.store.embedded.binaries import programs
from usance.store.embedded.errors import EmbeddedPostgresError
from usance.store.embedded.places import Account, Places

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that the server's programs see: no secret of ours reaches them."""

LIMIT_SECONDS = 120
NEEDED_BYTES = 150_000_000

LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")

WHO_MAY_CONNECT = """\
# Over the Unix socket, with a password. The superuser has none, so it cannot log in at all.
local all all scram-sha-256
"""

FIRST_STATEMENTS = """\
CREATE ROLE usance LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD '{password}';
CREATE DATABASE usance OWNER usance;
"""
"""Row-level security binds `usance`: it owns its tables but is no superuser."""


def create(places: Places, *, durable: bool) -> None:
    """Create the cluster, unless it exists. Call it with the supervisor's lock.

    Built in a folder of its own and renamed when whole: a kill in the middle leaves nothing behind
    that could be taken for a cluster.
    """
    if places.data.exists():
        return
    for left_over in places.server.glob("new-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    _check_room(places.server)
    password = secrets.token_hex(24)
    staging = Path(tempfile.mkdtemp(prefix="new-", dir=places.server))
    try:
        _build(staging, places, password, durable=durable)
        if not durable:
            (places.control / "throwaway").touch()
        elif not places.is_durable:
            (places.control / "throwaway").unlink()
        _write_passfile(places.passfile, password)
        staging.rename(places.data)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _build(staging: Path, places: Places, password: str, *, durable: bool) -> None:
    builder = _builder(places.account)
    folder = f"--pgdata={staging}"
    initdb, postgres = (str(programs(places) / name) for name in ("initdb", "postgres"))
    builder.give(staging)
    _run([initdb, folder, "--username=postgres", "--auth=trust", "--no-sync", *LOCALE], builder)
    (staging / "pg_hba.conf").write_text(WHO_MAY_CONNECT)
    alone = [postgres, "--single", "-F", "-D", str(staging), "-c", "exit_on_error=on", "template1"]
    _run(alone, builder, typed=FIRST_STATEMENTS.format(password=password))
    if durable:
        _run([initdb, folder, "--sync-only"], builder)
    for root, _, files in os.walk(staging):
        for name in (".", *files):
            places.account.give(Path(root, name))


def _builder(account: Account) -> Account:
    """Who builds: initdb refuses a user without a name, so `nobody` does, in the server's group.

    The folder around lets only that group in: nobody else's `nobody` can reach what is built.
    """
    if account.user is None:
        return account
    try:
        return Account(pwd.getpwnam("nobody").pw_uid, account.group)
    except KeyError:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to be set up by root, and this machine has no user `nobody`. "
            "Run as an ordinary user."
        ) from None


def _run(command: list[str], account: Account, typed: str = "") -> None:
    ran = subprocess.run(
        command,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        env=ENVIRONMENT,
        timeout=LIMIT_SECONDS,
        check=False,
        umask=0o077,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )
    if ran.returncode != 0:
        last = "\n".join(ran.stdout.splitlines()[-15:])
        raise EmbeddedPostgresError(f"{Path(command[0]).name} could not build the cluster:\n{last}")


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise EmbeddedPostgresError(
            f"The disk that holds {folder} is full: {free // 1_000_000} MB are free, "
            f"{NEEDED_BYTES // 1_000_000} MB are needed. Make room, or set USANCE_HOME elsewhere."
        )


def _write_passfile(passfile: Path, password: str) -> None:
    """For libpq: it reads the password by itself, so no connection string carries it."""
    with suppress(FileNotFoundError):
        passfile.unlink()
    descriptor = os.open(passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"*:*:*:usance:{password}\n")
