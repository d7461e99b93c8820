"""The sidecar: the client's answers over local HTTP, and a command that stops in good order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.conftest import Clients, until
from tests.client.double import Double
from usance_client.sidecar.command import main
from usance_client.sidecar.server import Sidecar


@pytest.fixture
def sidecar(connect: Clients) -> Iterator[httpx.Client]:
    """Somebody who asks a sidecar of the double."""
    client = connect(customers=["acme"], flush_interval=60)
    with (
        Sidecar(client, "127.0.0.1", 0) as listening,
        httpx.Client(base_url=listening.url, timeout=10) as http,
    ):
        yield http


def checked(http: httpx.Client, **query: str) -> dict[str, Any]:
    """What a check says."""
    answer = http.get("/check", params={"customerId": "acme", "featureId": "api-calls", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def test_a_check_says_all_of_a_decision(sidecar: httpx.Client) -> None:
    assert checked(sidecar, requestedUsage="8") == {
        "hasAccess": False,
        "denialReason": "RequestedUsageExceedingLimit",
        "kind": "METERED",
        "isUnlimited": False,
        "limit": "10",
        "currentUsage": "3",
        "remaining": "7",
        "overage": "0",
        "isSoftExceeded": False,
        "values": [],
        "windowStart": None,
        "windowEnd": None,
        "validUntil": None,
        "isFallback": False,
        "isStale": False,
    }
    assert checked(sidecar, requestedUsage="7.0")["hasAccess"]
    assert not checked(sidecar, requestedUsage="7.01")["hasAccess"]


def test_usage_counts_at_once_and_once(sidecar: httpx.Client, server: Double) -> None:
    usages = [
        {"customerId": "acme", "featureId": "api-calls", "value": 0.1, "idempotencyKey": "one"},
        {"customerId": "acme", "featureId": "api-calls", "value": "0.2"},
        {"customerId": "acme", "featureId": "api-calls", "value": "0.2", "idempotencyKey": "one"},
    ]
    taken = sidecar.post("/usage", json={"usages": usages})
    assert taken.status_code == 202, taken.text
    assert taken.json()["data"]["accepted"] == 3
    assert checked(sidecar)["currentUsage"] == "3.3"


def test_a_list_holds_every_feature(sidecar: httpx.Client) -> None:
    listed = sidecar.get("/entitlements", params={"customerId": "acme"}).json()["data"]
    assert listed["entitlements"]["api-calls"]["remaining"] == "7"


def test_events_are_taken_in(sidecar: httpx.Client) -> None:
    events = [{"customerId": "acme", "eventName": "call", "timestamp": "2025-06-15T12:00:00Z"}]
    assert sidecar.post("/events", json={"events": events}).status_code == 202


@pytest.mark.parametrize(
    ("report", "code", "path"),
    [
        ({"featureId": "f", "value": 1}, "InvalidId", "usages[1].customerId"),
        ({"customerId": "a,b", "featureId": "f", "value": 1}, "InvalidId", "usages[1].customerId"),
        ({"customerId": "a", "featureId": "f"}, "InvalidUsageValue", "usages[1].value"),
        (
            {"customerId": "a", "featureId": "f", "value": True},
            "InvalidUsageValue",
            "usages[1].value",
        ),
        (
            {"customerId": "a", "featureId": "f", "value": 1, "createdAt": "soon"},
            "InvalidInstant",
            "usages[1].createdAt",
        ),
        (
            {"customerId": "a", "featureId": "f", "value": 1, "updateBehavior": "ADD"},
            "UnknownWord",
            "usages[1].updateBehavior",
        ),
        (
            {"customerId": "a", "featureId": "f", "value": 1, "dimensions": {"x": [1]}},
            "InvalidDimensions",
            "usages[1].dimensions",
        ),
        ({"customerId": "a", "featureId": "f", "value": 1, "x": 1}, "UnknownField", "usages[1].x"),
        ("x", "InvalidReport", "usages[1]"),
    ],
)
def test_a_wrong_report_is_refused_with_all_beside_it(
    sidecar: httpx.Client, report: object, code: str, path: str
) -> None:
    right = {"customerId": "acme", "featureId": "api-calls", "value": 1}
    answer = sidecar.post("/usage", json={"usages": [right, report]})
    assert answer.status_code == 400
    (detail,) = answer.json()["error"]["details"]
    assert (detail["code"], detail["path"]) == (code, path)
    assert checked(sidecar)["currentUsage"] == "3"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/check?customerId=acme", 400, "MissingParameter"),
        ("/check?customerId=acme&featureId=f&requestedUsage=-1", 400, "InvalidRequestedUsage"),
        ("/check?customerId=acme&featureId=f&requestedUsage=many", 400, "InvalidRequestedUsage"),
        ("/elsewhere", 404, "NotFound"),
    ],
)
def test_a_wrong_question_is_told_what_would_be_right(
    sidecar: httpx.Client, path: str, status: int, code: str
) -> None:
    answer = sidecar.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_page_in_a_browser_may_neither_read_nor_report(sidecar: httpx.Client) -> None:
    named = sidecar.get("/health", headers={"Host": "rebound.example"})
    assert named.status_code == 403
    sent = sidecar.post("/usage", content=b'{"usages": []}', headers={"Content-Type": "text/plain"})
    assert sent.status_code == 415


def test_it_says_how_it_is(sidecar: httpx.Client) -> None:
    checked(sidecar)
    until(lambda: sidecar.get("/health").json()["status"] == "ok")
    metrics = sidecar.get("/metrics").text
    assert 'usance_sidecar_checks_total{basis="fresh"} 1' in metrics
    assert "usance_sidecar_is_stale 0" in metrics


@pytest.mark.parametrize("command", [["usance_client.sidecar"], ["usance.cli.app", "sidecar"]])
def test_the_command_answers_without_a_server_and_keeps_usage(
    connect: Clients, server: Double, tmp_path: Path, command: list[str]
) -> None:
    connect(cache="cache", customers=["acme"]).close()
    server.shut()
    named, *rest = command
    arguments = [
        "--server",
        server.url,
        "--listen",
        "127.0.0.1:0",
        "--cache",
        str(tmp_path / "cache"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", named, *rest, *arguments],
        env={**os.environ, "USANCE_API_KEY": "key"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        url = process.stdout.readline().split()[-1]
        with httpx.Client(base_url=url, timeout=10) as http:
            usage = {"customerId": "acme", "featureId": "api-calls", "value": 6}
            assert http.post("/usage", json={"usages": [usage]}).status_code == 202
            decision = checked(http, requestedUsage="1")
            assert (decision["hasAccess"], decision["isStale"]) == (True, True)
            assert not checked(http, requestedUsage="2")["hasAccess"]
            assert http.get("/health").json()["status"] == "stale"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0

    server.open()
    client = connect(cache="cache", customers=["acme"])
    assert client.flush()
    assert server.used("acme", "api-calls") == 9


def test_a_port_in_use_is_told(
    connect: Clients, server: Double, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = server.url.removeprefix("http://")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        status = main(["--server", server.url, "--key", "key", "--listen", taken])
    finally:
        for number, answer in before.items():
            signal.signal(number, answer)
    assert status == 1
    assert f"cannot listen on {taken}" in capsys.readouterr().err


def test_a_key_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USANCE_API_KEY", raising=False)
    assert main(["--server", "http://127.0.0.1:1"]) == 2
    assert "USANCE_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Host": "["}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:1"}, 200),
    ],
)
def test_a_page_may_not_even_ask(
    sidecar: httpx.Client, headers: dict[str, str], status: int
) -> None:
    query = {"customerId": "acme", "featureId": "api-calls"}
    assert sidecar.get("/check", params=query, headers=headers).status_code == status


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999", "Infinity"])
def test_no_number_is_too_long_to_be_refused(sidecar: httpx.Client, number: str) -> None:
    query = {"customerId": "acme", "featureId": "api-calls", "requestedUsage": number}
    assert sidecar.get("/check", params=query).status_code == 400
    body = f'{{"usages":[{{"customerId":"acme","featureId":"api-calls","value":{number}}}]}}'
    headers = {"Content-Type": "application/json"}
    assert sidecar.post("/usage", content=body, headers=headers).status_code == 400
    body = body.replace(number, f'"{number}"')
    assert sidecar.post("/usage", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"events": [], "events": [{"customerId": "acme", "eventName": "x"}]}',
        b'{"events": [{"customerId": "acme", "eventName": "x", "dimensions": {"a": 1e400}}]}',
        b'{"events": [{"customerId": "acme", "eventName": "x", "dimensions": {"a": "\\ud800"}}]}',
        b'{"events": [{"customerId": "acme", "eventName": "a \\u0000"}]}',
        b'{"events": [{"customerId": "acme", "eventName": "x", "idempotencyKey": "\\udfff"}]}',
        b'{"events": [{"customerId": "acme", "eventName": "x", "resourceId": "no id!"}]}',
        b'{"events": [{"customerId": "acme", "eventName": "x", '
        b'"timestamp": "0001-01-01T00:00:00+23:59"}]}',
        b"\xff\xfe",
    ],
)
def test_one_bad_event_is_refused_with_all_beside_it(sidecar: httpx.Client, body: bytes) -> None:
    good = b'{"customerId": "acme", "eventName": "good"}, '
    body = body.replace(b'[{"cust', b"[" + good + b'{"cust', 1)
    answer = sidecar.post("/events", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"]
    assert sidecar.get("/health").json()["pendingReports"] == 0


def test_an_address_that_is_none_is_refused(sidecar: httpx.Client) -> None:
    host, port = str(sidecar.base_url.host), int(sidecar.base_url.port or 0)
    for line in (
        b"GET http://[ HTTP/1.1",
        b"GET /check?" + b"&".join([b"a=1"] * 200) + b" HTTP/1.1",
    ):
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(line + b"\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
