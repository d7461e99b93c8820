"""From the rules' invoice to the printed one: addresses in their country's order, honest lines."""

from __future__ import annotations

import pytest
from babel import Locale

from usance.documents.paper.invoice_paper import address_lines
from usance.domain.customer import Address


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            Address(country="DE", lines=("Torstraße 140",), city="Berlin", postal_code="10119"),
            ("Torstraße 140", "10119 Berlin", "Germany"),
        ),
        (
            Address(
                country="US",
                lines=("548 Market St",),
                city="San Francisco",
                region="CA",
                postal_code="94104",
            ),
            ("548 Market St", "San Francisco, CA 94104", "United States"),
        ),
        (
            Address(
                country="JP",
                lines=("丸の内1-9-1",),
                city="千代田区",
                region="東京都",
                postal_code="100-0005",
            ),
            ("丸の内1-9-1", "〒100-0005", "東京都 千代田区", "Japan"),
        ),
        (Address(country="GB"), ("United Kingdom",)),
        (Address(country="NL", city="Utrecht"), ("Utrecht", "Netherlands")),
    ],
)
def test_an_address_is_written_as_its_country_does(
    address: Address, expected: tuple[str, ...]
) -> None:
    assert address_lines(address, Locale("en")) == expected
