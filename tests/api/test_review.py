"""The review desk over HTTP: approve, alone or in bulk, withdraw, compare, look back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Desk, invoice_ids
from usance.flows.run_billing import run_billing

FOUR_EYES = {"fourEyesAbove": {"EUR": "500.00"}}


def asks(desk: Desk, **rules: object) -> None:
    """The German company asks that of those who approve."""
    entity = desk.get("/legal-entities/halden-de").json()["data"]
    for name in ("id", "hasLogo"):
        del entity[name]
    path = "/api/v1/legal-entities/halden-de"
    answer = desk.http.put(path, json={**entity, "review": rules})
    assert answer.status_code == 200, answer.text
    shown = {name: value for name, value in answer.json()["data"]["review"].items() if value}
    assert shown == rules


def as_person(desk: Desk, name: str, path: str, body: object = None, **more: str) -> httpx.Response:
    """A POST in the name of a person."""
    said = {"X-Usance-Actor": name, **more}
    headers = {key.encode(): value.encode() for key, value in said.items()}
    return desk.http.post(f"/api/v1/invoices/{path}", json=body or {}, headers=headers)


@pytest.fixture
def january(desk: Desk) -> str:
    """The seats of January, 862.75 EUR, held for review; its id."""
    desk.sign("nordlicht-2025.yaml")
    run_billing(desk.runtime, desk.scope)
    [invoice_id] = invoice_ids(desk)
    return invoice_id


def test_two_people_approve_what_is_above_the_amount(desk: Desk, january: str) -> None:
    asks(desk, **FOUR_EYES)
    unnamed = desk.post(f"/invoices/{january}/approve")
    assert (unnamed.status_code, unnamed.json()["error"]["code"]) == (403, "ApproverNotNamed")
    first = as_person(desk, "Ada Quill", f"{january}/approve", {"comment": "seats agree"})
    assert first.status_code == 200, first.text
    held = first.json()["data"]
    assert (held["state"], held["review"]["standing"]) == ("DRAFT", "NEEDS_SECOND_APPROVAL")
    [given] = held["review"]["approvals"]
    assert given["by"].startswith("Ada Quill via key:")
    assert (given["comment"], given["inputHash"]) == ("seats agree", held["inputHash"])
    again = as_person(desk, "ADA QUILL", f"{january}/approve")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "SamePersonAgain")
    second = as_person(desk, "ben@halden.example", f"{january}/approve").json()["data"]
    assert (second["state"], second["review"]["standing"]) == ("APPROVED", None)
    assert " and ben@halden.example via key:" in second["approvedBy"]


def test_a_review_says_which_rule_asks_for_whom(desk: Desk, january: str) -> None:
    asks(desk, **FOUR_EYES, alwaysReview=True)
    review = desk.get(f"/invoices/{january}/review").json()["data"]
    assert (review["standing"], review["peopleNeeded"]) == ("NEEDS_APPROVAL", 2)
    assert [(each["rule"], each["source"]) for each in review["demands"]] == [
        ("NO_RULE_LETS_PASS", "contracts"),
        ("ALWAYS_REVIEW", "legal entity halden-de"),
        ("FOUR_EYES", "legal entity halden-de"),
    ]
    assert review["demands"][2]["message"] == "Two people: 862.75 EUR is above 500.00 EUR."


def test_a_finding_says_what_to_do_next(desk: Desk, january: str) -> None:
    [finding] = desk.get(f"/invoices/{january}").json()["data"]["findings"]
    assert (finding["code"], finding["remedy"]) == (
        "FirstInvoice",
        "Compare it with the signed order.",
    )


@pytest.mark.parametrize("name", ["", "key:key_1", "Ada via Ben", "x" * 121, "\xff", "Ada\tB"])
def test_a_person_that_is_none_is_refused(desk: Desk, january: str, name: str) -> None:
    headers = {b"X-Usance-Actor": name.encode("latin-1")}
    answer = desk.http.post(f"/api/v1/invoices/{january}/approve", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "InvalidActor")
    assert desk.get(f"/invoices/{january}").json()["data"]["state"] == "DRAFT"


def test_a_persons_name_is_written_down_as_it_is(desk: Desk, january: str) -> None:
    approved = as_person(desk, "Jörg 小明", f"{january}/approve").json()["data"]
    assert approved["approvedBy"].startswith("Jörg 小明 via key:")


def test_an_idempotency_key_is_one_persons(desk: Desk, january: str) -> None:
    asks(desk, **FOUR_EYES)
    key = {"Idempotency-Key": "k1"}
    first = as_person(desk, "Ada", f"{january}/approve", **key)
    assert as_person(desk, "Ada", f"{january}/approve", **key).content == first.content
    other = as_person(desk, "Ben", f"{january}/approve", **key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "IdempotencyKeyReused")


def test_an_approval_is_withdrawn_for_a_reason(desk: Desk, january: str) -> None:
    desk.post(f"/invoices/{january}/approve")
    body = {"reason": "the discount is missing"}
    held = as_person(desk, "Ada", f"{january}/withdraw-approval", body).json()["data"]
    assert (held["state"], held["approvedBy"]) == ("DRAFT", None)
    again = as_person(desk, "Ada", f"{january}/withdraw-approval", body)
    assert again.json()["error"]["code"] == "ApprovalNotWithdrawable"
    assert again.status_code == 409


def test_an_invoice_tells_what_was_done_to_it(desk: Desk, january: str, stranger: Desk) -> None:
    as_person(desk, "Ada", f"{january}/approve", {"comment": "fine"})
    as_person(desk, "Ben", f"{january}/withdraw-approval", {"reason": "not yet"})
    acts = desk.get(f"/invoices/{january}/history").json()["data"]
    assert [(act["action"], act["actor"].split(" ")[0]) for act in acts] == [
        ("invoice.approved", "Ada"),
        ("invoice.approval_withdrawn", "Ben"),
    ]
    assert acts[0]["before"]["status"] == "DRAFT"
    assert acts[0]["after"]["comment"] == "fine"
    assert acts[1]["after"] == {"status": "DRAFT", "reason": "not yet"}
    assert stranger.get(f"/invoices/{january}/history").status_code == 404
    assert desk.get("/invoices/halden-de/history").status_code == 404


def test_an_invoice_is_compared_with_the_previous_one(desk: Desk, january: str) -> None:
    first = desk.get(f"/invoices/{january}/comparison").json()["data"]
    assert first["previous"] is None
    assert [line["changes"] for line in first["lines"]] == [["NEW"]]
    desk.at("2025-02-01")
    run_billing(desk.runtime, desk.scope)
    compared = [
        desk.get(f"/invoices/{each}/comparison").json()["data"] for each in invoice_ids(desk)
    ]
    later = next(each for each in compared if each["previous"])
    assert later["previous"]["id"] == january
    assert later["totalChangePercent"] is not None
    line, *others = later["lines"]
    assert (line["changes"], line["difference"]) == ([], "0.00")
    assert [other["changes"] for other in others] == [["NEW"]], "usage of January is billed now"
    assert line["before"]["servicePeriod"] == {"start": "2025-01-01", "end": "2025-02-01"}


def approve_many(desk: Desk, **body: object) -> dict[str, Any]:
    """POST /invoices/approve; the answer."""
    answer = as_person(desk, "Ada", "approve", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def test_many_are_approved_and_each_tells_what_became_of_it(desk: Desk, january: str) -> None:
    ids = [january, "inv_none"]
    would = approve_many(desk, invoiceIds=ids, dryRun=True)
    assert (would["dryRun"], would["approved"], would["refused"]) == (True, 1, 1)
    assert desk.get(f"/invoices/{january}").json()["data"]["state"] == "DRAFT"
    done = approve_many(desk, invoiceIds=ids)
    assert [(each["result"], each["code"]) for each in done["outcomes"]] == [
        ("APPROVED", None),
        ("REFUSED", "NotFound"),
    ]
    assert desk.get(f"/invoices/{january}").json()["data"]["state"] == "APPROVED"


def test_many_are_chosen_by_a_filter(desk: Desk, january: str) -> None:
    asks(desk, **FOUR_EYES)
    for chosen, count in (
        ({"upTo": "862.74", "currency": "EUR"}, 0),
        ({"legalEntityId": "halden-us"}, 0),
        ({"upTo": "862.75", "currency": "EUR", "withoutFindings": True}, 1),
    ):
        done = approve_many(desk, filter=chosen, dryRun=True)
        assert len(done["outcomes"]) == count
    done = approve_many(desk, filter={})
    assert done["needsSecondApproval"] == 1
    assert done["outcomes"][0]["code"] == "FOUR_EYES"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({}, "InvalidSelection", "invoiceIds"),
        ({"invoiceIds": ["inv_1"], "filter": {}}, "InvalidSelection", "invoiceIds"),
        ({"filter": {"upTo": "5.00"}}, "MissingField", "filter.upTo"),
        ({"filter": {"upTo": "x", "currency": "EUR"}}, "InvalidAmount", "filter.upTo"),
        ({"filter": {"upTo": "1", "currency": "EURO"}}, "UnknownCurrency", "filter.currency"),
        ({"filter": {"all": True}}, "UnknownField", "filter.all"),
    ],
)
def test_a_choice_that_is_none_is_refused(
    desk: Desk, body: dict[str, object], code: str, path: str
) -> None:
    answer = desk.post("/invoices/approve", body)
    assert answer.status_code == 422
    [problem] = answer.json()["error"]["details"]
    assert (problem["code"], problem["path"]) == (code, path)


def test_rules_of_a_legal_entity_are_refused_by_their_path(desk: Desk) -> None:
    entity = desk.get("/legal-entities/halden-de").json()["data"]
    for name in ("id", "hasLogo"):
        del entity[name]
    entity["review"] = {"reviewAbove": {"EUR": "-1"}, "changePercent": "x"}
    answer = desk.http.put("/api/v1/legal-entities/halden-de", json=entity)
    assert answer.status_code == 422
    paths = {each["path"] for each in answer.json()["error"]["details"]}
    assert "review.changePercent" in paths
