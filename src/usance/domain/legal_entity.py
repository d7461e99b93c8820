"""Legal entities: the companies of ours that sell and issue.

Owns: the issuer's particulars, bank accounts, number series, time zone.
Does not own: its tax rates (tax), the numbers already used (store).

Always true:
- the bank account for a currency receives that currency and names where to transfer to.

Its time zone decides what day it is for everything it issues.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from usance.domain.approval_rules import NO_RULES, ApprovalRules
from usance.domain.customer import Address, TaxId, check_locale, check_name
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import LegalEntityId, parse_ref
from usance.domain.money import Currency
from usance.domain.payment_terms import NET_30, PaymentTerms
from usance.domain.receivables_policy import BY_DEFAULT, ReceivablesPolicy
from usance.domain.rounding import TaxRounding, tax_rounding_of

SERIES = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,15}")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
# In the clear only to this machine: what it answers becomes tax on documents.
SERVICE_URL = re.compile(
    r"https://[^\s/?#@]+(/\S*)?|http://(localhost|127[.]0[.]0[.]1)(:[0-9]{1,5})?(/\S*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """Where customers transfer to; `currency` is what it receives."""

    currency: Currency
    holder: str
    bank: str
    iban: str | None = None
    account_number: str | None = None
    routing_number: str | None = None
    bic: str | None = None

    def __post_init__(self) -> None:
        check_name(self.holder, "holder")
        check_name(self.bank, "bank")
        if self.iban is None and not (self.account_number or "").strip():
            expected = "an IBAN or an account number"
            raise Invalid(Problem("BankAccountIncomplete", "iban", "", expected))
        if self.iban is not None and not _is_valid(iban.validate, self.iban):
            expected = "an IBAN with right check digits"
            raise Invalid(Problem("InvalidIban", "iban", self.iban, expected))
        if self.bic is not None and not _is_valid(bic.validate, self.bic):
            raise Invalid(Problem("InvalidBic", "bic", self.bic, "a BIC of 8 or 11 characters"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalEntity:
    """Who sells and issues. `series` begins its invoice numbers; `logo` is an SVG or PNG file.

    `review` is what it asks of those who approve its documents, `receivables` what it does about
    credit, small differences and late payment. `tax_rounding` None: as its country
    does; `tax_currency` is what its tax is also stated in, at the rates of `fx_source`;
    `tax_service` is the address of an outside service that is asked instead of the entity's own
    table.
    """

    id: LegalEntityId
    name: str
    address: Address
    zone: ZoneInfo
    series: str
    locale: str = "en"
    tax_ids: tuple[TaxId, ...] = ()
    registration: str = ""
    email: str | None = None
    bank_accounts: tuple[BankAccount, ...] = ()
    payment_terms: PaymentTerms = NET_30
    logo: bytes | None = None
    accent: str = "#1f4b99"
    paper: str = "a4"
    review: ApprovalRules = NO_RULES
    receivables: ReceivablesPolicy = BY_DEFAULT
    tax_rounding: TaxRounding | None = None
    tax_currency: Currency | None = None
    fx_source: str = "ECB"
    tax_service: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        check_locale(self.locale, "locale")
        if not SERIES.fullmatch(self.series):
            expected = "1 to 16 capital letters, digits, / or -, such as ACME"
            raise Invalid(Problem("InvalidSeries", "series", self.series, expected))
        if not COLOUR.fullmatch(self.accent):
            expected = "a colour such as #1f4b99"
            raise Invalid(Problem("InvalidColour", "accent", self.accent, expected))
        if self.paper not in ("a4", "us-letter"):
            raise Invalid(Problem("InvalidPaper", "paper", self.paper, "a4 or us-letter"))
        parse_ref(self.fx_source, path="fxSource")
        if self.tax_service is not None and not SERVICE_URL.fullmatch(self.tax_service):
            expected = "an https:// address, or http:// on this machine"
            raise Invalid(Problem("InvalidTaxService", "taxService", self.tax_service, expected))

    @property
    def rounds_tax(self) -> TaxRounding:
        """How tax is rounded on its documents: its own way, else its country's."""
        if self.tax_rounding is not None:
            return self.tax_rounding
        return tax_rounding_of(self.address.country)

    def bank_account_for(self, currency: Currency) -> BankAccount | None:
        """The account that receives that currency, the first one listed, or None."""
        return next((one for one in self.bank_accounts if one.currency == currency), None)


def _is_valid(validate: Callable[[str], str], value: str) -> bool:
    try:
        validate(value)
    except ValidationError:
        return False
    return True
