"""Payment methods: what may be known of one, and nothing that cannot be."""

from __future__ import annotations

import pytest

from usance.domain.customer import Vendor
from usance.domain.errors import Invalid
from usance.domain.ids import IntegrationId
from usance.domain.payments.method import MethodType, PaymentMethod


def test_a_method_is_the_providers_name_of_it_and_what_may_be_known() -> None:
    card = PaymentMethod(
        billing_id="pm_1",
        type=MethodType.CARD,
        vendor=Vendor.STRIPE,
        integration_id=IntegrationId("stripe-eu"),
        card_brand="visa",
        card_expiry_month=12,
        card_expiry_year=2030,
        card_last4_digits="0042",
        wallet_type="apple_pay",
    )
    assert (card.billing_id, card.card_last4_digits) == ("pm_1", "0042")


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"billing_id": ""}, "billingId"),
        ({"card_brand": "vi\nsa"}, "cardBrand"),
        ({"wallet_type": "w" * 256}, "walletType"),
        ({"card_expiry_month": 13}, "cardExpiryMonth"),
        ({"card_expiry_month": 0}, "cardExpiryMonth"),
        ({"card_expiry_year": 30}, "cardExpiryYear"),
        ({"card_last4_digits": "4242424242424242"}, "cardLast4Digits"),
        ({"card_last4_digits": "42 2"}, "cardLast4Digits"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, str | int], path: str) -> None:
    said: dict[str, object] = {"billing_id": "pm_1", **wrong}
    with pytest.raises(Invalid) as refused:
        PaymentMethod(**said)  # type: ignore[arg-type]
    assert [problem.path for problem in refused.value.problems] == [path]


def test_a_card_may_be_wrong_in_several_ways_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        PaymentMethod(billing_id=None, card_expiry_month=13, card_last4_digits="1")
    assert len(refused.value.problems) == 2
