"""What every test may ask for."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.embedded_homes import wait_until_stopped
from usance.store.embedded.cluster import Cluster, attach


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One throw-away PostgreSQL for the whole test run, shared by all xdist workers.

    It is deleted when the last worker leaves.
    """
    base = tmp_path_factory.getbasetemp()
    is_worker = base.name.startswith("popen-")
    with attach((base.parent if is_worker else base) / "usance-pg", durable=False) as cluster:
        yield cluster


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """A home for a PostgreSQL of the test's own, not made yet; removed when its server stopped.

    Others may enter the folder around it, as they may enter /home; `tmp_path` is closed to them.
    """
    folder = Path(tempfile.mkdtemp(prefix="usance-test-"))
    folder.chmod(0o755)
    yield folder / "home"
    wait_until_stopped(folder / "home")
    shutil.rmtree(folder)
