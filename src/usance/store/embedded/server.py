"""The postmaster: start it over whatever a crash left behind, watch it, stop it."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from usance.store.embedded.binaries import programs
from usance.store.embedded.creation import ENVIRONMENT
from usance.store.embedded.errors import EmbeddedPostgresError
from usance.store.embedded.places import Places, claim_sockets

START_SECONDS = 90  # a crash recovery may have much to replay
START_ATTEMPTS = 3
STOP_SECONDS = 30
POLL_SECONDS = 0.01

SETTINGS = {
    "listen_addresses": "",  # a Unix socket only
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "max_wal_size": "512MB",
    "wal_level": "minimal",  # no replicas, so bulk loads may skip the log
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

PR_SET_PDEATHSIG = 1
HAS_PROC = Path("/proc/self/exe").exists()  # on Linux; macOS has only `ps`


class Server:
    """One postmaster at a time over one data folder. Only the supervisor has one."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._postmaster: subprocess.Popen[bytes] | None = None

    def is_alive(self) -> bool:
        return self._postmaster is not None and self._postmaster.poll() is None

    def start(self) -> None:
        """Return when it takes connections. Raises EmbeddedPostgresError with its last words.

        One that is killed while it starts is started again: only what it says itself is a reason.
        """
        self.places.log.touch(mode=0o600)
        begin = self.places.log.stat().st_size
        for _ in range(START_ATTEMPTS):
            self._postmaster = self._launch()
            if self._becomes_ready(self._postmaster):
                return
            self.stop()
            if self._postmaster.returncode != -signal.SIGKILL:
                break
        raise EmbeddedPostgresError(_why(self.places, begin))

    def stop(self) -> None:
        """Fast, then immediate, then by force. Sessions are ended; what committed stays."""
        if self._postmaster is None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._postmaster.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                self._postmaster.wait(STOP_SECONDS)
                return

    def _launch(self) -> subprocess.Popen[bytes]:
        end_remains(self.places.data)
        claim_sockets(self.places)
        with self.places.log.open("ab") as log:
            return subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=ENVIRONMENT,
                umask=0o077,
                start_new_session=True,
                user=self.places.account.user,
                group=self.places.account.group,
                extra_groups=self.places.account.extra_groups,
                preexec_fn=partial(_stop_with, os.getpid()) if HAS_PROC else None,
            )

    def _becomes_ready(self, postmaster: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while postmaster.poll() is None and time.monotonic() < deadline:
            if _is_ready(self.places.data, postmaster.pid):
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _command(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self.places.sockets)}
        if not self.places.is_durable:
            settings |= NOT_DURABLE
        command = [str(programs(self.places) / "postgres"), "-D", str(self.places.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command


def end_remains(data: Path) -> None:
    """End what an earlier supervisor left: a postmaster, or backends that outlived theirs.

    A backend in the middle of a long computation does not notice that its postmaster was killed,
    and PostgreSQL rightly refuses to start beside it.
    """
    postmaster = _recorded_pid(data)
    if postmaster is not None:
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                if _serves(postmaster, data):
                    os.kill(postmaster, how)
            if _ends(postmaster, data):
                break
    for backend in _backends(data):
        with suppress(ProcessLookupError):
            os.kill(backend, signal.SIGKILL)
        _ends(backend, data)
    # Its number may by now be another program's, for which PostgreSQL would wait in vain.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _stop_with(supervisor: int) -> None:
    """Have Linux stop the server, as fast and as safely, should the supervisor be killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != supervisor:
        os._exit(1)  # it was killed before we asked


def _is_ready(data: Path, pid: int) -> bool:
    """As pg_ctl finds it out: the postmaster writes its state into the eighth line."""
    lines = _pid_lines(data)
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _recorded_pid(data: Path) -> int | None:
    lines = _pid_lines(data)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def _pid_lines(data: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return (data / "postmaster.pid").read_text(errors="replace").splitlines()
    return []


def _ends(pid: int, data: Path) -> bool:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not _serves(pid, data):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is a PostgreSQL that works in `data`."""
    if HAS_PROC:
        with suppress(OSError):
            program = Path(os.readlink(f"/proc/{pid}/exe")).name.removesuffix(" (deleted)")
            return program == "postgres" and os.readlink(f"/proc/{pid}/cwd") == str(data)
        return False
    listing = ["ps", "-o", "comm=", "-p", str(pid)]
    said = subprocess.run(listing, capture_output=True, text=True, check=False).stdout
    return said.strip().endswith("postgres")


def _backends(data: Path) -> Iterator[int]:
    """Every PostgreSQL process that works in `data`; where there is no /proc, none is found."""
    for entry in Path("/proc").iterdir() if HAS_PROC else ():
        if entry.name.isdecimal() and _serves(int(entry.name), data):
            yield int(entry.name)


def _why(places: Places, begin: int) -> str:
    with places.log.open("rb") as log:
        log.seek(begin)
        last = log.read().decode(errors="replace").splitlines()[-15:]
    text = "\n".join(last) or "(it wrote nothing)"
    cause = "its disk is full" if "No space left on device" in text else "its log says"
    return f"PostgreSQL does not start: {cause}.\n{text}\nThe whole log: {places.log}"
