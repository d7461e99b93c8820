"""Price indices, exchange rates and rate cards over HTTP."""

from __future__ import annotations

from tests.api.conftest import Desk

FIGURES = [{"month": "2025-01", "value": "317.671"}, {"month": "2025-02", "value": "319.082"}]


def test_an_index_is_imported_read_and_restated(desk: Desk) -> None:
    imported = desk.post("/price-indices/CPI-U", {"figures": FIGURES})
    assert imported.status_code == 200, imported.text
    told = imported.json()["data"]["figures"]
    assert [(each["month"], each["value"]) for each in told] == [
        ("2025-01", "317.671"),
        ("2025-02", "319.082"),
    ]
    other = {"figures": [{"month": "2025-02", "value": "319.1"}]}
    refused = desk.post("/price-indices/CPI-U", other)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "IndexAlreadyPublished")
    assert desk.post("/price-indices/CPI-U", {**other, "restate": True}).status_code == 200
    last = desk.get("/price-indices/CPI-U").json()["data"]["figures"][-1]
    assert (last["value"], last["revision"]) == ("319.1", 2)
    (overview,) = desk.get("/price-indices").json()["data"]
    assert (overview["id"], overview["first"], overview["last"], overview["monthCount"]) == (
        "CPI-U",
        "2025-01",
        "2025-02",
        2,
    )


def test_figures_that_are_none_are_named_by_their_place(desk: Desk) -> None:
    wrong = [*FIGURES, {"month": "2025-02", "value": "1"}, {"month": "May", "value": "1.5e"}]
    details = desk.post("/price-indices/CPI-U", {"figures": wrong}).json()["error"]["details"]
    found = [(each["code"], each["path"]) for each in details]
    assert found == [("DuplicateMonth", "figures[2].month"), ("InvalidMonth", "figures[3].month")]
    assert desk.get("/price-indices/CPI-U").status_code == 404


def test_exchange_rates_are_imported_listed_and_looked_up(desk: Desk) -> None:
    rates = [
        {"base": "EUR", "quote": "USD", "day": "2025-01-31", "rate": "1.0393"},
        {"base": "EUR", "quote": "JPY", "day": "2025-01-31", "rate": "160.99"},
    ]
    imported = desk.post("/fx-rates", {"rates": rates})
    assert imported.json()["data"] == {"newCount": 2, "knownCount": 0}
    assert desk.post("/fx-rates", {"rates": rates}).json()["data"]["knownCount"] == 2
    (listed,) = desk.get("/fx-rates", currency="JPY", since="2025-01-01").json()["data"]
    assert {key: listed[key] for key in rates[1]} == rates[1]
    found = desk.get("/fx-rates/rate", base="USD", quote="JPY", on="2025-02-02").json()["data"]
    assert found == {
        "base": "USD",
        "quote": "JPY",
        "day": "2025-01-31",
        "rate": "154.90234",
        "source": "ECB",
        "isStale": False,
    }
    missing = desk.get("/fx-rates/rate", base="USD", quote="GBP", on="2025-02-02")
    assert (missing.status_code, missing.json()["error"]["code"]) == (409, "FxRateMissing")


def test_rates_that_are_none_are_named_by_their_place(desk: Desk) -> None:
    wrong = [
        {"base": "EUR", "quote": "USD", "day": "2025-01-31", "rate": "0"},
        {"base": "EUR", "quote": "USD", "day": "yesterday", "rate": "1"},
    ]
    details = desk.post("/fx-rates", {"rates": wrong}).json()["error"]["details"]
    assert [(each["code"], each["path"]) for each in details] == [
        ("InvalidFxRate", "rates[0].rate"),
        ("InvalidDay", "rates[1].day"),
    ]


CARD = {
    "id": "standard",
    "name": "Standard",
    "versions": [
        {
            "validFrom": "2025-01-01",
            "items": {
                "seat": [
                    {"currency": "EUR", "price": {"model": "PER_UNIT", "unitAmount": "30"}},
                ]
            },
        }
    ],
}


def test_a_rate_card_is_kept_and_its_versions_stay(desk: Desk) -> None:
    saved = desk.post("/rate-cards", CARD)
    assert saved.status_code == 200, saved.text
    assert desk.get("/rate-cards/standard").json() == saved.json()
    assert [each["id"] for each in desk.get("/rate-cards").json()["data"]] == ["standard"]
    assert desk.get("/rate-cards/gold").status_code == 404
    other = {"EUR": [{"currency": "EUR", "price": {"model": "FLAT", "amount": "1"}}]}
    changed = {**CARD, "versions": [{"validFrom": "2025-01-01", "items": other}]}
    refused = desk.post("/rate-cards", changed)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "RateCardVersionIsFixed")
    unreadable = desk.post("/rate-cards", {**CARD, "id": "two words"})
    assert unreadable.json()["error"]["details"][0]["path"] == "id"


def test_one_can_look_up_how_items_are_priced_and_who_can_issue(desk: Desk) -> None:
    models = {each["id"]: each for each in desk.get("/contracts/pricing-models").json()["data"]}
    assert models["per-unit"]["editableInputs"] == ["quantity", "price"]
    assert models["usage-package"]["editableInputs"] == ["price", "packageSize"]
    assert {name for name, each in models.items() if each["isPayAsYouGo"]} == {
        name for name in models if name.startswith("usage-")
    }
    issuers = desk.get("/contracts/legal-entities").json()["data"]
    assert "halden-de" in [each["id"] for each in issuers]
