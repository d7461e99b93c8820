"""Stigg's wire as its other SDKs write it: TypeScript's, Go's, Ruby's, Java's, and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.api.conftest import MAX_BODY, Desk
from tests.api.keyholder import scoped
from usance.domain.api_keys.scopes import KeyScope

# What the generated SDKs tell of themselves; Ruby's and Java's send other words for the same.
TYPESCRIPT = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "Stigg/JS 0.1.0-beta.51",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Timeout": "60",
    "X-Stainless-Lang": "js",
    "X-Stainless-Package-Version": "0.1.0-beta.51",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Runtime": "node",
    "X-Stainless-Runtime-Version": "v22.3.0",
}


@pytest.fixture
def sold(desk: Desk) -> Desk:
    """Three products, one of them archived; a plan that Ada has, with regions to choose from."""
    for name in ("one", "two", "three"):
        made(desk.post("/products", {"id": name, "displayName": name.title()}))
    desk.post("/products/two/archive")
    regions = [{"value": each, "displayName": each.upper()} for each in ("eu", "us")]
    feature = {"id": "region", "displayName": "Region", "featureType": "ENUM"}
    made(desk.post("/features", {**feature, "enumConfiguration": regions}))
    made(desk.post("/plans", {"id": "free", "displayName": "Free", "productId": "one"}))
    priced = {"charges": {"pricingType": "FREE"}}
    assert desk.http.patch("/api/v1/plans/free", json=priced).status_code == 200
    given = {"id": "region", "type": "FEATURE", "enumValues": ["eu"]}
    made(desk.post("/plans/free/entitlements", {"entitlements": [given]}))
    assert desk.post("/plans/free/publish", {"migrationType": "NEW_CUSTOMERS"}).status_code == 200
    made(desk.post("/customers", {"id": "ada", "name": "Ada"}))
    made(desk.post("/subscriptions", {"id": "sub", "customerId": "ada", "planId": "free"}))
    return desk


def made(answer: httpx.Response) -> Any:
    """What was created."""
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def found(answer: httpx.Response) -> Any:
    """What was answered."""
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def raw(desk: Desk, path: str, content: str, method: str = "POST") -> httpx.Response:
    """A body exactly as written."""
    headers = {"Content-Type": "application/json"}
    return desk.http.request(method, f"/api/v1{path}", content=content.encode(), headers=headers)


@pytest.mark.parametrize(
    "query",
    [
        "status=ARCHIVED,PUBLISHED",
        "status=ARCHIVED%2CPUBLISHED",
        "status=ARCHIVED&status=PUBLISHED",
        "status[]=ARCHIVED&status[]=PUBLISHED",
        "status%5B%5D=ARCHIVED&status%5B%5D=PUBLISHED",
        "status%5b0%5d=ARCHIVED&status%5b1%5d=PUBLISHED",
        "status=ARCHIVED%2C+PUBLISHED&limit=100",
    ],
)
def test_a_list_in_a_query_is_read_however_it_is_joined(sold: Desk, query: str) -> None:
    def ids(asked: str) -> set[str]:
        return {each["id"] for each in found(sold.http.get(f"/api/v1/products?{asked}"))}

    assert ids(query) == {"one", "two", "three"}
    assert ids(query.replace("PUBLISHED", "ARCHIVED")) == {"two"}
    refused = sold.http.get(f"/api/v1/products?{query.replace('PUBLISHED', 'GONE')}")
    assert (refused.status_code, refused.json()["error"]["details"][0]["path"]) == (422, "status")


@pytest.mark.parametrize("name", ["requestedValues", "requestedValues[]", "requestedValues%5B%5D"])
def test_values_of_a_check_are_read_however_they_are_joined(sold: Desk, name: str) -> None:
    def granted(*values: str, join: str) -> bool:
        asked = f"{name}={join.join(values)}"
        path = f"/api/v1/customers/ada/entitlements/check?featureId=region&{asked}"
        return bool(found(sold.http.get(path))["isGranted"])

    for join in (",", "%2C", f"&{name}="):
        assert granted("eu", join=join)
        assert granted("eu", "eu", join=join)
        assert not granted("eu", "us", join=join)
        assert not granted("us", "eu", join=join)


def test_of_two_values_for_one_thing_neither_is_taken(sold: Desk) -> None:
    refused = sold.http.get("/api/v1/products?limit=1&limit=2")
    assert (refused.status_code, refused.json()["error"]["details"][0]["path"]) == (422, "limit")


@pytest.mark.parametrize(
    "instant",
    [
        "2025-01-01T00:00:00Z",
        "2025-01-01T00:00:00.000Z",  # TypeScript, Ruby
        "2025-01-01T00:00:00.123456789Z",  # Go
        "2025-01-01T02:00:00%2B02:00",  # Java
        "2025-01-01T00%3A00%3A00.000Z",
        "2025-01-01",
    ],
)
@pytest.mark.parametrize("bound", ["createdAt[{}]", "createdAt%5B{}%5D"])
def test_nested_bounds_are_read_as_each_sdk_writes_them(
    sold: Desk, bound: str, instant: str
) -> None:
    def count(word: str) -> int:
        query = f"{bound.format(word)}={instant}"
        return len(found(sold.http.get(f"/api/v1/products?{query}")))

    assert [count(word) for word in ("gt", "gte", "lt", "lte")] == [3, 3, 0, 0]


@pytest.mark.parametrize("number", ["3", "3.0", "3e0", "0.3e1", "30E-1"])
def test_a_number_is_one_however_it_is_written(sold: Desk, number: str) -> None:
    """JavaScript knows no integers; others write what they have."""
    coupon = {"id": "c", "name": "C", "percentOff": "N", "durationInMonths": "N"}
    body = json.dumps({**coupon, "amountsOff": None, "description": None, "metadata": None})
    shown = made(raw(sold, "/coupons", body.replace('"N"', number)))
    assert (shown["percentOff"], shown["durationInMonths"]) == (3, 3)
    assert type(shown["percentOff"]) is int
    feature = {"displayName": "Calls", "featureType": "NUMBER", "meterType": "INCREMENTAL"}
    made(sold.post("/features", {"id": "calls", **feature}))
    body = json.dumps({"usages": [{"customerId": "ada", "featureId": "calls", "value": "N"}]})
    shown = raw(sold, "/usage", body.replace('"N"', number)).json()["data"]
    assert shown[0]["value"] == 3
    text = raw(sold, "/usage", body.replace('"N"', f'"{number}"'))
    assert text.status_code == 422, "text is no number"


def test_prices_travel_as_numbers_small_and_large(sold: Desk) -> None:
    made(sold.post("/plans", {"id": "pro", "displayName": "Pro", "productId": "one"}))
    token = {"displayName": "T", "featureType": "NUMBER", "meterType": "INCREMENTAL"}
    made(sold.post("/features", {"id": "token", **token}))
    amounts = {"DE": "0.0000025", "FR": "1e-7", "IT": "0.1", "NL": "1e3", "AT": "12345678.91"}
    base = {"billingPeriod": "MONTHLY", "price": {"amount": 1, "currency": "usd"}}
    there = [
        {**base, "billingCountryCode": country, "price": {"amount": country, "currency": "usd"}}
        for country in amounts
    ]
    kind = {"billingModel": "USAGE_BASED", "featureId": "token"}
    model = {**kind, "pricePeriods": [base, *there]}
    body = json.dumps({"charges": {"pricingType": "PAID", "pricingModels": [model]}})
    for country, written in amounts.items():
        body = body.replace(f'"amount": "{country}"', f'"amount": {written}')
    found(raw(sold, "/plans/pro", body, "PATCH"))
    charges = found(sold.get("/plans/pro/charges"))
    shown = {each.get("billingCountryCode"): each["price"]["amount"] for each in charges}
    assert shown.pop(None) == 1
    assert shown == {"DE": 0.0000025, "FR": 1e-7, "IT": 0.1, "NL": 1000, "AT": 12345678.91}


def test_null_is_not_the_same_as_nothing(sold: Desk) -> None:
    def patched(content: str) -> Any:
        return found(raw(sold, "/customers/ada", content, "PATCH"))

    assert patched('{"email":"a@a.example","metadata":{"a":"b"}}')["metadata"] == {"a": "b"}
    kept = patched("{}")
    assert (kept["email"], kept["metadata"]) == ("a@a.example", {"a": "b"})
    assert patched('{"email":null}')["email"] is None
    assert patched('{"metadata":{}}')["metadata"] in ({}, None)
    everything = {"resourceId": None, "addons": None, "charges": None, "metadata": None}
    body = {"customerId": "ada", "planId": "free", "billingPeriod": None, **everything}
    again = sold.post("/subscriptions", {**body, "id": "sub", "startDate": None})
    assert again.status_code in (200, 201), again.text


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"],
)
def test_a_body_is_json_whatever_else_its_kind_says(sold: Desk, kind: str) -> None:
    content = '{"id":"zoe","name":"Zoë 東京"}'.encode()
    headers = {"Content-Type": kind, "Accept": "application/json, text/plain, */*"}
    answer = sold.http.post("/api/v1/customers", content=content, headers=headers)
    assert made(answer)["name"] == "Zoë 東京"
    assert answer.headers["content-type"].startswith("application/json")


def chunks(*parts: bytes) -> Iterator[bytes]:
    """A body whose length is not told before."""
    yield from parts


def test_a_post_without_a_body_is_done_however_it_says_so(sold: Desk) -> None:
    path = "/api/v1/customers/ada/archive"
    json_kind = {"Content-Type": "application/json"}
    bare = httpx.Request("POST", sold.http.base_url.join(path), headers={**sold.http.headers})
    del bare.headers["content-length"]
    for answer in (
        sold.http.post(path),
        sold.http.post(path, headers=json_kind),
        sold.http.post(path, headers={**json_kind, "Content-Length": "0"}),
        sold.http.post(path, content=chunks(), headers=json_kind),
        sold.http.post(path, content=b"{}", headers=json_kind),
        sold.http.send(bare),
    ):
        assert answer.status_code == 200, answer.text
    found(sold.http.post("/api/v1/customers/ada/unarchive"))
    gone = sold.http.request("DELETE", "/api/v1/customers/ada/payment-method", headers=json_kind)
    assert found(gone)["id"] == "ada"


@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "text/html", "", "application/json;q=0.1,*/*"]
)
def test_an_answer_is_json_whatever_is_preferred(sold: Desk, accept: str) -> None:
    for path, status in (("/customers/ada", 200), ("/customers/nobody", 404), ("/none", 404)):
        answer = sold.http.get(f"/api/v1{path}", headers={"Accept": accept})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/json")
        assert isinstance(answer.json(), dict)


def test_what_an_sdk_tells_of_itself_changes_nothing(sold: Desk) -> None:
    plain = sold.http.get("/api/v1/customers/ada")
    assert sold.http.get("/api/v1/customers/ada", headers=TYPESCRIPT).content == plain.content
    signed = {"X-ACCOUNT-ID": "a", "X-ENVIRONMENT-ID": "b"}
    assert sold.http.get("/api/v1/customers/ada", headers=signed).content == plain.content


def test_a_retry_with_the_same_key_is_answered_the_same(sold: Desk) -> None:
    body = {"events": [{"customerId": "ada", "eventName": "a", "idempotencyKey": "1"}]}
    for path, sent in (
        ("/customers", {"id": "grace"}),
        ("/events", body),
        ("/subscriptions", {"customerId": "ada", "planId": "free", "resourceId": "site"}),
    ):
        answers = [
            sold.http.post(
                f"/api/v1{path}",
                json=sent,
                headers={
                    **TYPESCRIPT,
                    "Idempotency-Key": f"stainless-node-retry-{path}",
                    "X-Stainless-Retry-Count": str(count),
                },
            )
            for count in range(3)
        ]
        assert answers[0].is_success, answers[0].text
        assert {(each.status_code, each.content) for each in answers} == {
            (answers[0].status_code, answers[0].content)
        }
        assert [each.headers.get("idempotent-replayed") for each in answers] == [
            None,
            "true",
            "true",
        ]


def test_a_field_there_is_not_is_refused_by_its_name(sold: Desk) -> None:
    card = {"billingId": "pm_1", "colour": 1}
    for path, body, field in (
        ("/customers", {"id": "x", "colour": "red"}, "colour"),
        ("/customers", {"id": "x", "defaultPaymentMethod": card}, "defaultPaymentMethod.colour"),
        ("/subscriptions", {"customerId": "ada", "planId": "free", "color": 1}, "color"),
    ):
        refused = sold.post(path, body)
        assert refused.status_code == 422
        places = {(each["code"], each["path"]) for each in refused.json()["error"]["details"]}
        assert ("UnknownField", field) in places
    assert sold.get("/customers/x").status_code == 404


@pytest.mark.parametrize(
    ("sent", "id"),
    [
        ("a|b", "a|b"),
        ("a%7Cb", "a|b"),
        ("a%7cb", "a|b"),
        ("a:b", "a:b"),
        ("a%3Ab", "a:b"),
        ("a@b.c", "a@b.c"),
        ("a%40b.c", "a@b.c"),
        ("a.-_b", "a.-_b"),
        ("%61dam", "adam"),
    ],
)
def test_ids_in_paths_are_the_same_encoded_and_plain(sold: Desk, sent: str, id: str) -> None:
    made(sold.post("/customers", {"id": id}))
    assert found(sold.http.get(f"/api/v1/customers/{sent}"))["id"] == id
    assert found(sold.http.get(f"/api/v1/customers/{sent}/entitlements"))["entitlements"] == []
    check = f"/api/v1/customers/{sent}/entitlements/check?featureId=region"
    assert found(sold.http.get(check))["accessDeniedReason"] == "NoActiveSubscription"
    assert found(sold.http.post(f"/api/v1/customers/{sent}/archive"))["id"] == id


@pytest.mark.parametrize("sent", ["%E6%9D%B1", "%C3", "a%2Fb", "%00", "a%20b", "%2e%2e", "a" * 300])
def test_ids_that_are_none_are_refused_and_nothing_breaks(sold: Desk, sent: str) -> None:
    for path in (f"/customers/{sent}", f"/subscriptions/{sent}", f"/plans/{sent}"):
        refused = sold.http.get(f"/api/v1{path}")
        assert refused.status_code in (404, 422), refused.text
        assert set(refused.json()) == {"error"}
    check = sold.http.get(f"/api/v1/customers/{sent}/entitlements/check?featureId=region")
    assert check.status_code in (200, 404, 422), check.text


def test_head_is_told_what_may_be_asked(sold: Desk) -> None:
    answer = sold.http.head("/api/v1/customers/ada")
    assert (answer.status_code, answer.content) == (405, b"")
    assert "GET" in answer.headers["allow"]


def test_every_refusal_has_one_form(sold: Desk) -> None:
    kind = {"Content-Type": "application/json"}
    url = "/api/v1/customers"
    reader = scoped(sold, KeyScope.CUSTOMERS_READ).key
    big = json.dumps({"id": "x" * MAX_BODY}).encode()
    answers = [
        sold.http.post(url, content=b"{", headers=kind),
        sold.http.get(url, headers={"X-API-KEY": "server-none"}),
        sold.http.post(url, json={"id": "x"}, headers={"X-API-KEY": reader}),
        sold.http.get(f"{url}/nobody"),
        sold.http.put(f"{url}/ada"),
        sold.post("/products", {"id": "one", "displayName": "One"}),
        sold.http.post(url, content=big, headers=kind),
        sold.http.post(url, content=b"<a/>", headers={"Content-Type": "text/xml"}),
        sold.post("/customers", {"id": ""}),
    ]
    told = [each.status_code for each in answers]
    assert told == [400, 401, 403, 404, 405, 409, 413, 415, 422]
    for each in answers:
        error = each.json()["error"]
        assert set(each.json()) == {"error"}
        assert set(error) == {"code", "message", "details"}
        assert error["code"]
        assert error["message"]
        for detail in error["details"]:
            assert set(detail) == {"code", "path", "value", "expected", "message"}
            assert all(isinstance(value, str) for value in detail.values())
    assert answers[5].headers["x-should-retry"] == "false"


def test_instants_are_of_utc_and_say_so(sold: Desk) -> None:
    body = {"customerId": "ada", "planId": "free", "resourceId": "r", "id": "later"}
    made(sold.post("/subscriptions", {**body, "startDate": "2025-02-01T01:30:00+02:00"}))
    shown = found(sold.get("/subscriptions/later"))
    assert shown["startDate"].rstrip("Z").startswith("2025-01-31T23:30:00")
    for value in (shown["startDate"], shown["createdAt"]):
        assert value.endswith("Z")
        assert datetime.fromisoformat(value).utcoffset() is not None
