"""The ledger: balanced entries, and the trial balance that is always zero."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from usance.api.caller import Asked
from usance.api.envelope import Amount, CurrencyCode, Page, Single, Wire
from usance.api.fields import at
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.calendar import parse_day
from usance.domain.errors import Invalid, Problem
from usance.domain.ids import CustomerId, EntryId, InvoiceId, LegalEntityId
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry, EntryKind
from usance.domain.ledger.trial_balance import TrialBalanceRow, imbalances
from usance.store import ledger
from usance.store.ledger import EntryCursor, EntryFilter

router = resource("ledger", tag="Ledger")


class AccountBalance(Wire):
    """All debits and credits of one account of one legal entity in one currency."""

    legal_entity_id: str
    currency: CurrencyCode
    account: Account
    account_number: int
    account_name: str
    debit: Amount
    credit: Amount
    balance: Amount = Field(description="Debits less credits.")


class TrialBalanceWire(Wire):
    """What stands on each account."""

    on: str | None
    is_balanced: bool = Field(description="True, always, or something is broken.")
    accounts: list[AccountBalance]


class PostingWire(Wire):
    """One line of an entry: a debit or a credit, the other null."""

    account: Account
    debit: Amount | None
    credit: Amount | None
    customer_id: str


class EntryWire(Wire):
    """What one event did to the accounts."""

    id: str
    legal_entity_id: str
    currency: CurrencyCode
    kind: EntryKind
    source_id: str = Field(description="The invoice, payment, allocation or credit it books.")
    booked_on: str
    postings: list[PostingWire]


@router.get("/trial-balance", operation_id="getTrialBalance", summary="The trial balance")
def get_trial_balance(
    caller: Asked,
    on: Annotated[
        str | None, Query(description="At the end of that day; by default with all there is.")
    ] = None,
    legal_entity_id: Annotated[str | None, Query(alias="legalEntityId", max_length=255)] = None,
) -> Single[TrialBalanceWire]:
    """By legal entity, currency and account number."""
    day = _day(on, "on")
    with caller.transaction() as tx:
        rows = ledger.trial_balance(tx, on=day, legal_entity_id=legal_entity_id)
    return Single(
        data=TrialBalanceWire(
            on=None if day is None else day.isoformat(),
            is_balanced=not imbalances(rows),
            accounts=[_balance(row) for row in rows],
        )
    )


@router.get("/entries", operation_id="listLedgerEntries", summary="The journal")
def list_entries(
    caller: Asked,
    asked: Paging,
    *,
    legal_entity_id: Annotated[str | None, Query(alias="legalEntityId", max_length=255)] = None,
    account: Account | None = None,
    customer_id: Annotated[str | None, Query(alias="customerId", max_length=255)] = None,
    source_id: Annotated[str | None, Query(alias="sourceId", max_length=255)] = None,
    invoice_id: Annotated[
        str | None,
        Query(alias="invoiceId", max_length=255, description="All ever booked about an invoice."),
    ] = None,
    booked_from: Annotated[str | None, Query(alias="bookedFrom")] = None,
    booked_until: Annotated[
        str | None, Query(alias="bookedUntil", description="The first day not included.")
    ] = None,
) -> Page[EntryWire]:
    """By booking day, then by age."""
    matching = EntryFilter(
        legal_entity_id=None if legal_entity_id is None else LegalEntityId(legal_entity_id),
        account=account,
        customer_id=None if customer_id is None else CustomerId(customer_id),
        source_id=source_id,
        invoice_id=None if invoice_id is None else InvoiceId(invoice_id),
        booked_from=_day(booked_from, "bookedFrom"),
        booked_until=_day(booked_until, "bookedUntil"),
    )
    after, before = _place(asked.after, "after"), _place(asked.before, "before")
    with caller.transaction() as tx:
        found = ledger.entries(
            tx, matching=matching, after=after, before=before, limit=asked.and_one
        )
    shown, cursors = part(found, asked, lambda entry: f"{entry.booked_on}|{entry.id}")
    return Page(data=[_entry(entry) for entry in shown], pagination=cursors)


def _balance(row: TrialBalanceRow) -> AccountBalance:
    return AccountBalance(
        legal_entity_id=row.legal_entity_id,
        currency=row.currency.code,
        account=row.account,
        account_number=row.account.terms.number,
        account_name=row.account.terms.name,
        debit=row.debit.text,
        credit=row.credit.text,
        balance=row.balance.text,
    )


def _entry(entry: Entry) -> EntryWire:
    return EntryWire(
        id=entry.id,
        legal_entity_id=entry.legal_entity_id,
        currency=entry.currency.code,
        kind=entry.kind,
        source_id=entry.source_id,
        booked_on=entry.booked_on.isoformat(),
        postings=[
            PostingWire(
                account=posting.account,
                debit=None if posting.amount.is_negative else posting.amount.text,
                credit=(-posting.amount).text if posting.amount.is_negative else None,
                customer_id=posting.customer_id,
            )
            for posting in entry.postings
        ],
    )


def _place(cursor: str | None, path: str) -> EntryCursor | None:
    """Where a page of entries ended: its day and id."""
    if cursor is None:
        return None
    day, _, entry_id = cursor.partition("|")
    try:
        return EntryCursor(parse_day(day), EntryId(entry_id))
    except Invalid:
        expected = "a cursor from this list's pagination"
        raise Invalid(Problem("InvalidCursor", path, cursor[:80], expected)) from None


def _day(text: str | None, path: str) -> date | None:
    return None if text is None else at(path, lambda: parse_day(text))
