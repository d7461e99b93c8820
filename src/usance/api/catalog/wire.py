"""What the catalogue's shapes share: numbers as JSON numbers, prices, currencies in small letters.

Numbers are read exactly, and written as JSON numbers because the SDKs' models want them so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer

from usance.api.envelope import Wire
from usance.domain.errors import Invalid, Problem

DIGITS = 15  # that a JSON number carries exactly in every language


def _json_number(number: Decimal) -> float | int:
    return int(number) if number == number.to_integral_value() else float(format(number, "f"))


Number = Annotated[
    Decimal,
    PlainSerializer(_json_number, return_type=float | int, when_used="json"),
    Field(max_digits=DIGITS, allow_inf_nan=False),
]
Figure = Annotated[  # one of ours, of any length, on its way out
    Decimal,
    PlainSerializer(_json_number, return_type=float | int, when_used="json"),
    Field(allow_inf_nan=False),
]
LowerCurrency = Annotated[
    str, Field(pattern="^[A-Za-z]{3}$", description="ISO 4217, small letters.", examples=["usd"])
]
USD = "usd"


class MoneyWire(Wire):
    """An amount in major units; of dollars without a currency."""

    amount: Number = Field(examples=[49])
    currency: LowerCurrency = USD


class TierWire(Wire):
    """Units up to and including `upTo`; without it: all above."""

    up_to: Number | None = None
    unit_price: MoneyWire | None = None
    flat_price: MoneyWire | None = None


class CreditRateWire(Wire):
    """What a unit costs in a credit currency."""

    amount: Number
    currency_id: str
    cost_formula: str | None = None


def no_credits_to_grant(code: str, path: str, cadence: str) -> Invalid:
    """The refusal of when credits are granted, where no credits are."""
    expected = "null: no credits are granted by a price in money"
    return Invalid(Problem(code, path, cadence, expected))


def no_credit_currency(path: str, currency_id: str) -> Invalid:
    """The refusal of whatever names a credit currency: this environment has none."""
    expected = "the id of a credit currency of this environment"
    return Invalid(Problem("CreditCurrencyNotFound", path, currency_id[:80], expected))
