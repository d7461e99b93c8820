"""Rate cards: price lists that orders refer to, by version, currency and country.

Owns: which version holds on a day, which price an item has for a currency and a country.
Does not own: what is sold by it (contracts: an order keeps the price it found), rating.

Always true:
- a version holds from its day until the next one's;
- a price for the customer's country goes before the price for everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from usance.domain.customer import check_country, check_name
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import parse_ref
from usance.domain.money import Currency
from usance.domain.rating.prices import Pricing

MAX_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class CardPrice:
    """What an item costs in a currency; `country` None: everywhere without a price of its own."""

    pricing: Pricing
    currency: Currency
    country: str | None = None

    def __post_init__(self) -> None:
        if self.country is not None:
            check_country(self.country, "country")


@dataclass(frozen=True, slots=True)
class RateCardVersion:
    """The prices of each item for orders from `valid_from` on."""

    valid_from: date
    items: Mapping[str, tuple[CardPrice, ...]]

    def __post_init__(self) -> None:
        refuse_if(list(self._problems()))

    def _problems(self) -> Iterator[Problem]:
        if not self.items:
            yield Problem("EmptyRateCard", "items", "", "at least one item with a price")
        for item, prices in self.items.items():
            path = f"items.{item[:80]}"
            parse_ref(item, path=path)
            if not prices:
                yield Problem("EmptyRateCard", path, "", "at least one price")
            places = [(each.currency.code, each.country) for each in prices]
            for index, place in enumerate(places):
                if place in places[:index]:
                    said = f"{place[0]} in {place[1] or 'every country'}"
                    yield Problem("DuplicatePrice", f"{path}[{index}]", said, "each place once")


@dataclass(frozen=True, slots=True)
class RateCard:
    """A price list and its versions, oldest first."""

    id: str
    name: str
    versions: tuple[RateCardVersion, ...]

    def __post_init__(self) -> None:
        parse_ref(self.id, path="rateCardId")
        check_name(self.name, "name")
        days = [version.valid_from for version in self.versions]
        if not days or days != sorted(set(days)):
            expected = "at least one version, each from a later day than the one before"
            raise Invalid(Problem("InvalidVersions", "versions", f"{len(days)}", expected))

    def version_on(self, day: date) -> RateCardVersion | None:
        """The one that holds on that day; None before the first."""
        begun = [version for version in self.versions if version.valid_from <= day]
        return begun[-1] if begun else None


class Wanted(NamedTuple):
    """What an order asks a card for. `version`: the day of one by name, else by `on`."""

    item: str
    on: date
    currency: Currency
    country: str | None
    version: date | None = None


class Found(NamedTuple):
    """The price, and from which version it is."""

    pricing: Pricing
    version: date


def price_on(card: RateCard, wanted: Wanted) -> Found:
    """The price of an item. Raises Invalid, its path below the reference: UnknownRateCardVersion,
    UnknownRateCardItem, NoPriceInCurrency.
    """
    version = _version(card, wanted)
    prices = version.items.get(wanted.item)
    if prices is None:
        expected = f"an item of {card.id} as of {version.valid_from}"
        raise Invalid(Problem("UnknownRateCardItem", "item", wanted.item[:80], expected))
    of_currency = [each for each in prices if each.currency == wanted.currency]
    for country in (wanted.country, None):
        for each in of_currency:
            if each.country == country:
                return Found(each.pricing, version.valid_from)
    expected = f"an item of {card.id} with a price in {wanted.currency}"
    if wanted.country is not None:
        expected += f" for {wanted.country}"
    raise Invalid(Problem("NoPriceInCurrency", "item", wanted.item[:80], expected))


def _version(card: RateCard, wanted: Wanted) -> RateCardVersion:
    if wanted.version is None:
        found = card.version_on(wanted.on)
        value, expected = wanted.on, f"a day on or after {card.versions[0].valid_from}"
    else:
        named = (each for each in card.versions if each.valid_from == wanted.version)
        found = next(named, None)
        value, expected = wanted.version, f"the first day of a version of {card.id}"
    if found is None:
        raise Invalid(Problem("UnknownRateCardVersion", "version", value.isoformat(), expected))
    return found
