"""Which invoices a remittance names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.payments.creditor_reference import creditor_reference, grouped
from usance.domain.payments.remittance import is_named_in

NUMBER = "ACME-2025-00042"


@pytest.mark.parametrize(
    "written",
    [
        "ACME-2025-00042",
        "Rechnung acme 2025/00042, danke",
        "ACME202500042",
        "invoices ACME-2025-00041,ACME-2025-00042",
        creditor_reference(NUMBER),
        f"ref {grouped(creditor_reference(NUMBER))} thanks",
        creditor_reference(NUMBER).lower(),
    ],
)
def test_a_number_or_reference_is_found_as_banks_and_payers_write_it(written: str) -> None:
    assert is_named_in(written, NUMBER)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ACME-2025-0004",
        "ACME-2025-000421",
        "XACME-2025-00042",
        "2025-00042",
        "ACME-2025-00042X",
        "ACME 2025 pays 00042",
    ],
)
def test_part_of_a_number_or_a_longer_one_names_another_invoice(written: str) -> None:
    assert not is_named_in(written, NUMBER)


def test_a_number_that_fits_no_creditor_reference_is_still_found_as_a_number() -> None:
    number = "A-VERY-LONG-SERIES-2025-00042"
    assert is_named_in(f"pays {number}", number)


@given(st.text(max_size=200))
def test_any_text_may_be_written_to_us(written: str) -> None:
    assert is_named_in(f"{written} {NUMBER} {written}", NUMBER)
