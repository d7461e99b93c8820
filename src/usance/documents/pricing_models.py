"""The ways of pricing that can be chosen for a billing item, and what each lets one fill in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from usance.domain.rating.notation import MODELS


class RowInput(StrEnum):
    """A column of a billing item's rows."""

    QUANTITY = "quantity"
    PRICE = "price"
    FROM = "from"
    TO = "to"
    PACKAGE_SIZE = "packageSize"


@dataclass(frozen=True, slots=True)
class PricingModel:
    """`model` names the price in the order form's notation; `inputs` are the only columns its rows
    may have. Pay as you go: the quantity is counted from usage.
    """

    id: str
    name: str
    model: str
    inputs: tuple[RowInput, ...]
    is_pay_as_you_go: bool = False

    def __post_init__(self) -> None:
        assert self.model in MODELS, f"{self.model} is a price model"


_PRICE, _COUNT, _SIZE = RowInput.PRICE, RowInput.QUANTITY, RowInput.PACKAGE_SIZE
_BOUNDS = (RowInput.FROM, RowInput.TO)

PRICING_MODELS = (
    PricingModel("flat-fee", "Flat fee", "FLAT", (_PRICE,)),
    PricingModel("per-unit", "Per unit", "PER_UNIT", (_COUNT, _PRICE)),
    PricingModel("graduated", "Graduated tiers", "GRADUATED", (_COUNT, _PRICE, *_BOUNDS)),
    PricingModel("volume", "Volume tiers", "VOLUME", (_COUNT, _PRICE, *_BOUNDS)),
    PricingModel("package", "Packages", "PACKAGE", (_COUNT, _PRICE, _SIZE)),
    PricingModel("usage-per-unit", "Usage, per unit", "PER_UNIT", (_PRICE,), is_pay_as_you_go=True),
    PricingModel(
        "usage-graduated",
        "Usage, graduated tiers",
        "GRADUATED",
        (_PRICE, *_BOUNDS),
        is_pay_as_you_go=True,
    ),
    PricingModel(
        "usage-volume", "Usage, volume tiers", "VOLUME", (_PRICE, *_BOUNDS), is_pay_as_you_go=True
    ),
    PricingModel(
        "usage-package", "Usage, packages", "PACKAGE", (_PRICE, _SIZE), is_pay_as_you_go=True
    ),
)
