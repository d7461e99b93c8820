"""Rate cards: written, read back, and put in the place of references to them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from usance.documents.rate_card_notation import (
    Place,
    cards_named,
    place_in,
    plain_rate_card,
    rate_card_from,
    resolved,
)
from usance.domain.errors import Invalid
from usance.domain.money import currency

EUR = currency("EUR")
TWO = {"model": "PER_UNIT", "unitAmount": "0.002"}
CHEAP = {"model": "PER_UNIT", "unitAmount": "0.001"}
TIERS = {"model": "VOLUME", "tiers": [{"upTo": "100", "unitAmount": "1"}]}
PLAIN: dict[str, Any] = {
    "rateCardId": "standard",
    "name": "Standard",
    "versions": [
        {
            "validFrom": "2025-01-01",
            "items": {
                "api-calls": [
                    {"currency": "EUR", "price": TWO},
                    {"currency": "EUR", "country": "PL", "price": CHEAP},
                ],
                "storage": [{"currency": "EUR", "price": TIERS}],
            },
        },
        {"validFrom": "2026-01-01", "items": {"api-calls": [{"currency": "EUR", "price": CHEAP}]}},
    ],
}
CARD = rate_card_from(PLAIN)
SUMMER = Place(date(2025, 6, 1), EUR, "DE")


def line(**price: object) -> dict[str, object]:
    return {"lineId": "calls", "price": {"rateCard": "standard", **price}}


def test_a_card_written_and_read_again_is_the_same() -> None:
    assert rate_card_from(plain_rate_card(CARD)) == CARD
    turned = {**PLAIN, "versions": PLAIN["versions"][::-1]}
    assert rate_card_from(turned) == CARD


def test_references_are_written_out_wherever_a_price_may_stand() -> None:
    steps = [{"start": "2025-01-01", "price": {"rateCard": "standard", "item": "storage"}}]
    form = {
        "lines": [line(item="api-calls"), {"lineId": "store", "ramp": steps}],
        "changes": [{"lineId": "old", "price": {"rateCard": "standard", "item": "api-calls"}}],
    }
    assert cards_named(form) == {"standard"}
    found = resolved(form, [CARD], SUMMER)
    steps_out = [{"start": "2025-01-01", "price": TIERS}]
    assert found.form == {
        "lines": [{"lineId": "calls", "price": TWO}, {"lineId": "store", "ramp": steps_out}],
        "changes": [{"lineId": "old", "price": TWO}],
    }
    source = {"rateCard": "standard", "version": "2025-01-01"}
    assert found.sources == [
        {"at": "lines[0].price", "item": "api-calls", **source},
        {"at": "lines[1].ramp[0].price", "item": "storage", **source},
        {"at": "changes[0].price", "item": "api-calls", **source},
    ]


@pytest.mark.parametrize(
    ("place", "more", "price"),
    [
        (SUMMER._replace(country="PL"), {}, CHEAP),
        (SUMMER._replace(on=date(2026, 1, 1)), {}, CHEAP),
        (SUMMER._replace(on=date(2026, 1, 1)), {"version": "2025-01-01"}, TWO),
        (SUMMER, {"minimum": "50", "included": 10}, {**TWO, "minimum": "50", "included": 10}),
    ],
    ids=["of the country", "of a later version", "of a version by name", "with its own bounds"],
)
def test_the_price_is_that_of_the_place_and_the_day(
    place: Place, more: dict[str, object], price: dict[str, object]
) -> None:
    found = resolved({"lines": [line(item="api-calls", **more)]}, [CARD], place)
    assert found.form == {"lines": [{"lineId": "calls", "price": price}]}


def test_a_form_without_references_stays_as_it_is() -> None:
    form = {"lines": [{"price": TWO}], "customer": {"metadata": {"rateCard": "gold"}}}
    assert cards_named(form) == set()
    found = resolved(form, [], SUMMER)
    assert (found.form, found.sources, found.kept()) == (form, [], {})


def test_every_reference_that_leads_nowhere_is_named_by_its_path() -> None:
    form = {
        "lines": [
            {"price": {"rateCard": "gold", "item": "api-calls"}},
            line(item="seats"),
            line(),
            line(item="api-calls", unitAmount="1"),
            line(item="api-calls", version="2024-01-01"),
        ]
    }
    with pytest.raises(Invalid) as refused:
        resolved(form, [CARD], SUMMER)
    assert [(each.code, each.path) for each in refused.value.problems] == [
        ("UnknownRateCard", "lines[0].price.rateCard"),
        ("UnknownRateCardItem", "lines[1].price.item"),
        ("MissingField", "lines[2].price.item"),
        ("UnknownField", "lines[3].price.unitAmount"),
        ("UnknownRateCardVersion", "lines[4].price.version"),
    ]


def test_prices_are_those_of_the_day_of_signature_or_else_of_the_day_it_takes_effect() -> None:
    form: dict[str, object] = {"currency": "EUR", "term": {"start": "2026-01-01", "months": 12}}
    assert place_in(form, standing=None, country=None).on == date(2026, 1, 1)
    form["effectiveOn"] = "2025-12-31"
    assert place_in(form, standing=None, country=None).on == date(2025, 12, 31)
    form["signature"] = {"by": "Ada", "on": "2025-12-09"}
    assert place_in(form, standing=None, country="DE") == (date(2025, 12, 9), EUR, "DE")
    del form["currency"]
    assert place_in(form, standing=EUR, country=None).currency == EUR


@pytest.mark.parametrize(
    ("form", "code", "path"),
    [
        ({"term": {"start": "2026-01-01"}}, "MissingField", "currency"),
        ({"currency": "EUR"}, "MissingField", "effectiveOn"),
        ({"currency": "EUR", "effectiveOn": "soon"}, "InvalidDay", "effectiveOn"),
    ],
)
def test_without_a_day_and_a_currency_no_price_can_be_looked_up(
    form: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        place_in(form, standing=None, country=None)
    assert (refused.value.problems[0].code, refused.value.problems[0].path) == (code, path)


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"versions": []}, "InvalidVersions", "card.versions"),
        ({"versions": [{"validFrom": "2025-01-01"}]}, "MissingField", "card.versions[0].items"),
        ({"name": " "}, "InvalidName", "card.name"),
        ({"rateCardId": "two words"}, "InvalidId", "card.rateCardId"),
        (
            {"versions": [{"validFrom": "2025-01-01", "items": {"a": [{"currency": "EUR"}]}}]},
            "MissingField",
            "card.versions[0].items.a[0].price",
        ),
        (
            {"versions": [{"validFrom": "2025-01-01", "items": dict.fromkeys(range(2001))}]},
            "TooMany",
            "card.versions[0].items",
        ),
        (
            {"versions": [{"validFrom": "2025-01-01", "items": ["a"]}]},
            "WrongType",
            "card.versions[0].items",
        ),
    ],
)
def test_a_card_that_cannot_be_read_is_refused_by_path(
    change: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rate_card_from({**PLAIN, **change}, "card")
    assert (refused.value.problems[0].code, refused.value.problems[0].path) == (code, path)
