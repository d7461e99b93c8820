"""Sellers, buyers and tables to tax between."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from usance.domain.customer import Address, Customer, TaxId
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Money, currency
from usance.domain.rounding import TAX_MODES, TaxLevel, TaxRounding
from usance.domain.tax.amounts import TaxedAmount
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable
from usance.domain.tax.treatment import TaxComponent, TaxTreatment, combined

EUR = currency("EUR")
PERCENTS = ["0", "2.5", "7", "7.00", "8.875", "19", "25", "25.00", "100"]
CATEGORIES = [TaxCategory.EXEMPT, TaxCategory.REVERSE_CHARGE, TaxCategory.ZERO]
NETS = st.integers(-(10**10), 10**10) | st.integers(-60, 60)
SINGLE = st.sampled_from(
    [TaxTreatment(TaxCategory.STANDARD, Decimal(percent), "table") for percent in PERCENTS]
    + [TaxTreatment(category, Decimal(0), "rule", f"Why {category}.") for category in CATEGORIES]
)
COMPONENTS = st.sampled_from(
    [
        TaxComponent("GST", Decimal(5)),
        TaxComponent("State", Decimal("8.875")),
        TaxComponent("City", Decimal("0.5")),
        TaxComponent("QST", Decimal("9.5"), is_compound=True),
        TaxComponent("Levy", Decimal(2), is_compound=True),
    ]
)
SEVERAL = st.lists(COMPONENTS, min_size=1, max_size=4, unique=True).map(
    lambda components: combined(components, "table")
)
ROUNDINGS = st.builds(TaxRounding, st.sampled_from(TaxLevel), st.sampled_from(TAX_MODES))


def amounts(treatments: st.SearchStrategy[TaxTreatment]) -> st.SearchStrategy[list[TaxedAmount]]:
    """One to ten lines in euros, some with their tax in them."""
    line = st.builds(
        TaxedAmount,
        NETS.map(lambda minor: Money(minor, EUR)),
        treatments,
        st.booleans(),
        known=st.none(),
    )
    return st.lists(line, min_size=1, max_size=10)


def tax_rate(
    country: str, percent: str, code: str = "standard", category: TaxCategory = TaxCategory.STANDARD
) -> TaxRate:
    """A rate that was always valid and will be."""
    return TaxRate(tax_code=code, country=country, percent=Decimal(percent), category=category)


def local(country: str, region: str, percent: str, name: str, postal: str = "") -> TaxRate:
    """The rate of a region, or of postal codes in it."""
    return TaxRate(
        tax_code="standard",
        country=country,
        region=region,
        postal_prefix=postal,
        percent=Decimal(percent),
        jurisdiction=name,
    )


TAXES = TaxTable(
    (
        tax_rate("DE", "19"),
        tax_rate("DE", "7.00", "reduced"),
        tax_rate("FR", "20"),
        tax_rate("US", "0", "standard", TaxCategory.ZERO),
        tax_rate("US", "0", "reduced", TaxCategory.EXEMPT),
    )
)


def seller(country: str = "DE") -> LegalEntity:
    """Who sells, from that country."""
    return LegalEntity(
        id=LegalEntityId("le"),
        name="Alter Software GmbH",
        address=Address(country=country),
        zone=ZoneInfo("Europe/Berlin"),
        series="ALT",
    )


def buyer(
    country: str | None = "DE",
    *,
    vat_ids: Sequence[str] = (),
    exemption: str | None = None,
    region: str = "",
    postal_code: str = "",
) -> Customer:
    """Who buys, from that place (None: no address), with those EU VAT ids."""
    place = None
    if country is not None:
        place = Address(country=country, region=region, postal_code=postal_code)
    return Customer(
        id=CustomerId("cus"),
        name="Acme",
        address=place,
        tax_ids=tuple(TaxId("eu_vat", value) for value in vat_ids),
        exemption=exemption,
    )


SELLERS = st.sampled_from(["DE", "US", "GB", "AU"]).map(seller)
BUYERS = st.builds(
    buyer,
    st.sampled_from([None, "DE", "FR", "AT", "US", "CH"]),
    vat_ids=st.sampled_from([(), ("DE136695976",), ("FR40303265045",), ("XI980780684",)]),
    exemption=st.none() | st.just("Exempt: a charity."),
)
