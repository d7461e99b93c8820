"""Payment methods: what a provider calls the card or account a customer pays by; never its number.

The provider keeps the method itself, and says what may be known of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from usance.domain.customer import Vendor, check_name
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import IntegrationId

LAST_FOUR = re.compile(r"[0-9]{4}")


class MethodType(StrEnum):
    """What a customer pays by."""

    CARD = "CARD"
    BANK = "BANK"
    CASH_APP = "CASH_APP"
    PAYPAL = "PAYPAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A method by the provider's id, and what is known of it. `integration_id` names the
    connection to that provider. Raises Invalid with every problem.
    """

    billing_id: str | None
    type: MethodType | None = None
    vendor: Vendor | None = None
    integration_id: IntegrationId | None = None
    card_brand: str | None = None
    card_expiry_month: int | None = None
    card_expiry_year: int | None = None
    card_last4_digits: str | None = None
    wallet_type: str | None = None

    def __post_init__(self) -> None:
        for text, path in (
            (self.billing_id, "billingId"),
            (self.card_brand, "cardBrand"),
            (self.wallet_type, "walletType"),
        ):
            if text is not None:
                check_name(text, path)
        problems = list(_card_problems(self))
        if problems:
            raise Invalid(*problems)


def _card_problems(method: PaymentMethod) -> Iterator[Problem]:
    month, year, last = method.card_expiry_month, method.card_expiry_year, method.card_last4_digits
    if month is not None and not 1 <= month <= 12:
        yield Problem("InvalidCard", "cardExpiryMonth", str(month), "a month from 1 to 12")
    if year is not None and not 2000 <= year <= 2199:
        yield Problem("InvalidCard", "cardExpiryYear", str(year), "a year of four digits")
    if last is not None and not LAST_FOUR.fullmatch(last):
        yield Problem("InvalidCard", "cardLast4Digits", last[:80], "four digits")
