"""The wheel: what `pip install usance` gives somebody who has no checkout."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = [str(ROOT / "requirements/uv"), sys.executable]
LOCK = ROOT / "requirements/lock.txt"

pytestmark = pytest.mark.slow

ASK_FOR_RESOURCES = """
import sys
from importlib.resources import files
from usance.store.migrate import migration_names
package = files("usance")
assert "site-packages" in str(package), package
assert migration_names(), "no migrations"
missing = [name for name in sys.argv[1:] if not package.joinpath(name).is_file()]
assert not missing, missing
"""


def run(command: list[str], *, within: Path, **environment: str) -> str:
    """Its standard output; a failure shows both streams. Nothing of this checkout is visible."""
    visible = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        command, cwd=within, env=visible | environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, as `make build` makes it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run(command, within=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel and, by hash, what it needs to run."""
    folder = tmp_path_factory.mktemp("empty")
    asked = folder / "requirements.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    asked.write_text(f"usance @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    python = str(folder / "env/bin/python")
    run([*UV, "venv", "--quiet", "--python", sys.executable, str(folder / "env")], within=folder)
    install = [*UV, "pip", "install", "--quiet", "--python", python, "--require-hashes"]
    install += ["--constraint", str(LOCK), "--requirement", str(asked)]
    offline = subprocess.run([*install, "--offline"], cwd=folder, check=False, capture_output=True)
    if offline.returncode:  # uv's cache lacks something
        run(install, within=folder)
    return folder / "env"


def resources() -> list[str]:
    """What the package needs beside Python: paths in it."""
    package, examples = ROOT / "src/usance", ROOT / "examples"
    of_package = [path for path in package.rglob("*") if path.is_file()]
    others = [path for path in of_package if path.suffix not in {".py", ".pyc"}]
    played = [path for path in examples.rglob("*") if path.is_file()]
    return [str(path.relative_to(package)) for path in others] + [
        str("examples" / path.relative_to(examples)) for path in played
    ]


def test_the_wheel_holds_every_module_and_every_resource(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    modules = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py")}
    assert modules <= names
    assert {f"usance/{name}" for name in resources()} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/"))]


def test_the_wheel_carries_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        (licence,) = [name for name in opened.namelist() if name.endswith("licenses/LICENSE")]
        assert opened.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_an_installed_package_finds_its_resources(environment: Path, tmp_path: Path) -> None:
    python = str(environment / "bin/python")
    run([python, "-c", ASK_FOR_RESOURCES, *resources()], within=tmp_path)


def test_nothing_is_installed_that_only_developers_need(environment: Path) -> None:
    listed = run([*UV, "pip", "list", "--python", str(environment)], within=environment)
    names = {line.split()[0] for line in listed.splitlines()[2:]}
    assert "usance" in names
    assert not names & {"pytest", "ruff", "mypy", "playwright", "hatchling"}


def test_the_installed_demo_turns_orders_into_invoices(environment: Path, tmp_path: Path) -> None:
    said = run(
        [str(environment / "bin/usance"), "demo", "--json"],
        within=tmp_path,
        USANCE_HOME=str(tmp_path / "home"),
    )
    document = json.loads(said)
    assert len(document["orders"]) >= 3
    assert {order["status"] for order in document["orders"]} == {"FULFILLED"}
    issued = [invoice for invoice in document["invoices"] if invoice["number"]]
    assert len(issued) >= 3
    assert "trialBalance" in document
