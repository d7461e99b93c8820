"""The chart of accounts: only those something is booked to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The two sides of an account."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class AccountType(StrEnum):
    """What an account holds: what we have, or what we owe."""

    ASSET = "ASSET"
    LIABILITY = "LIABILITY"

    @property
    def normal_side(self) -> Side:
        """The side on which it grows."""
        return Side.DEBIT if self is AccountType.ASSET else Side.CREDIT


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """An account's number in the chart, its name, its type, and what it holds in a sentence."""

    number: int
    name: str
    type: AccountType
    holds: str


class Account(StrEnum):
    """An account, by the name the database and the API use."""

    BANK = "bank"
    RECEIVABLE = "receivable"
    UNAPPLIED_CASH = "unapplied_cash"
    CUSTOMER_CREDIT = "customer_credit"
    TAX_PAYABLE = "tax_payable"
    CONTRACT_LIABILITY = "contract_liability"

    @property
    def terms(self) -> AccountTerms:
        """Its entry in the chart."""
        return CHART[self]


CHART = {
    Account.BANK: AccountTerms(1000, "Bank", AccountType.ASSET, "Money on our bank accounts."),
    Account.RECEIVABLE: AccountTerms(
        1200,
        "Accounts receivable",
        AccountType.ASSET,
        "Issued invoices, tax included, less what was allocated to them.",
    ),
    Account.UNAPPLIED_CASH: AccountTerms(
        2100,
        "Unapplied cash",
        AccountType.LIABILITY,
        "Money that arrived and is not yet said to pay an invoice.",
    ),
    Account.CUSTOMER_CREDIT: AccountTerms(
        2150,
        "Customer credit",
        AccountType.LIABILITY,
        "Over-payments kept for the customer.",
    ),
    Account.TAX_PAYABLE: AccountTerms(
        2300,
        "Tax payable",
        AccountType.LIABILITY,
        "Tax on issued invoices, owed to tax offices.",
    ),
    Account.CONTRACT_LIABILITY: AccountTerms(
        2400,
        "Contract liability (deferred revenue)",
        AccountType.LIABILITY,
        "Everything invoiced, without tax, until it is recognised as revenue.",
    ),
}
