"""The trial balance: what stands on each account, and that it adds up to zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from usance.domain.ids import LegalEntityId
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry
from usance.domain.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBalanceRow:
    """One account of one legal entity in one currency: all its debits, all its credits.

    Both are above or at zero. `balance` is debits less credits.
    """

    legal_entity_id: LegalEntityId
    account: Account
    debit: Money
    credit: Money

    @property
    def currency(self) -> Currency:
        """The currency of all three amounts."""
        return self.debit.currency

    @property
    def balance(self) -> Money:
        """Above zero: more debits; below: more credits, as is normal for what we owe."""
        return self.debit - self.credit


def trial_balance(entries: Iterable[Entry]) -> tuple[TrialBalanceRow, ...]:
    """Every account something was booked to, by legal entity, currency and number.

    The reference: the store's sums in SQL are held to this.
    """
    sides: dict[tuple[LegalEntityId, Currency, Account], list[int]] = {}
    for entry in entries:
        for posting in entry.postings:
            key = (entry.legal_entity_id, entry.currency, posting.account)
            debit_and_credit = sides.setdefault(key, [0, 0])
            debit_and_credit[posting.amount.is_negative] += abs(posting.amount.minor)
    rows = (
        TrialBalanceRow(
            legal_entity_id=entity,
            account=account,
            debit=Money(debit, of),
            credit=Money(credit, of),
        )
        for (entity, of, account), (debit, credit) in sides.items()
    )
    return tuple(sorted(rows, key=in_order))


def in_order(row: TrialBalanceRow) -> tuple[str, str, int]:
    """How a trial balance is sorted."""
    return row.legal_entity_id, row.currency.code, row.account.terms.number


def imbalances(rows: Iterable[TrialBalanceRow]) -> dict[tuple[LegalEntityId, str], Money]:
    """What is off, by legal entity and currency code. Empty, always, or something is broken."""
    sums: dict[tuple[LegalEntityId, str], Money] = {}
    for row in rows:
        key = (row.legal_entity_id, row.currency.code)
        sums[key] = sums.get(key, Money.zero(row.currency)) + row.balance
    return {key: off for key, off in sums.items() if not off.is_zero}
