"""What is true of every request: keys, shapes, bodies, cursors, and who sees what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

import httpx
import pytest

from tests.api.conftest import MAX_BODY, Desk, invoice_ids
from usance.flows.open_environment import create_key, revoke_key
from usance.flows.run_billing import run_billing

UNREADABLE = [
    b"{",
    b"\xff\xfe",
    b'{"id": NaN}',
    b'{"id": "a", "id": "b"}',
    b'{"id": "\\ud800"}',
    b'{"id": "a\\u0000b"}',
    b'{"id": ' + b"1" * 5000 + b"}",
    b"[" * 50_000,
    b'{"metadata": ' + b'{"a":' * 40 + b"1" + b"}" * 41,
]
BAD_PLACES: list[tuple[dict[str, str | int], str]] = [
    ({"after": "%%%"}, "after"),
    ({"before": "bm90IGEgcmVm"}, "before"),
    ({"limit": 0}, "limit"),
    ({"limit": 101}, "limit"),
    ({"after": "YQ", "before": "YQ"}, "before"),
]
HOSTILE = [
    "Robert'); DROP TABLE customers;--",
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} %s %n",
    "‮gnp.exe ‏مرحبا 日本語 🧾",
    "../../etc/passwd",
    "a" * 255,
]


SHAPE_CODES = ("WrongType", "MissingField", "UnknownField")


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize("key", [None, "", "server-wrong", "x" * 5000, "server-\u00e9"])
def test_without_a_good_key_nothing_is_answered(server: str, key: str | None) -> None:
    headers = [] if key is None else [(b"x-api-key", key.encode("latin-1"))]
    for path in ("/customers", "/invoices/x", "/nothing"):
        answer = httpx.get(f"{server}/api/v1{path}", headers=headers)
        expected = (404, "RouteNotFound") if path == "/nothing" else (401, "UNAUTHENTICATED")
        assert error_of(answer) == expected
    assert answer.json()["error"]["details"] == []


def test_a_refusal_of_the_key_says_what_stiggs_says(server: str) -> None:
    answer = httpx.get(f"{server}/api/v1/customers")
    assert answer.json()["error"]["message"] == "Invalid or missing API key"


def test_a_revoked_key_opens_nothing_more(desk: Desk) -> None:
    key = create_key(desk.runtime, desk.scope, name="short")
    headers = {"X-API-KEY": key.secret}
    assert desk.http.get("/api/v1/customers", headers=headers).status_code == 200
    revoke_key(desk.runtime, desk.scope, key.id)
    assert desk.http.get("/api/v1/customers", headers=headers).status_code == 401


def test_health_needs_no_key(server: str) -> None:
    answer = httpx.get(f"{server}/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_another_environment_sees_and_changes_nothing(desk: Desk, stranger: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    run_billing(desk.runtime, desk.scope)
    [invoice] = invoice_ids(desk)
    desk.post("/customers", {"id": "mine"})
    for path in (
        f"/invoices/{invoice}",
        f"/invoices/{invoice}/pdf",
        "/orders/nordlicht-2025-001",
        "/contracts/nordlicht-2025",
        "/contracts/nordlicht-2025/billing/summary",
        "/contracts/nordlicht-2025/billing/invoice-schedule",
        "/customers/mine",
        "/customers/mine/upcoming-invoices",
    ):
        assert error_of(stranger.get(path)) == (404, "NotFound"), path
    for path in (
        f"/invoices/{invoice}/approve",
        f"/invoices/{invoice}/issue",
        f"/invoices/{invoice}/refresh",
        "/orders/nordlicht-2025-001/fulfill",
        "/contracts/nordlicht-2025/archive",
        "/customers/mine/archive",
    ):
        assert error_of(stranger.post(path)) == (404, "NotFound"), path
    assert stranger.get("/invoices").json()["data"] == []
    assert stranger.get("/ledger/entries").json()["data"] == []


def test_lists_go_on_and_back(desk: Desk) -> None:
    for number in range(5):
        desk.post("/customers", {"id": f"c{number}"})
    everyone = [each["id"] for each in desk.get("/customers", limit=100).json()["data"]]
    pages, after = [], None
    while True:
        query = {"limit": 2} if after is None else {"limit": 2, "after": after}
        page = desk.get("/customers", **query).json()
        pages.append([each["id"] for each in page["data"]])
        after = page["pagination"]["next"]
        if after is None:
            break
    assert list(chain(*pages)) == everyone
    assert {len(each) for each in pages[:-1]} == {2}
    back = desk.get("/customers", limit=2, before=page["pagination"]["prev"]).json()
    assert [each["id"] for each in back["data"]] == pages[-2]
    first = desk.get("/customers", limit=100, before=back["pagination"]["prev"]).json()
    assert first["pagination"]["prev"] is None
    assert [each["id"] for each in first["data"]] == list(chain(*pages[:-2]))


def test_every_list_turns_its_pages_both_ways(desk: Desk) -> None:
    desk.sign("nordlicht-2025.yaml")
    desk.sign("waterweg-2025.json")
    desk.post("/billing-runs", {"through": "2025-02-01"})
    for invoice_id in invoice_ids(desk, state="DRAFT"):
        desk.issued(invoice_id)
    money = {"legalEntityId": "halden-de", "customerId": "nordlicht", "currency": "EUR"}
    for amount in ("1.00", "2.00"):
        desk.post("/payments", {**money, "amount": amount, "receivedOn": "2025-01-01"})
    lists = ("customers", "features", "orders", "contracts", "invoices", "payments")
    for path in (*(f"/{name}" for name in lists), "/ledger/entries"):
        whole = desk.get(path).json()
        assert whole["pagination"] == {"next": None, "prev": None}, path
        first = desk.get(path, limit=1).json()
        second = desk.get(path, limit=1, after=first["pagination"]["next"]).json()
        assert [*first["data"], *second["data"]] == whole["data"][:2], path
        back = desk.get(path, limit=1, before=second["pagination"]["prev"]).json()
        assert back["data"] == first["data"], path


def test_a_bad_place_in_a_list_is_named(desk: Desk) -> None:
    for query, path in BAD_PLACES:
        refused = desk.get("/customers", **query)
        [problem] = refused.json()["error"]["details"]
        assert error_of(refused) == (422, problem["code"])
        assert problem["path"] == path


def test_a_body_over_the_limit_is_refused_declared_or_in_chunks(desk: Desk) -> None:
    body = b'{"id": "' + b"x" * MAX_BODY + b'"}'
    headers = {"Content-Type": "application/json"}
    declared = desk.http.post("/api/v1/customers", content=body, headers=headers)
    assert error_of(declared) == (413, "BodyTooLarge")

    def chunks() -> Iterator[bytes]:
        for at in range(0, len(body), 9_000):
            yield body[at : at + 9_000]

    chunked = desk.http.post("/api/v1/customers", content=chunks(), headers=headers)
    assert error_of(chunked) == (413, "BodyTooLarge")


def test_what_cannot_be_read_exactly_is_refused(desk: Desk) -> None:
    headers = {"Content-Type": "application/json"}
    for body in UNREADABLE:
        refused = desk.http.post("/api/v1/customers", content=body, headers=headers)
        assert error_of(refused) == (400, "UnreadableBody"), body[:40]


def test_json_of_another_shape_is_refused(desk: Desk) -> None:
    headers = {"Content-Type": "application/json"}
    bodies: list[object] = [[], "text", 1, None, {"id": {"a": 1}}]
    for body in bodies:
        content = json.dumps(body).encode()
        refused = desk.http.post("/api/v1/customers", content=content, headers=headers)
        status, code = error_of(refused)
        assert (status, code in SHAPE_CODES) == (422, True), code


def test_a_form_is_not_taken_for_json(desk: Desk) -> None:
    refused = desk.http.post("/api/v1/customers", data={"id": "acme"})
    assert error_of(refused) == (415, "UnsupportedMediaType")


def test_hostile_names_are_kept_as_text(desk: Desk) -> None:
    for name in HOSTILE:
        assert desk.post("/customers", {"id": "odd", "name": name}).json()["data"]["name"] == name
        assert desk.get("/customers/odd").json()["data"]["name"] == name


def test_an_impossible_id_finds_nothing(desk: Desk) -> None:
    for id in ("%00", "a%20b", "%F0%9F%A7%BE", "x" * 256, "..%2F.."):
        assert desk.http.get(f"/api/v1/invoices/{id}").status_code in (404, 422)


def test_nul_in_a_query_is_refused(desk: Desk) -> None:
    for query in ("customerId=%00", "a%00b=c", "state=%00"):
        refused = desk.http.get(f"/api/v1/invoices?{query}")
        status, code = error_of(refused)
        assert (status, code) == (422, refused.json()["error"]["details"][0]["code"]), query


def test_wrong_verbs_and_paths_are_refused_in_the_one_shape(desk: Desk) -> None:
    assert error_of(desk.http.delete("/api/v1/customers/x")) == (405, "MethodNotAllowed")
    assert error_of(desk.get("/nothing/here")) == (404, "RouteNotFound")
