"""Rate cards: the right version, the right place, and what a card cannot be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.money import Currency, currency
from usance.domain.rate_card import CardPrice, RateCard, RateCardVersion, Wanted, price_on
from usance.domain.rating.prices import PerUnit, Pricing

EUR, USD = currency("EUR"), currency("USD")
COUNTRIES = st.sampled_from([None, "DE", "PL", "US"])
DAYS = st.dates(date(2024, 1, 1), date(2027, 1, 1))


def costing(amount: int) -> Pricing:
    return Pricing(price=PerUnit(Decimal(amount)))


def version(day: date, *prices: CardPrice) -> RateCardVersion:
    return RateCardVersion(day, {"api-calls": prices or (CardPrice(costing(1), EUR),)})


@given(st.lists(DAYS, min_size=1, max_size=6, unique=True), DAYS)
def test_a_version_holds_from_its_day_until_the_next_ones(days: list[date], on: date) -> None:
    card = RateCard("standard", "Standard", tuple(version(day) for day in sorted(days)))
    found = card.version_on(on)
    if found is None:
        assert on < min(days)
        return
    assert found.valid_from <= on
    assert not any(found.valid_from < day <= on for day in days)


@given(st.sets(st.tuples(st.sampled_from([EUR, USD]), COUNTRIES), min_size=1), COUNTRIES)
def test_a_price_for_the_customers_country_goes_before_the_price_for_everywhere(
    places: set[tuple[Currency, str | None]], country: str | None
) -> None:
    listed = sorted(places, key=lambda place: (place[0].code, place[1] or ""))
    prices = [CardPrice(costing(at + 1), *place) for at, place in enumerate(listed)]
    card = RateCard("standard", "Standard", (version(date(2025, 1, 1), *prices),))
    wanted = Wanted("api-calls", date(2025, 6, 1), EUR, country)
    best = (EUR, country) if (EUR, country) in places else (EUR, None)
    if best not in places:
        with pytest.raises(Invalid) as refused:
            price_on(card, wanted)
        assert refused.value.problems[0].code == "NoPriceInCurrency"
        return
    found = price_on(card, wanted)
    assert found == (costing(listed.index(best) + 1), date(2025, 1, 1))


CARD = RateCard("standard", "Standard", (version(date(2025, 1, 1)), version(date(2026, 1, 1))))


@pytest.mark.parametrize(
    ("wanted", "code", "path"),
    [
        (Wanted("seats", date(2025, 6, 1), EUR, None), "UnknownRateCardItem", "item"),
        (Wanted("api-calls", date(2025, 6, 1), USD, "DE"), "NoPriceInCurrency", "item"),
        (Wanted("api-calls", date(2024, 6, 1), EUR, None), "UnknownRateCardVersion", "version"),
        (
            Wanted("api-calls", date(2025, 6, 1), EUR, None, date(2025, 6, 1)),
            "UnknownRateCardVersion",
            "version",
        ),
    ],
)
def test_what_a_card_does_not_have_is_refused(wanted: Wanted, code: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        price_on(CARD, wanted)
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == (code, path)


def test_a_version_can_be_named_whatever_the_day() -> None:
    wanted = Wanted("api-calls", date(2026, 6, 1), EUR, None, date(2025, 1, 1))
    assert price_on(CARD, wanted).version == date(2025, 1, 1)


def test_a_card_that_contradicts_itself_is_refused() -> None:
    price = CardPrice(costing(1), EUR, "DE")
    wrong: dict[str, Callable[[], object]] = {
        "EmptyRateCard": lambda: RateCardVersion(date(2025, 1, 1), {}),
        "DuplicatePrice": lambda: version(date(2025, 1, 1), price, price),
        "InvalidVersions": lambda: RateCard("c", "C", ()),
        "InvalidId": lambda: RateCardVersion(date(2025, 1, 1), {"two words": (price,)}),
        "UnknownCountry": lambda: CardPrice(costing(1), EUR, "de"),
    }
    for code, make in wrong.items():
        with pytest.raises(Invalid) as refused:
            make()
        assert refused.value.problems[0].code == code
    with pytest.raises(Invalid, match="at least one price"):
        RateCardVersion(date(2025, 1, 1), {"seats": ()})
    with pytest.raises(Invalid, match="later day"):
        RateCard("c", "C", (version(date(2025, 1, 1)), version(date(2025, 1, 1))))
