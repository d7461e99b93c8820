"""Somebody with another key than the desk's, on the same connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.conftest import Desk
from usance.domain.api_keys.keys import KeyKind
from usance.domain.api_keys.scopes import KeyScope
from usance.flows.open_environment import create_key


@dataclass(frozen=True, slots=True)
class Keyholder:
    """Asks the API with a key of its own."""

    desk: Desk
    key: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Any request; `headers` beside the key."""
        sent = {**self.headers, **(headers or {}), "X-API-KEY": self.key}
        return self.desk.http.request(method, path, headers=sent, **more)

    def get(self, path: str) -> httpx.Response:
        """GET below /api/v1, the path and query as they are written."""
        return self.ask("GET", f"/api/v1{path}")

    def post(self, path: str, body: object) -> httpx.Response:
        """POST below /api/v1."""
        return self.ask("POST", f"/api/v1{path}", json=body)


def scoped(desk: Desk, *scopes: KeyScope) -> Keyholder:
    """Somebody with a server key with those scopes."""
    return Keyholder(desk, create_key(desk.runtime, desk.scope, name="s", scopes=scopes).secret)


def publishable(desk: Desk, token: str | None = None) -> Keyholder:
    """Somebody with a publishable key, and a customer token."""
    kind = KeyKind.PUBLISHABLE
    key = create_key(desk.runtime, desk.scope, name="web", kind=kind).secret
    return Keyholder(desk, key, {} if token is None else {"X-CUSTOMER-KEY": token})


def refused(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]
