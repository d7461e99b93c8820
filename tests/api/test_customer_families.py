"""Accounts that belong to others, over HTTP."""

from __future__ import annotations

from tests.api.conftest import Desk


def test_a_customer_belongs_to_an_account_that_pays(desk: Desk) -> None:
    assert desk.post("/customers", {"id": "holding", "name": "Holding"}).status_code == 201
    shop = {"id": "shop", "name": "Shop", "parentId": "holding", "billTo": "PARENT"}
    created = desk.post("/customers", shop).json()["data"]
    assert (created["parentId"], created["billTo"]) == ("holding", "PARENT")
    children = desk.get("/customers", parentId="holding").json()["data"]
    assert [each["id"] for each in children] == ["shop"]
    left = desk.http.patch("/api/v1/customers/shop", json={"parentId": None, "billTo": None})
    assert (left.json()["data"]["parentId"], left.json()["data"]["billTo"]) == (None, None)


def test_a_circle_and_a_stranger_are_refused(desk: Desk) -> None:
    desk.post("/customers", {"id": "holding", "name": "Holding"})
    desk.post("/customers", {"id": "shop", "name": "Shop", "parentId": "holding"})
    for parent, code in (("shop", "ParentCycle"), ("nobody", "UnknownParent")):
        refused = desk.http.patch("/api/v1/customers/holding", json={"parentId": parent})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
        assert refused.json()["error"]["details"][0]["path"] == "parentId"
    alone = desk.post("/customers", {"id": "x", "name": "X", "billTo": "PARENT"})
    assert alone.json()["error"]["code"] == "ParentMissing"
