"""Rate cards in their notation, and orders that refer to them.

A card is `{rateCardId, name, versions: [{validFrom, items}]}`, the items a mapping of each to its
prices, `[{currency, country, price}]`.

A price in an order may be `{rateCard: standard-2026, item: api-calls}`; a `version` names one by
its day, and `included`, `minimum`, `maximum` or `discounts` beside it stand in the card's place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple, cast

from usance.documents.plain import (
    Fields,
    currency,
    day,
    each,
    given,
    name,
    raise_all,
    ref,
    refusal,
    text,
)
from usance.domain.errors import Invalid, Problem
from usance.domain.money import Currency
from usance.domain.rate_card import (
    MAX_VERSIONS,
    CardPrice,
    RateCard,
    RateCardVersion,
    Wanted,
    price_on,
)
from usance.domain.rating.notation import BOUNDS, plain_pricing, pricing_from

MAX_ITEMS = 2000
MAX_PRICES = 500
REFERENCE = "rateCard"
PRICE_SOURCES = "priceSources"  # of an order as it is kept: which prices came from which card


class Resolved(NamedTuple):
    """A form whose every price is written out, and where each that was not came from."""

    form: Mapping[str, object]
    sources: list[dict[str, object]]

    def kept(self) -> dict[str, object]:
        """What is kept beside the order; nothing where no price came from a card."""
        return {PRICE_SOURCES: self.sources} if self.sources else {}


class Place(NamedTuple):
    """For whom a price is looked up: on which day, in which currency, in which country."""

    on: date
    currency: Currency
    country: str | None


def rate_card_from(plain: object, path: str = "") -> RateCard:
    """The card in `plain`, its versions in any order. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    card_id, called = fields.need("rateCardId", ref), fields.need("name", name)
    none: tuple[RateCardVersion, ...] = ()
    versions = fields.need("versions", each(version_from, most=MAX_VERSIONS), none)
    ordered = tuple(sorted(versions, key=lambda version: version.valid_from))
    return fields.made(lambda: RateCard(card_id, called, ordered))


