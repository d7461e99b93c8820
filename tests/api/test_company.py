"""Who sells, who buys, what is sold: set up and read back over HTTP."""

from __future__ import annotations

from tests.api.conftest import Desk

ENTITY = {
    "id": "halden-fr",
    "name": "Halden Cloud SARL",
    "address": {"country": "FR", "lines": ["12 rue Oberkampf"], "city": "Paris"},
    "zone": "Europe/Paris",
    "series": "HFR",
    "paymentTerms": {"netDays": 45},
}


def test_a_customer_is_created_replaced_changed_and_archived(desk: Desk) -> None:
    body = {"id": "acme", "name": "ACME", "email": "ap@acme.example", "metadata": {"tier": "gold"}}
    created = desk.post("/customers", body)
    assert created.status_code == 201
    assert created.json()["data"]["metadata"] == {"tier": "gold"}
    assert desk.post("/customers", {**body, "name": "ACME Ltd"}).status_code == 200
    changed = desk.http.patch("/api/v1/customers/acme", json={"email": None, "locale": "de-DE"})
    customer = changed.json()["data"]
    assert (customer["name"], customer["email"], customer["locale"]) == ("ACME Ltd", None, "de-DE")
    assert customer["metadata"] == {"tier": "gold"}
    archived = desk.post("/customers/acme/archive").json()["data"]
    assert archived["archivedAt"] == "2025-01-01T12:00:00Z"
    assert "acme" not in [each["id"] for each in desk.get("/customers").json()["data"]]
    assert desk.get("/customers/acme").status_code == 200


def test_refusals_name_fields_as_they_were_sent(desk: Desk) -> None:
    bad = {"id": "acme", "email": "nobody", "address": {"country": "XX"}}
    refused = desk.post("/customers", bad)
    details = refused.json()["error"]["details"]
    assert (refused.status_code, [each["path"] for each in details]) == (422, ["address.country"])
    shape = desk.post("/customers", {"id": "two words", "nmae": "x", "taxIds": [{"kind": 1}]})
    found = {(each["path"], each["code"]) for each in shape.json()["error"]["details"]}
    assert found == {
        ("id", "InvalidValue"),
        ("nmae", "UnknownField"),
        ("taxIds[0].kind", "WrongType"),
        ("taxIds[0].value", "MissingField"),
    }


def test_a_legal_entity_and_its_rates(desk: Desk) -> None:
    assert desk.post("/legal-entities", ENTITY).status_code == 201
    entity = desk.get("/legal-entities/halden-fr").json()["data"]
    assert (entity["paymentTerms"], entity["hasLogo"]) == ({"netDays": 45}, False)
    body = {key: value for key, value in ENTITY.items() if key != "id"}
    put = desk.http.put("/api/v1/legal-entities/halden-fr", json=body | {"name": "Halden SAS"})
    assert put.json()["data"]["name"] == "Halden SAS"
    rates = {"rates": [{"country": "FR", "percent": "20", "validFrom": "2014-01-01"}]}
    saved = desk.http.put("/api/v1/legal-entities/halden-fr/tax-rates", json=rates)
    assert saved.json()["data"][0]["percent"] == "20"
    assert desk.get("/legal-entities/halden-fr/tax-rates").json() == saved.json()
    taken = desk.http.put("/api/v1/legal-entities/halden-x", json=body)
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "SeriesTaken")
    notes = body | {"series": f"{body['series']}-CN"}  # that of its credit notes
    assert desk.http.put("/api/v1/legal-entities/halden-x", json=notes).status_code == 409
    assert len(desk.get("/legal-entities").json()["data"]) == 4


def test_a_feature_keeps_its_kind(desk: Desk) -> None:
    meter = {"eventName": "built", "aggregation": {"function": "COUNT"}}
    body = {"id": "builds", "meterType": "INCREMENTAL", "meter": meter, "featureUnits": "build"}
    assert desk.post("/features", body).status_code == 201
    feature = desk.get("/features/builds").json()["data"]
    assert (feature["meterType"], feature["featureUnits"]) == ("INCREMENTAL", "build")
    assert feature["meter"]["aggregation"] == {"function": "COUNT", "field": None}
    refused = desk.post("/features", {"id": "builds", "meterType": "None"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "FeatureKindIsFixed")
    assert desk.get("/features/sso").json()["data"]["meterType"] == "None"
    bad = desk.post("/features", {**body, "meter": {**meter, "aggregation": {"function": "SUM"}}})
    assert bad.json()["error"]["details"][0]["path"] == "meter.aggregation.field"


def test_events_are_taken_in_once_and_all_or_none(desk: Desk) -> None:
    event = {
        "customerId": "nordlicht",
        "eventName": "api_calls",
        "idempotencyKey": "one",
        "timestamp": "2025-01-01T10:00:00Z",
        "dimensions": {"calls": 0.1, "status": "ok"},
    }
    other = {**event, "idempotencyKey": "two", "eventName": "unheard_of"}
    told = desk.post("/events", {"events": [event, other]})
    assert told.status_code == 200
    assert [each["outcome"] for each in told.json()["data"]["receipts"]] == [
        "ACCEPTED",
        "UNMATCHED",
    ]
    bad = {**event, "idempotencyKey": "three", "timestamp": "yesterday"}
    refused = desk.post("/events", {"events": [{**event, "idempotencyKey": "four"}, bad]})
    detail = refused.json()["error"]["details"][0]
    assert (refused.status_code, detail["path"]) == (422, "events[1].timestamp")
    assert desk.post("/events", {"events": [event]}).json()["data"]["duplicate"] == 1
    assert desk.post("/events", {}).json()["error"]["details"][0]["code"] == "MissingField"
    assert desk.post("/events").status_code == 422
