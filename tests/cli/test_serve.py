"""`usance serve`: one process answers the API, shows the pages and does queued work."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest


@pytest.fixture
def serving(surroundings: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server on a free port; stopped as an operator stops it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "usance.cli.app", "serve", "--port", "0"],
        env=surroundings,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in (0, -signal.SIGTERM), "it ends when told to"
    assert process.stdout is not None
    process.stdout.close()


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    """What the greeting says, by name."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(5)]
    return {line[:16].strip(): line[16:].strip() for line in lines[1:]}


def test_it_prints_its_urls_and_a_key_that_opens_the_api(
    serving: subprocess.Popen[str],
) -> None:
    greeting = told(serving)
    assert httpx.get(greeting["health"], timeout=10).json()["status"] == "ok"
    assert httpx.get(greeting["API document"], timeout=10).json()["openapi"].startswith("3.1")
    url, key = f"{greeting['API']}/invoices", greeting["API key"]
    assert httpx.get(url, headers={"X-API-KEY": key}, timeout=10).json()["data"] == []
    assert httpx.get(url, timeout=10).status_code == 401


def test_a_port_in_use_is_told_in_one_line(surroundings: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = subprocess.run(
            [sys.executable, "-m", "usance.cli.app", "serve", "--port", port],
            env=surroundings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr
