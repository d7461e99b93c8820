"""Idempotency keys: done once, answered alike, whoever repeats and whatever crashes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import Desk, serving
from usance.flows.runtime import Runtime, world_clock
from usance.settings import Settings
from usance.store import idempotency
from usance.store.idempotency import KeptAnswer

PAYMENT = {
    "legalEntityId": "halden-de",
    "customerId": "nordlicht",
    "amount": "100.00",
    "currency": "EUR",
    "receivedOn": "2025-01-01",
}


def payments(desk: Desk) -> int:
    return len(desk.get("/payments").json()["data"])


def test_a_repeated_request_gets_the_same_answer_to_the_byte(desk: Desk) -> None:
    first = desk.post("/payments", PAYMENT, key="k1")
    again = desk.post("/payments", PAYMENT, key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert payments(desk) == 1
    assert desk.post("/payments", PAYMENT, key="k2").json() != first.json()
    assert payments(desk) == 2


def test_a_key_belongs_to_one_request(desk: Desk) -> None:
    desk.post("/payments", PAYMENT, key="k1")
    other = desk.post("/payments", PAYMENT | {"amount": "1.00"}, key="k1")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "IdempotencyKeyReused")
    elsewhere = desk.post("/customers", {"id": "x"}, key="k1")
    assert elsewhere.json()["error"]["code"] == "IdempotencyKeyReused"
    assert desk.get("/customers/x").status_code == 404


def test_keys_of_two_environments_do_not_meet(desk: Desk, stranger: Desk) -> None:
    mine = desk.post("/payments", PAYMENT, key="k1").json()["data"]["id"]
    theirs = stranger.post("/payments", PAYMENT, key="k1").json()["data"]["id"]
    assert mine != theirs


def test_a_refused_request_did_nothing_and_leaves_its_key_free(desk: Desk) -> None:
    bad = desk.post("/payments", PAYMENT | {"customerId": "nobody"}, key="k1")
    assert bad.status_code == 404
    assert desk.post("/payments", PAYMENT, key="k1").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tbed"])
def test_a_key_is_short_and_printable(desk: Desk, key: str) -> None:
    refused = desk.post("/payments", PAYMENT, key=key)
    assert refused.json()["error"]["details"][0]["code"] == "InvalidIdempotencyKey"
    assert payments(desk) == 0


def test_of_many_at_once_one_is_done_and_the_others_wait_or_get_its_answer(desk: Desk) -> None:
    start = threading.Barrier(6)

    def send(_index: int) -> httpx.Response:
        start.wait()
        return desk.post("/payments", PAYMENT, key="k1")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert payments(desk) == 1
    done = {answer.content for answer in answers if answer.status_code == 201}
    assert len(done) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert answer.json()["error"]["code"] == "RequestUnderWay"
            assert answer.headers["retry-after"] == "1"
    assert desk.post("/payments", PAYMENT, key="k1").content in done


def test_a_request_under_way_elsewhere_is_told_to_ask_again(desk: Desk) -> None:
    with desk.runtime.transaction(desk.scope) as tx:
        assert idempotency.claim(tx, "k1")
        refused = desk.post("/payments", PAYMENT, key="k1")
        assert (refused.status_code, refused.headers["x-should-retry"]) == (409, "true")
    assert desk.post("/payments", PAYMENT, key="k1").status_code == 201


def test_a_crash_between_the_work_and_its_answer_leaves_neither(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_given: object, **_named: object) -> None:
        raise SystemError("the process is killed here")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "save", dies)
        assert desk.post("/payments", PAYMENT, key="k1").status_code == 500
    assert payments(desk) == 0
    assert desk.post("/payments", PAYMENT, key="k1").status_code == 201
    assert payments(desk) == 1


def test_a_key_is_forgotten_after_a_day_of_the_world(runtime: Runtime, desk: Desk) -> None:
    now = world_clock()
    answer = KeptAnswer(b"h" * 32, 201, b"{}")
    with runtime.transaction(desk.scope) as tx:
        idempotency.save(tx, "old", answer, at=now - timedelta(hours=25))
        idempotency.save(tx, "new", answer, at=now - timedelta(hours=23))
        assert idempotency.kept(tx, "old", at=now) is None
        assert idempotency.kept(tx, "new", at=now) == answer
        assert idempotency.delete_expired(tx, at=now) == 1
    assert desk.post("/payments", PAYMENT, key="old").status_code == 201


def test_a_moved_clock_does_not_expire_keys(desk: Desk) -> None:
    desk.post("/payments", PAYMENT, key="k1")
    desk.at("2025-06-01")
    assert desk.post("/payments", PAYMENT, key="k1").headers["idempotent-replayed"] == "true"


def test_a_billing_run_works_in_its_own_transactions_and_is_answered_alike(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    first = desk.post("/billing-runs", {}, key="k1")
    assert first.json()["data"]["draftCount"] == 1
    assert desk.post("/billing-runs", {}, key="k1").content == first.content
    assert desk.post("/billing-runs", {}).json()["data"]["draftCount"] == 0


def test_two_issuing_at_once_take_one_number(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    drafted = desk.post("/billing-runs").json()["data"]["drafts"][0]["id"]
    desk.post(f"/invoices/{drafted}/approve")
    start = threading.Barrier(2)

    def send(_index: int) -> int:
        start.wait()
        return desk.post(f"/invoices/{drafted}/issue").status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, range(2))) == [200, 409]


def test_links_point_where_customers_reach_us(runtime: Runtime, desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    drafted = desk.post("/billing-runs").json()["data"]["drafts"][0]["id"]
    own = desk.issued(drafted)["hostedUrl"]
    settings = Settings(home=Path("/nowhere"), public_url="https://pay.halden.example")
    key = desk.http.headers["x-api-key"]
    with serving(runtime, settings) as address:
        path = f"{address}/api/v1/invoices/{drafted}"
        told = httpx.get(path, headers={"x-api-key": key}).json()["data"]["hostedUrl"]
    assert told.startswith("https://pay.halden.example/i/")
    assert str(own).endswith(told.removeprefix("https://pay.halden.example"))
