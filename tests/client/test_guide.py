"""The guide: what it shows can be run, in its order, and says what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
from openfeature import api

from tests.client.conftest import Clients
from tests.client.double import Double, allowance, feature
from tests.docs.reading import ROOT
from usance_client.sidecar.server import Sidecar

GUIDE = (ROOT / "docs/guides/client.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def give_all(server: Double) -> None:
    """What the guide speaks of."""
    server.give(
        "acme",
        api_calls=feature("METERED", allowance("10", "3")),
        desks=feature("METERED", allowance("20", "3")),
        sso=feature("BOOLEAN"),
        retention_days=feature("CONFIGURATION", allowance("30")),
        regions=feature("ENUM", values=["eu"]),
    )


def test_what_it_shows_in_python_can_be_run(server: Double, tmp_path: Path) -> None:
    give_all(server)
    known: dict[str, Any] = {
        "api_key": "key",
        "answer_the_call": lambda: None,
        "request_id": "request-1",
    }
    code = "\n".join(text for language, text in BLOCKS if language == "python")
    code = code.replace("https://usance.example", server.url)
    code = code.replace("/var/lib/app/entitlements.json", str(tmp_path / "cache.json"))
    try:
        exec(code, known)  # the guide's own words
        assert known["client"].flush()
        assert server.used("acme", "api-calls") == 10
        assert server.used("acme", "desks") == 12
        assert known["flags"].get_boolean_value("sso", False, known["acme"])
    finally:
        api.clear_providers()
        known["client"].close()


def test_what_the_sidecar_says_is_what_it_shows(connect: Clients, server: Double) -> None:
    shown = [text for language, text in BLOCKS if language == "output"]
    asked = re.findall(r"http://127\.0\.0\.1:8126(/[^\s\"]*)", GUIDE)
    client = connect(customers=["acme"], flush_interval=60)
    with Sidecar(client, "127.0.0.1", 0) as sidecar, httpx.Client(base_url=sidecar.url) as http:
        assert http.get(asked[0]).json() == json.loads(shown[0])
        sent = re.findall(r"-d '(\{.*\})'", GUIDE)
        paths = [path for path in asked if path in ("/usage", "/events")]
        answers = [
            http.post(path, content=body, headers={"Content-Type": "application/json"})
            for path, body in zip(paths, sent, strict=True)
        ]
        assert [each.status_code for each in answers] == [202, 202]
        lines = shown[1].splitlines()
        assert answers[0].json() == json.loads(lines[0])
        assert http.get("/health").json().keys() == json.loads(lines[-1]).keys()
        for path in asked[3:]:
            assert http.get(path).status_code == 200, path
