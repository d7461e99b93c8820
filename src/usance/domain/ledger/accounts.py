"""The chart of accounts: only those something is booked to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The two sides of an account."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class AccountType(StrEnum):
    """What an account holds: what we have, what we owe, what we earn, what we lose."""

    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    INCOME = "INCOME"
    EXPENSE = "EXPENSE"

    @property
    def normal_side(self) -> Side:
        """The side on which it grows."""
        is_debit = self in (AccountType.ASSET, AccountType.EXPENSE)
        return Side.DEBIT if is_debit else Side.CREDIT


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
    BAD_DEBT_TAX = "bad_debt_tax"
    UNAPPLIED_CASH = "unapplied_cash"
    CUSTOMER_CREDIT = "customer_credit"
    REFUNDS_PAYABLE = "refunds_payable"
    TAX_PAYABLE = "tax_payable"
    CONTRACT_LIABILITY = "contract_liability"
    LATE_FEE_INCOME = "late_fee_income"
    BAD_DEBT = "bad_debt"
    PAYMENT_DIFFERENCES = "payment_differences"

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
    Account.BAD_DEBT_TAX: AccountTerms(
        1300,
        "Tax on bad debts",
        AccountType.ASSET,
        "Tax in what was written off, to be reclaimed from tax offices.",
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
        "Credit notes not used up, and over-payments kept for the customer.",
    ),
    Account.REFUNDS_PAYABLE: AccountTerms(
        2160,
        "Refunds payable",
        AccountType.LIABILITY,
        "Refunds promised and not yet sent.",
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
    Account.LATE_FEE_INCOME: AccountTerms(
        4900,
        "Late fees and interest",
        AccountType.INCOME,
        "Charged for paying late.",
    ),
    Account.BAD_DEBT: AccountTerms(
        6300,
        "Bad debts",
        AccountType.EXPENSE,
        "Invoices that will not be paid, without their tax.",
    ),
    Account.PAYMENT_DIFFERENCES: AccountTerms(
        6350,
        "Payment differences",
        AccountType.EXPENSE,
        "Differences too small to ask for: bank fees, roundings.",
    ),
}
