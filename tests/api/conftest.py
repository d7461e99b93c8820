"""A real server over HTTP, an environment with a company in it, and a client with its key."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn

from tests.conftest import new_sandbox
from usance.documents.company_file import read_company
from usance.domain.ids import InvoiceId
from usance.flows.define_feature import define_feature
from usance.flows.open_environment import create_key, move_clock
from usance.flows.runtime import Runtime, Scope
from usance.flows.set_up_company import save_customer, save_legal_entity, save_tax_rates
from usance.main import application
from usance.settings import Settings
from usance.store.database import Database

EXAMPLES = Path(__file__).parents[2] / "examples"
MAX_BODY = 200_000
FIRST_DAY = datetime(2025, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody with a key: asks the API, and may move the sandbox's clock."""

    http: httpx.Client
    runtime: Runtime
    scope: Scope

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """GET below /api/v1."""
        return self.http.get(f"/api/v1{path}", params=query)

    def post(self, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        """POST below /api/v1, with an idempotency key if given."""
        headers = {} if key is None else {"Idempotency-Key": key}
        if body is None:
            return self.http.post(f"/api/v1{path}", headers=headers)
        return self.http.post(f"/api/v1{path}", json=body, headers=headers)

    def at(self, text: str) -> None:
        """Move the clock to noon UTC of that day."""
        day = datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)
        move_clock(self.runtime, self.scope, day)

    def sign(self, example: str) -> str:
        """Take in and fulfil an example order; the contract's id."""
        file = EXAMPLES / "orders" / example
        kind = "application/json" if file.suffix == ".json" else "application/yaml"
        headers = {"Content-Type": kind}
        answer = self.http.post("/api/v1/orders", content=file.read_bytes(), headers=headers)
        assert answer.status_code == 201, answer.text
        order = answer.json()["data"]
        assert self.post(f"/orders/{order['id']}/fulfill").status_code == 200
        return str(order["contractId"])

    def issued(self, invoice_id: str) -> dict[str, object]:
        """Approve and issue an invoice; as it then is."""
        assert self.post(f"/invoices/{invoice_id}/approve").status_code == 200
        answer = self.post(f"/invoices/{invoice_id}/issue")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])


@pytest.fixture(scope="session")
def server(database: Database) -> Iterator[str]:
    """The application behind a real HTTP server; its address."""
    runtime = Runtime(database)
    settings = Settings(home=Path("/nowhere"), max_body_bytes=MAX_BODY)
    with serving(runtime, settings) as address:
        yield address


@contextmanager
def serving(runtime: Runtime, settings: Settings) -> Iterator[str]:
    """The application of that runtime on a free port; its address."""
    # TCP said outright: only then does asyncio send small answers at once (TCP_NODELAY).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(runtime, settings),
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def desk(server: str, runtime: Runtime, scope: Scope) -> Iterator[Desk]:
    """An environment with the example company in it, its clock at 1 January 2025."""
    with opened(server, runtime, scope) as desk:
        yield desk


@pytest.fixture
def stranger(server: str, database: Database, runtime: Runtime) -> Iterator[Desk]:
    """Somebody with the key of another environment."""
    with opened(server, runtime, new_sandbox(database)) as desk:
        yield desk


@contextmanager
def opened(server: str, runtime: Runtime, scope: Scope) -> Iterator[Desk]:
    """A client with a key to that environment, which gets the example company."""
    move_clock(runtime, scope, FIRST_DAY)
    set_up_example(runtime, scope)
    key = create_key(runtime, scope, name="test").secret
    with httpx.Client(base_url=server, headers={"X-API-KEY": key}, timeout=30) as http:
        yield Desk(http, runtime, scope)


def set_up_example(runtime: Runtime, scope: Scope) -> None:
    """The company of examples/company.yaml."""
    company = read_company(EXAMPLES / "company.yaml")
    for entity in company.legal_entities:
        save_legal_entity(runtime, scope, entity)
        save_tax_rates(runtime, scope, entity.id, company.tax_rates.get(entity.id, ()))
    for feature in company.features:
        define_feature(runtime, scope, feature)
    for customer in company.customers:
        save_customer(runtime, scope, customer)


def invoice_ids(desk: Desk, **query: str | int) -> list[InvoiceId]:
    """Ids of the invoices a query finds."""
    return [each["id"] for each in desk.get("/invoices", **query).json()["data"]]
