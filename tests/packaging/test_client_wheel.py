"""The client's wheel: what `pip install usance-client` gives, where nothing of Usance is."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.test_wheel import LOCK, ROOT, UV, run

CLIENT = ROOT / "clients/python"
ASK = """
from importlib.util import find_spec
from usance_client import Fallback, UsanceClient
assert find_spec("usance") is None
with UsanceClient("key", "http://127.0.0.1:9", fallbacks={"sso": True}, timeout=1) as client:
    assert client.check("acme", "sso").is_fallback
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, as `make build` makes it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run(command, within=CLIENT)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_every_module_its_types_and_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        (licence,) = [name for name in names if name.endswith("licenses/LICENSE")]
        assert opened.read(licence) == (ROOT / "LICENSE").read_bytes()
    source = CLIENT / "src"
    modules = {str(path.relative_to(source)) for path in source.rglob("*.py")}
    assert {*modules, "usance_client/py.typed"} <= names


def test_it_works_with_nothing_but_what_it_asks_for(wheel: Path, tmp_path: Path) -> None:
    python = str(tmp_path / "env/bin/python")
    empty = [*UV, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "env")]
    run(empty, within=tmp_path)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    asked = tmp_path / "requirements.txt"
    asked.write_text(f"usance-client @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    install = [*UV, "pip", "install", "--quiet", "--python", python, "--require-hashes"]
    install += ["--constraint", str(LOCK), "--requirement", str(asked)]
    offline = subprocess.run(
        [*install, "--offline"], cwd=tmp_path, check=False, capture_output=True
    )
    if offline.returncode:  # uv's cache lacks something
        run(install, within=tmp_path)
    run([python, "-W", "error", "-c", ASK], within=tmp_path)
    said = run([str(tmp_path / "env/bin/usance-sidecar"), "--help"], within=tmp_path)
    assert "--server" in said
