"""Treatment: which rate a line bears between two places, and why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.tax.parties import (
    BUYERS,
    EUR,
    SELLERS,
    TAXES,
    buyer,
    local,
    seller,
    tax_rate,
)
from usance.domain.customer import Customer
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money
from usance.domain.tax.amounts import TaxedAmount, document_tax
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable
from usance.domain.tax.treatment import treatment

DAY = date(2026, 3, 1)
QST, NO_TAX = Decimal("9.5"), Decimal(0)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@given(SELLERS, BUYERS, st.sampled_from(["standard", "reduced", "unknown"]), DAYS)
def test_reverse_charge_exempt_and_outside_scope_lines_bear_no_tax_and_carry_the_reason_why(
    sells: LegalEntity, buys: Customer, tax_code: str, on: date
) -> None:
    bears = treatment(TAXES, sells, buys, tax_code=tax_code, on=on)
    (row,), (share,) = document_tax([TaxedAmount(Money(12345, EUR), bears)], EUR)
    if bears.category in (TaxCategory.STANDARD, TaxCategory.ZERO):
        assert bears.reason == ""
    else:
        assert bears.percent == 0
        assert (share.minor, row.tax.minor) == (0, 0)
        assert row.reason == bears.reason != ""
    assert bears.rule


FRENCH_ID, GERMAN_ID = "FR40303265045", "DE136695976"


def borne(sells: str, buys: Customer, tax_code: str = "standard") -> str:
    """Category, rate and rule of a line, in short."""
    bears = treatment(TAXES, seller(sells), buys, tax_code=tax_code, on=DAY)
    return f"{bears.category} {bears.percent} {bears.rule}"


@pytest.mark.parametrize(
    ("sells", "buys", "expected"),
    [
        ("DE", buyer("DE"), "S 19 table:DE:standard"),
        ("DE", buyer("DE", vat_ids=[GERMAN_ID]), "S 19 table:DE:standard"),
        ("DE", buyer(None), "S 19 table:DE:standard"),
        ("DE", buyer("FR", vat_ids=[FRENCH_ID]), "AE 0 reverse_charge"),
        ("DE", buyer("AT", vat_ids=[FRENCH_ID]), "AE 0 reverse_charge"),
        ("DE", buyer("FR"), "S 20 table:FR:standard"),
        ("DE", buyer("AT"), "S 19 origin:DE:standard"),
        ("DE", buyer("US"), "O 0 outside_eu"),
        ("DE", buyer("GB", vat_ids=["XI980780684"]), "O 0 outside_eu"),
        ("DE", buyer("FR", exemption="A charity."), "E 0 exempt"),
        ("US", buyer("US"), "Z 0 table:US:standard"),
        ("US", buyer("DE", vat_ids=[GERMAN_ID]), "O 0 buyer_accounts"),
        ("US", buyer("DE"), "S 19 table:DE:standard"),
        ("US", buyer("CH"), "O 0 not_registered"),
        ("GB", buyer("FR", vat_ids=[FRENCH_ID]), "O 0 buyer_accounts"),
        ("GB", buyer("FR"), "S 20 table:FR:standard"),
        ("GB", buyer("US"), "Z 0 table:US:standard"),
        ("GB", buyer("CH"), "O 0 outside_uk"),
        ("AU", buyer("CH"), "Z 0 export:AU"),
        ("NZ", buyer("GB"), "Z 0 export:NZ"),
        ("GB", buyer("GB"), "O 0 rate_missing"),
    ],
)
def test_a_service_bears_tax_by_the_places_of_seller_and_buyer(
    sells: str, buys: Customer, expected: str
) -> None:
    assert borne(sells, buys) == expected


def test_a_foreign_vat_id_counts_wherever_it_is_listed() -> None:
    assert borne("DE", buyer("FR", vat_ids=[GERMAN_ID, FRENCH_ID])) == "AE 0 reverse_charge"


@pytest.mark.parametrize("vat_id", [GERMAN_ID, f" {GERMAN_ID}", "de 136 695 976", "XI980780684"])
def test_the_sellers_own_state_or_northern_ireland_makes_no_reverse_charge(vat_id: str) -> None:
    assert borne("DE", buyer("FR", vat_ids=[vat_id])) == "S 20 table:FR:standard"


def test_a_code_without_a_rate_is_missing_not_free() -> None:
    assert borne("DE", buyer("DE"), "unknown") == "O 0 rate_missing"
    assert borne("DE", buyer("AT"), "unknown") == "O 0 rate_missing"
    assert borne("US", buyer("US"), "reduced") == "E 0 table:US:reduced"


NEW_YORK = TaxTable(
    (
        local("US", "NY", "4", "New York State"),
        local("US", "NY", "4.5", "New York City", "100"),
        local("US", "NY", "0.375", "Commuter district", "100"),
        local("US", "CA", "7.25", "California"),
    )
)
CANADA = TaxTable(
    (
        tax_rate("CA", "5"),
        TaxRate(
            tax_code="standard",
            country="CA",
            region="QC",
            percent=QST,
            jurisdiction="QST",
            is_compound=True,
        ),
    )
)


def several(table: TaxTable, buys: Customer, sells: str = "US") -> tuple[str, list[str]]:
    """The rule, and each tax of a line by name."""
    bears = treatment(table, seller(sells), buys, tax_code="standard", on=DAY)
    return bears.rule, [f"{each.jurisdiction} {each.percent}" for each in bears.components]


def test_taxes_of_state_city_and_district_add_up() -> None:
    rule, taxes = several(NEW_YORK, buyer("US", region="NY", postal_code="10013-1234"))
    assert rule == "table:US-NY-100:standard"
    assert taxes == ["New York State 4", "New York City 4.5", "Commuter district 0.375"]
    bears = treatment(
        NEW_YORK,
        seller("US"),
        buyer("US", region="US-NY", postal_code="10013"),
        tax_code="standard",
        on=DAY,
    )
    assert str(bears.percent) == "8.875"


def test_outside_the_city_only_the_state_taxes() -> None:
    assert several(NEW_YORK, buyer("US", region="ny", postal_code="12207")) == (
        "table:US-NY:standard",
        ["New York State 4"],
    )


def test_a_region_without_a_rate_is_one_we_need_not_collect_in() -> None:
    assert several(NEW_YORK, buyer("US", region="OR")) == ("not_registered", [])


@pytest.mark.parametrize("region", ["", "New York", "Oregon"])
def test_without_the_code_of_the_region_the_rate_is_missing_not_nothing(region: str) -> None:
    assert several(NEW_YORK, buyer("US", region=region)) == ("rate_missing", [])


def test_a_compound_tax_counts_on_the_tax_before_it() -> None:
    bears = treatment(CANADA, seller("CA"), buyer("CA", region="QC"), tax_code="standard", on=DAY)
    assert [each.is_compound for each in bears.components] == [False, True]
    assert str(bears.percent) == "14.975"


def test_of_one_jurisdiction_the_smallest_place_counts() -> None:
    table = TaxTable((tax_rate("ES", "21"), local("ES", "CN", "7", "")))
    mainland, canaries = buyer("ES"), buyer("ES", region="CN")
    assert treatment(table, seller("ES"), mainland, tax_code="standard", on=DAY).percent == 21
    assert treatment(table, seller("ES"), canaries, tax_code="standard", on=DAY).percent == 7


def test_india_levies_two_halves_at_home_and_one_whole_between_states() -> None:
    igst = local("IN", "", "18", "IGST")
    none = TaxRate(
        tax_code="standard",
        country="IN",
        region="KA",
        percent=NO_TAX,
        category=TaxCategory.ZERO,
        jurisdiction="IGST",
    )
    table = TaxTable((igst, none, local("IN", "KA", "9", "CGST"), local("IN", "KA", "9", "SGST")))
    assert several(table, buyer("IN", region="KA"), "IN")[1] == ["CGST 9", "SGST 9"]
    assert several(table, buyer("IN", region="MH"), "IN")[1] == ["IGST 18"]