def version_from(plain: object, path: str) -> RateCardVersion:
    """`{validFrom, items}`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    valid_from = fields.need("validFrom", day)
    none: dict[str, tuple[CardPrice, ...]] = {}
    items = fields.need("items", items_from, none)
    return fields.made(lambda: RateCardVersion(valid_from, items))


def items_from(plain: object, path: str) -> dict[str, tuple[CardPrice, ...]]:
    """The prices of each item, by its name."""
    if not isinstance(plain, Mapping):
        raise refusal("WrongType", path, plain, "a mapping of items to lists of prices")
    if len(plain) > MAX_ITEMS:
        raise refusal("TooMany", path, f"{len(plain)} of them", f"at most {MAX_ITEMS}")
    found: dict[str, tuple[CardPrice, ...]] = {}
    problems: list[Problem] = []
    for item, prices in plain.items():
        try:
            at = f"{path}.{ref(item, path)}"
            found[item] = each(_price, most=MAX_PRICES)(prices, at)
        except Invalid as refused:
            problems += refused.problems
    raise_all(problems)
    return found


def plain_items(version: RateCardVersion) -> dict[str, object]:
    """The items of a version in their notation."""
    return {
        item: [
            given(
                currency=one.currency.code,
                country=one.country,
                price=plain_pricing(one.pricing),
            )
            for one in prices
        ]
        for item, prices in version.items.items()
    }


def plain_rate_card(card: RateCard) -> dict[str, object]:
    """The card in its notation."""
    versions = [
        {"validFrom": version.valid_from.isoformat(), "items": plain_items(version)}
        for version in card.versions
    ]
    return {"rateCardId": card.id, "name": card.name, "versions": versions}


def place_in(
    form: Mapping[str, object], *, standing: Currency | None, country: str | None
) -> Place:
    """For whom the prices of an order are looked up: in its currency, or that of the contract it
    changes; on the day it was signed, or else takes effect, or its term begins.

    Raises Invalid.
    """
    fields = Fields(form)
    if standing is None or fields.has("currency"):
        of = fields.need("currency", currency)
    else:
        of = standing
    days = [
        fields.take("signature", partial(_day_in, key="on"), None),
        fields.take("effectiveOn", day, None),
        fields.take("term", partial(_day_in, key="start"), None),
    ]
    said = [each for each in days if each is not None]
    if not said:
        fields.refuse("MissingField", "effectiveOn", "", "a day, for prices from a rate card")
    raise_all(fields.problems)
    return Place(said[0], of, country)


def cards_named(form: Mapping[str, object]) -> set[str]:
    """The ids of the cards an order refers to."""
    named = (reference.get(REFERENCE) for _, reference in _references(form, ""))
    return {card_id for card_id in named if isinstance(card_id, str)}


def resolved(form: Mapping[str, object], cards: Collection[RateCard], place: Place) -> Resolved:
    """The form with each reference to a card replaced by the price it means.

    Raises Invalid with every problem, by its path in the form: UnknownRateCard and what
    `price_on` says.
    """
    by_id = {card.id: card for card in cards}
    prices: dict[str, dict[str, object]] = {}
    sources: list[dict[str, object]] = []
    problems: list[Problem] = []
    for path, reference in _references(form, ""):
        try:
            price, source = _priced(reference, path, by_id, place)
        except Invalid as refused:
            problems += refused.problems
            continue
        prices[path] = price
        sources.append({"at": path, **source})
    raise_all(problems)
    written = _replaced(form, "", prices)
    return Resolved(cast(dict[str, object], written), sources)


def _priced(
    reference: Mapping[str, object], path: str, cards: Mapping[str, RateCard], place: Place
) -> tuple[dict[str, object], dict[str, object]]:
    """The price a reference means, and where it is from."""
    fields = Fields(reference, path)
    card_id, item = fields.need(REFERENCE, ref, ""), fields.need("item", text, "")
    version = fields.take("version", day, None)
    fields.allow(BOUNDS)
    card = cards.get(card_id)
    if card is None and fields.has(REFERENCE):
        fields.refuse("UnknownRateCard", REFERENCE, card_id, "the id of a rate card")
    wanted = Wanted(item, place.on, place.currency, place.country, version)
    found = fields.made(partial(price_on, cast(RateCard, card), wanted))
    bounds = {key: reference[key] for key in BOUNDS if key in reference}
    source: dict[str, object] = {
        REFERENCE: card_id,
        "item": item,
        "version": found.version.isoformat(),
    }
    return {**plain_pricing(found.pricing), **bounds}, source


def _references(plain: object, path: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every price in a form that is a reference, and where it stands."""
    if isinstance(plain, Mapping):
        if REFERENCE in plain and path.endswith("price"):
            yield path, plain
            return
        for key, value in plain.items():
            yield from _references(value, f"{path}.{key}" if path else f"{key}")
    elif isinstance(plain, list | tuple):
        for index, value in enumerate(plain):
            yield from _references(value, f"{path}[{index}]")


def _replaced(plain: object, path: str, prices: Mapping[str, object]) -> object:
    if path in prices:
        return prices[path]
    if isinstance(plain, Mapping):
        return {
            key: _replaced(value, f"{path}.{key}" if path else f"{key}", prices)
            for key, value in plain.items()
        }
    if isinstance(plain, list | tuple):
        return [_replaced(value, f"{path}[{index}]", prices) for index, value in enumerate(plain)]
    return plain


def _day_in(plain: object, path: str, *, key: str) -> date | None:
    return Fields(plain, path).take(key, day, None)


def _price(plain: object, path: str) -> CardPrice:
    fields = Fields(plain, path)
    of = fields.need("currency", currency)
    country = fields.take("country", text, None)
    pricing = fields.need(
        "price", lambda value, at: pricing_from(cast(Mapping[str, object], value), path=at)
    )
    return fields.made(lambda: CardPrice(pricing, of, country))
