"""The balanced entry: a few postings that add up to zero, or it cannot be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from usance.domain.ids import CustomerId, EntryId, LegalEntityId
from usance.domain.ledger.accounts import Account
from usance.domain.money import Currency, Money


class EntryKind(StrEnum):
    """What happened. With its source it names an entry: nothing is booked twice."""

    INVOICE_ISSUED = "INVOICE_ISSUED"
    INVOICE_VOIDED = "INVOICE_VOIDED"
    PAYMENT_RECEIVED = "PAYMENT_RECEIVED"
    PAYMENT_ALLOCATED = "PAYMENT_ALLOCATED"
    ALLOCATION_TAKEN_BACK = "ALLOCATION_TAKEN_BACK"
    CUSTOMER_CREDIT_KEPT = "CUSTOMER_CREDIT_KEPT"
    CUSTOMER_CREDIT_RELEASED = "CUSTOMER_CREDIT_RELEASED"
    CREDIT_NOTE_ISSUED = "CREDIT_NOTE_ISSUED"
    CREDIT_NOTE_VOIDED = "CREDIT_NOTE_VOIDED"
    CREDIT_ALLOCATED = "CREDIT_ALLOCATED"
    REFUND_PROMISED = "REFUND_PROMISED"
    REFUND_SENT = "REFUND_SENT"
    REFUND_CANCELED = "REFUND_CANCELED"
    INVOICE_WRITTEN_OFF = "INVOICE_WRITTEN_OFF"
    WRITE_OFF_REVERSED = "WRITE_OFF_REVERSED"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry: a debit above zero, a credit side below. Never zero."""

    account: Account
    amount: Money
    customer_id: CustomerId

    def __post_init__(self) -> None:
        assert not self.amount.is_zero, "a posting moves something"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one event does to the accounts of one legal entity, in one currency.

    `source_id` is the document, payment, allocation, customer credit, refund or write-off it books;
    `booked_on` a day of the legal entity.
    """

    id: EntryId
    legal_entity_id: LegalEntityId
    currency: Currency
    kind: EntryKind
    source_id: str
    booked_on: date
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        assert self.postings, "an entry books something"
        assert sum(each.amount.minor for each in self.postings) == 0, "an entry balances"
        currencies = {each.amount.currency for each in self.postings}
        assert currencies == {self.currency}, "an entry is in one currency"
