"""Customers: who buys, where they are, and what the tax office knows them by.

Owns: addresses, tax ids and their format, the customer, what other systems call it.
Does not own: what a customer bought (contracts), owes (invoicing) or may use (entitlements).

Always true:
- a tax id of a known kind has that kind's format and check digits;
- a country is an ISO 3166 alpha-2 code, or XK, which everybody writes for Kosovo;
- who pays for a customer is the first one above it, or itself, that pays its own invoices.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat

from usance.domain.calendar import zone
from usance.domain.errors import Conflict, Invalid, Problem
from usance.domain.ids import CouponId, CustomerId, IntegrationId
from usance.domain.money import currency
from usance.domain.receivables_policy import CreditApplication

# The states whose VAT is the Union's, by ISO code (Greece writes EL in its VAT ids). Northern
# Ireland is in it for goods only, and this is software. Source: EU VAT directive, article 5.
EU_STATES = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(EU_STATES.split())
MAX_NAME = 255
# Territories of the locale data that ISO 3166 does not list: unions, parts of states, test codes.
NO_COUNTRIES = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ"
# Control characters are not visible, and half of a surrogate pair is no text at all.
NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


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
        """The state of the Union that gave an EU VAT id; None for all others.

        XI (Northern Ireland, for goods only) and EU (sellers from outside) are no such states.
        """
        return _state_of(self.value) if self.kind == "eu_vat" else None


class BillTo(StrEnum):
    """Whose invoices carry what a customer bought."""

    SELF = "SELF"
    PARENT = "PARENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who buys. `exemption` is the reason printed when no tax is due whatever the place;
    `credit_application` None: its credit pays invoices as the legal entity has it. `parent_id` is
    the account it belongs to, which pays when `bill_to` says so. `billing_id` is what another
    system calls it; `billing_currency` an ISO 4217 code in capitals; `coupon_id` is taken off all
    of its subscriptions.
    """

    id: CustomerId
    name: str
    email: str | None = None
    address: Address | None = None
    tax_ids: tuple[TaxId, ...] = ()
    locale: str = "en"
    exemption: str | None = None
    credit_application: CreditApplication | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    parent_id: CustomerId | None = None
    bill_to: BillTo = BillTo.SELF
    billing_id: str | None = None
    billing_currency: str | None = None
    timezone: str | None = None
    coupon_id: CouponId | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        check_locale(self.locale, "locale")
        if self.email is not None and not _looks_like_mail(self.email):
            raise Invalid(
                Problem("InvalidEmail", "email", self.email, "an address like a@b.example")
            )
        if self.exemption is not None and not self.exemption.strip():
            expected = "the reason to print, or nothing at all"
            raise Invalid(Problem("InvalidExemption", "exemption", self.exemption, expected))

        if self.billing_id is not None:
            check_name(self.billing_id, "billingId")
        if self.billing_currency is not None:
            check_currency(self.billing_currency, "billingCurrency")
        if self.timezone is not None:
            check_zone(self.timezone, "timezone")
        if self.bill_to is BillTo.PARENT and self.parent_id is None:
            expected = "SELF, or a parentId beside it"
            raise Invalid(Problem("ParentMissing", "billTo", self.bill_to, expected))

    def eu_vat_ids(self) -> tuple[TaxId, ...]:
        """The VAT ids that states of the Union gave, as they are listed."""
        return tuple(tax_id for tax_id in self.tax_ids if tax_id.country is not None)


class Vendor(StrEnum):
    """Whose system a customer is known in, in the names of Stigg's SDKs."""

    AUTH0 = "AUTH0"
    ZUORA = "ZUORA"
    STRIPE = "STRIPE"
    HUBSPOT = "HUBSPOT"
    AWS_MARKETPLACE = "AWS_MARKETPLACE"
    SNOWFLAKE = "SNOWFLAKE"
    SALESFORCE = "SALESFORCE"
    BIG_QUERY = "BIG_QUERY"
    OPEN_FGA = "OPEN_FGA"
    APP_STORE = "APP_STORE"
    RECEIVED = "RECEIVED"
    PREQUEL = "PREQUEL"
    AIRWALLEX = "AIRWALLEX"
    STRIPE_INVOICING = "STRIPE_INVOICING"


