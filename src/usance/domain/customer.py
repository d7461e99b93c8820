"""Customers: who buys, where they are, and what the tax office knows them by.

Owns: addresses, tax ids and their format, the customer.
Does not own: what a customer bought (contracts), owes (invoicing) or may use (entitlements).

Always true:
- a tax id of a known kind has that kind's format and check digits;
- a country is an ISO 3166 alpha-2 code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from babel import Locale, UnknownLocaleError
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat

from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId

# The states whose VAT is the Union's, by ISO code (Greece writes EL in its VAT ids). Northern
# Ireland is in it for goods only, and this is software. Source: EU VAT directive, article 5.
EU_STATES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(EU_STATES.split())
MAX_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where post arrives. `lines` as the country writes them, without city and country."""

    country: str
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postal_code: str = ""

    def __post_init__(self) -> None:
        check_country(self.country, "country")


@dataclass(frozen=True, slots=True)
class TaxId:
    """A tax number and its kind, in the names payment providers use: `eu_vat`, `gb_vat`, `us_ein`.

    Kinds we know are checked for format and check digits; others are kept as written.
    """

    kind: str
    value: str

    def __post_init__(self) -> None:
        problem = _problem_of(self.kind, self.value)
        if problem is not None:
            raise Invalid(problem)

    @property
    def country(self) -> str | None:
        """The ISO country of an EU VAT id, None for other kinds."""
        if self.kind != "eu_vat":
            return None
        prefix = self.value[:2].upper()
        return "GR" if prefix == "EL" else prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who buys. `exemption` is the reason printed when no tax is due whatever the place."""

    id: CustomerId
    name: str
    email: str | None = None
    address: Address | None = None
    tax_ids: tuple[TaxId, ...] = ()
    locale: str = "en"
    exemption: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        check_locale(self.locale, "locale")
        if self.email is not None and not _looks_like_mail(self.email):
            raise Invalid(
                Problem("InvalidEmail", "email", self.email, "an address like a@b.example")
            )

    def eu_vat_id(self) -> TaxId | None:
        """The VAT id of an EU state, when there is one."""
        return next((tax_id for tax_id in self.tax_ids if tax_id.kind == "eu_vat"), None)


def check_name(name: str, path: str) -> None:
    """Raises Invalid (InvalidName) unless it is 1 to 255 visible characters."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        expected = f"a name of 1 to {MAX_NAME} characters"
        raise Invalid(Problem("InvalidName", path, str(name)[:80], expected))
    if "\x00" in name:
        raise Invalid(Problem("InvalidName", path, repr(name)[:80], "text without NUL characters"))


def check_country(code: str, path: str) -> None:
    """Raises Invalid (UnknownCountry) unless it is an ISO 3166 alpha-2 code in capitals."""
    if code not in _countries():
        expected = "an ISO 3166 country code of two capital letters, such as DE"
        raise Invalid(Problem("UnknownCountry", path, str(code)[:80], expected))


def check_locale(name: str, path: str) -> None:
    """Raises Invalid (UnknownLocale) unless Babel knows it: `en`, `de-DE`, `ja-JP`."""
    try:
        Locale.parse(name, sep="_" if "_" in name else "-")
    except (UnknownLocaleError, ValueError, TypeError, AttributeError):
        expected = "a language tag such as en-US, de-DE or ja-JP"
        raise Invalid(Problem("UnknownLocale", path, str(name)[:80], expected)) from None


@cache
def _countries() -> frozenset[str]:
    territories = (str(code) for code in Locale("en").territories)
    not_countries = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    return frozenset(code for code in territories if len(code) == 2) - not_countries


def _problem_of(kind: str, value: str) -> Problem | None:
    if not kind or not value or len(value) > 64:
        return Problem("InvalidTaxId", "value", value[:80], "a tax number of 1 to 64 characters")
    if kind == "eu_vat":
        right, expected = eu_vat.is_valid(value), "an EU VAT id with its country, as DE136695976"
    elif kind == "gb_vat":
        right, expected = bool(gb_vat.is_valid(value)), "a UK VAT number such as GB980780684"
    else:
        return None
    return None if right else Problem("InvalidTaxId", "value", value, expected)


def _looks_like_mail(text: str) -> bool:
    local, at, host = text.rpartition("@")
    bad = any(character.isspace() or ord(character) < 33 for character in text)
    return bool(local and at and "." in host and not bad and len(text) <= 254)
