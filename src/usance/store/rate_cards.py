"""Rate cards and their versions, prices in the notation that orders use."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from usance.domain.money import currency
from usance.domain.rate_card import CardPrice, RateCard, RateCardVersion
from usance.domain.rating.notation import plain_pricing, pricing_from
from usance.store.database import Jsonb, Row, Tx

# The row of the card is what those who change it wait at.
SAVE = """
INSERT INTO rate_cards (tenant_id, id, name, created_at)
VALUES (%(tenant_id)s, %(id)s, %(name)s, %(at)s)
ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name
"""
APPEND = """
INSERT INTO rate_card_versions (tenant_id, rate_card_id, valid_from, entries, created_at)
VALUES (%(tenant_id)s, %(rate_card_id)s, %(valid_from)s, %(entries)s, %(at)s)
"""
SOME = """
SELECT c.id, c.name, v.valid_from, v.entries
  FROM rate_cards c
  JOIN rate_card_versions v ON v.tenant_id = c.tenant_id AND v.rate_card_id = c.id
 WHERE c.tenant_id = %(tenant_id)s
   AND (%(ids)s::text[] IS NULL OR c.id = ANY(%(ids)s))
 ORDER BY c.id, v.valid_from
"""


def some(tx: Tx, ids: Collection[str] | None = None) -> dict[str, RateCard]:
    """The cards of those ids, or all, by id."""
    found: dict[str, tuple[str, list[RateCardVersion]]] = {}
    for row in tx.all(SOME, ids=None if ids is None else list(ids)):
        found.setdefault(row.id, (row.name, []))[1].append(_version(row))
    return {
        card_id: RateCard(card_id, name, tuple(versions))
        for card_id, (name, versions) in found.items()
    }


def save(tx: Tx, card: RateCard, *, at: datetime) -> None:
    """Keep a card's name; whoever else changes the card waits until the transaction ends."""
    tx.run(SAVE, id=card.id, name=card.name, at=at)


def append(tx: Tx, card_id: str, version: RateCardVersion, *, at: datetime) -> None:
    """Keep a version of a card that was saved."""
    entries = {item: [_plain(one) for one in prices] for item, prices in version.items.items()}
    tx.run(
        APPEND, rate_card_id=card_id, valid_from=version.valid_from, entries=Jsonb(entries), at=at
    )


def _plain(one: CardPrice) -> dict[str, object]:
    return {
        "currency": one.currency.code,
        "country": one.country,
        "price": plain_pricing(one.pricing),
    }


def _version(row: Row) -> RateCardVersion:
    items = {item: tuple(map(_price, prices)) for item, prices in row.entries.items()}
    return RateCardVersion(row.valid_from, items)


def _price(plain: Any) -> CardPrice:
    return CardPrice(pricing_from(plain["price"]), currency(plain["currency"]), plain["country"])