class IntegrationLinked(Conflict):
    """A customer is one record of an integration."""

    code = "IntegrationLinked"

    def __init__(self, customer_id: CustomerId, held: Integration) -> None:
        super().__init__(
            f"Customer {customer_id} is {held.synced_entity_id!r} of {held.vendor} in integration "
            f"{held.id} already; change that link, or remove it first."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """What a customer is called in a connected system: `id` is the connection's. `synced_entity_id`
    is None until the record there is known; `sync_data` is what the last sync said of it.
    """

    id: IntegrationId
    vendor: Vendor
    synced_entity_id: str | None = None
    sync_data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.synced_entity_id is not None:
            check_name(self.synced_entity_id, "syncedEntityId")


def parent_problems(customer: Customer, above: Collection[CustomerId]) -> Iterator[Problem]:
    """What is wrong with a customer's parent. `above` are the parent, where there is one of that
    id, and all the accounts that it belongs to.
    """
    parent_id = customer.parent_id
    if parent_id is None:
        return
    if customer.id in above or customer.id == parent_id:
        expected = "an account that does not belong to this one"
        yield Problem("ParentCycle", "parentId", parent_id, expected)
    elif parent_id not in above:
        expected = "the id of a customer of this environment"
        yield Problem("UnknownParent", "parentId", parent_id, expected)


def payer_of(customer_id: CustomerId, known: Mapping[CustomerId, Customer]) -> Customer:
    """Who pays for a customer. `known` holds it and all the accounts it belongs to."""
    customer = known[customer_id]
    if customer.bill_to is BillTo.SELF or customer.parent_id is None:
        return customer
    return payer_of(customer.parent_id, known)


def country_named(text: str) -> str:
    """The ISO code of a country, given that code or the country's English name; any other text
    as it is, for the address to refuse.
    """
    if text.upper() in _countries():
        return text.upper()
    names = Locale("en").territories
    found = (code for code in _countries() if names[code].casefold() == text.casefold())
    return next(found, text)


def check_name(name: str, path: str) -> None:
    """Raises Invalid (InvalidName) unless it is 1 to 255 visible characters."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        expected = f"a name of 1 to {MAX_NAME} characters"
        raise Invalid(Problem("InvalidName", path, str(name)[:80], expected))
    if NOT_TEXT.search(name):
        expected = "text without control characters"
        raise Invalid(Problem("InvalidName", path, ascii(name)[:80], expected))


def check_country(code: str, path: str) -> None:
    """Raises Invalid (UnknownCountry) unless it is an ISO 3166 alpha-2 code in capitals."""
    if code not in _countries():
        expected = "an ISO 3166 country code of two capital letters, such as DE"
        raise Invalid(Problem("UnknownCountry", path, str(code)[:80], expected))


def check_locale(name: str, path: str) -> None:
    """Raises Invalid (UnknownLocale) unless Babel knows it: `en`, `de-DE`, `ja-JP`."""
    if not isinstance(name, str) or not _is_locale(name):
        expected = "a language tag such as en-US, de-DE or ja-JP"
        raise Invalid(Problem("UnknownLocale", path, str(name)[:80], expected))


@lru_cache(maxsize=1024)  # nearly all of a company's customers read one of a few languages
def _is_locale(name: str) -> bool:
    try:
        Locale.parse(name, sep="_" if "_" in name else "-")
    except (UnknownLocaleError, ValueError, AttributeError):
        return False
    return True


def check_currency(code: str, path: str) -> None:
    """Raises Invalid (UnknownCurrency) unless it is an ISO 4217 code, in capitals."""
    try:
        known = currency(code).code
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None
    if known != code:
        raise Invalid(Problem("UnknownCurrency", path, code[:80], known))


def check_zone(name: str, path: str) -> None:
    """Raises Invalid (UnknownTimeZone) unless it is an IANA zone such as Europe/Berlin."""
    try:
        zone(name)
    except Invalid as refused:
        raise Invalid(*(problem.under(path) for problem in refused.problems)) from None


@cache
def _countries() -> frozenset[str]:
    territories = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in territories if len(code) == 2) - {*NO_COUNTRIES.split()}


@lru_cache(maxsize=4096)
def _state_of(vat_id: str) -> str | None:
    prefix = eu_vat.compact(vat_id)[:2]
    country = "GR" if prefix == "EL" else prefix
    return country if country in EU else None


@lru_cache(maxsize=4096)  # customers are read again and again, and checking digits takes a while
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
