"""Rate cards: price lists that orders refer to."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import CurrencyCode, Single, Wire
from usance.api.fields import PathId, Ref, called
from usance.api.openapi import body_of
from usance.api.reading import Plain
from usance.api.route import resource
from usance.documents.rate_card_notation import plain_rate_card, rate_card_from
from usance.domain.errors import NotFound
from usance.domain.rate_card import RateCard
from usance.flows.save_rate_card import save_rate_card
from usance.store import rate_cards

NAMES = {"rateCardId": "id"}

router = resource("rate-cards", tag="Reference data")


class CardPriceWire(Wire):
    """What an item costs in a currency, in one country or everywhere else."""

    currency: CurrencyCode
    country: str | None = Field(
        default=None, description="ISO 3166 alpha-2; without it, everywhere else.", examples=["DE"]
    )
    price: dict[str, Any] = Field(description="As in an order form.")


class VersionWire(Wire):
    """The prices for orders signed from a day on."""

    valid_from: str = Field(examples=["2026-01-01"])
    items: dict[str, list[CardPriceWire]] = Field(description="Prices by item.")


class RateCardWire(Wire):
    """A rate card and its versions, oldest first."""

    id: Ref = Field(examples=["standard-2026"])
    name: str = Field(max_length=255, examples=["Standard price list"])
    versions: list[VersionWire] = Field(min_length=1, max_length=200)


EXAMPLE: dict[str, object] = {
    "id": "standard",
    "name": "Standard price list",
    "versions": [
        {
            "validFrom": "2026-01-01",
            "items": {
                "api-calls": [
                    {"currency": "EUR", "price": {"model": "PER_UNIT", "unitAmount": "0.002"}},
                    {
                        "currency": "EUR",
                        "country": "PL",
                        "price": {"model": "PER_UNIT", "unitAmount": "0.0015"},
                    },
                ]
            },
        }
    ],
}


@router.get("", operation_id="listRateCards", summary="List rate cards")
def list_cards(caller: Asked) -> Single[list[RateCardWire]]:
    """By id, with all their versions."""
    with caller.transaction() as tx:
        found = rate_cards.some(tx)
    return Single(data=[_wire(card) for card in found.values()])


@router.get("/{id}", operation_id="getRateCard", summary="Read a rate card")
def get_card(caller: Asked, id: PathId) -> Single[RateCardWire]:
    """With all its versions."""
    with caller.transaction() as tx:
        found = rate_cards.some(tx, [id]).get(id)
    if found is None:
        raise NotFound("rate card", id)
    return Single(data=_wire(found))


@router.post(
    "",
    operation_id="saveRateCard",
    summary="Create a rate card, or add versions",
    openapi_extra=body_of(RateCardWire, example=EXAMPLE),
)
def save_card(caller: Asked, body: Plain) -> Single[RateCardWire]:
    """Versions it has stay as they are; one of the same day with other prices is refused."""
    with called(NAMES):
        card = rate_card_from(_renamed(body))
    return Single(data=_wire(save_rate_card(caller.runtime, caller.scope, card)))


def _renamed(body: object) -> object:
    if not isinstance(body, dict):
        return {} if body is None else body
    return {"rateCardId" if key == "id" else key: value for key, value in body.items()}


def _wire(card: RateCard) -> RateCardWire:
    plain = plain_rate_card(card)
    return RateCardWire.model_validate({"id": plain.pop("rateCardId"), **plain})
