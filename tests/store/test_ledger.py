"""The ledger in PostgreSQL: what does not balance is refused, what is booked stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import errors

from tests.conftest import new_sandbox
from tests.domain.ledger.books import ACME, EIGHT, EUR, SHOP, TODAY, eur, issued, payment
from tests.domain.ledger.lives import STEPS, lived
from tests.store.receivables import add_invoice, add_parties
from usance.domain.ids import EntryId, InvoiceId, LegalEntityId
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import Entry, EntryKind, Posting
from usance.domain.ledger.postings import entry_for_issue, entry_for_payment
from usance.domain.ledger.trial_balance import imbalances, trial_balance
from usance.domain.money import Money
from usance.flows.runtime import Scope
from usance.store import ledger
from usance.store.database import Database
from usance.store.ledger import EntryCursor, EntryFilter

ENTRY = """
INSERT INTO ledger_entries (tenant_id, id, legal_entity_id, currency, kind, source_id, booked_on,
                            line_count, created_at)
VALUES (%(tenant_id)s, %(id)s, 'acme', 'EUR', 'PAYMENT_RECEIVED', %(id)s, '2026-03-01',
        %(line_count)s, '2026-03-01T08:00Z')
"""
LINE = """
INSERT INTO ledger_lines (tenant_id, entry_id, position, line_count, account, amount_minor)
VALUES (%(tenant_id)s, %(entry_id)s, %(position)s, %(line_count)s, %(account)s, %(minor)s)
"""


@pytest.fixture
def books(database: Database, scope: Scope) -> Scope:
    """A tenant with its legal entities and a customer."""
    with database.transaction(scope.tenant_id) as tx:
        add_parties(tx)
    return scope


def write_raw(
    database: Database, scope: Scope, *minors: int, line_count: int = 2, account: str = "bank"
) -> None:
    """An entry of those amounts, past every rule in Python, committed."""
    with database.transaction(scope.tenant_id) as tx:
        tx.run(ENTRY, id="ent_raw", line_count=line_count)
        for position, minor in enumerate(minors, start=1):
            tx.run(
                LINE,
                entry_id="ent_raw",
                position=position,
                line_count=line_count,
                account=account,
                minor=minor,
            )


def test_a_balanced_entry_commits(database: Database, books: Scope) -> None:
    write_raw(database, books, 100, -100)
    with database.transaction(books.tenant_id) as tx:
        assert len(ledger.entries(tx)) == 1


@pytest.mark.parametrize(
    ("minors", "constraint"),
    [
        ((100, -99), "an_entry_balances"),
        ((100,), "an_entry_has_its_lines"),
        ((), "an_entry_has_its_lines"),
    ],
    ids=["unbalanced", "one line missing", "no lines"],
)
def test_an_unbalanced_entry_cannot_commit(
    database: Database, books: Scope, minors: tuple[int, ...], constraint: str
) -> None:
    with pytest.raises(errors.CheckViolation) as refusal:
        write_raw(database, books, *minors)
    assert refusal.value.diag.constraint_name == constraint
    with database.transaction(books.tenant_id) as tx:
        assert ledger.entries(tx) == []


def test_the_balance_is_checked_at_commit_not_before(database: Database, books: Scope) -> None:
    with database.transaction(books.tenant_id) as tx:
        tx.run(ENTRY, id="ent_raw", line_count=2)
        half = {"entry_id": "ent_raw", "line_count": 2, "account": "bank"}
        tx.run(LINE, **half, position=2, minor=-5)
        assert ledger.trial_balance(tx)[0].balance == Money(-5, EUR)
        tx.run(LINE, **half, position=1, minor=5)


@pytest.mark.parametrize("line_count", [2, 3, 4])
def test_a_whole_entry_has_no_room_for_one_more_line(
    database: Database, books: Scope, line_count: int
) -> None:
    write_raw(database, books, 100, -100)
    with (
        pytest.raises(errors.IntegrityError),
        database.transaction(books.tenant_id) as tx,
    ):
        tx.run(
            LINE,
            entry_id="ent_raw",
            position=3,
            line_count=line_count,
            account="bank",
            minor=1,
        )


def test_a_line_of_nothing_or_of_an_account_outside_the_chart_is_refused(
    database: Database, books: Scope
) -> None:
    for account, minor in (("bank", 0), ("petty_cash", 5)):
        with pytest.raises(errors.CheckViolation):
            write_raw(database, books, minor, account=account)


def test_nothing_booked_is_changed_or_deleted(database: Database, books: Scope) -> None:
    write_raw(database, books, 100, -100)
    for statement in (
        "UPDATE ledger_entries SET booked_on = '2026-01-01' WHERE tenant_id = %(tenant_id)s",
        "DELETE FROM ledger_entries WHERE tenant_id = %(tenant_id)s",
        "UPDATE ledger_lines SET amount_minor = 1 WHERE tenant_id = %(tenant_id)s",
        "DELETE FROM ledger_lines WHERE tenant_id = %(tenant_id)s",
    ):
        with (
            pytest.raises(errors.RestrictViolation, match="append-only"),
            database.transaction(books.tenant_id) as tx,
        ):
            tx.run(statement)


def test_the_same_source_is_not_booked_twice(database: Database, books: Scope) -> None:
    first = entry_for_payment(payment(eur("10.00")), entry_id=EntryId("ent_1"))
    with database.transaction(books.tenant_id) as tx:
        ledger.append(tx, first, at=EIGHT)
    with (
        pytest.raises(errors.UniqueViolation, match="booked_once"),
        database.transaction(books.tenant_id) as tx,
    ):
        ledger.append(tx, replace(first, id=EntryId("ent_2")), at=EIGHT)


def test_every_account_and_kind_of_the_rules_may_be_booked(
    database: Database, books: Scope
) -> None:
    with database.transaction(books.tenant_id) as tx:
        for kind in EntryKind:
            ledger.append(tx, _entry(kind), at=EIGHT)
        assert {entry.kind for entry in ledger.entries(tx)} == set(EntryKind)
        assert [row.account for row in ledger.trial_balance(tx)] == list(Account)


def test_entries_come_back_as_they_were_booked(database: Database, books: Scope) -> None:
    entries = lived([("issue", [(100_00, 19), (50_00, 7)]), ("pay", 300_00), ("keep", 0)]).entries
    with database.transaction(books.tenant_id) as tx:
        ledger.append_all(tx, entries, at=EIGHT)
        assert {entry.id: entry for entry in ledger.entries(tx)} == {
            entry.id: entry for entry in entries
        }


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_the_trial_balance_in_sql_is_the_fold_of_the_rules_and_zero(
    database: Database, steps: list[tuple[str, object]]
) -> None:
    entries = lived(steps).entries
    with database.transaction(new_sandbox(database).tenant_id) as tx:
        add_parties(tx)
        ledger.append_all(tx, entries, at=EIGHT)
        rows = ledger.trial_balance(tx)
    assert rows == trial_balance(entries)
    assert imbalances(rows) == {}


def test_a_trial_balance_is_as_of_the_end_of_a_day_and_of_one_entity_or_all(
    database: Database, books: Scope
) -> None:
    day = entry_for_payment(payment(eur("10.00")), entry_id=EntryId("ent_1"))
    later = replace(
        day,
        id=EntryId("ent_2"),
        source_id="pay_2",
        booked_on=TODAY + timedelta(days=1),
        legal_entity_id=LegalEntityId("globex"),
    )
    with database.transaction(books.tenant_id) as tx:
        ledger.append_all(tx, [day, later], at=EIGHT)
        assert ledger.trial_balance(tx, on=TODAY - timedelta(days=1)) == ()
        assert ledger.trial_balance(tx, on=TODAY) == trial_balance([day])
        assert ledger.trial_balance(tx, on=later.booked_on) == trial_balance([day, later])
        assert ledger.trial_balance(tx, legal_entity_id="globex") == trial_balance([later])


def test_the_journal_is_read_in_pages_by_day_then_age(database: Database, books: Scope) -> None:
    first = entry_for_payment(payment(eur("10.00")), entry_id=EntryId("ent_1"))
    entries = [
        replace(first, id=EntryId(f"ent_{index}"), source_id=f"pay_{index}", booked_on=day)
        for index, day in enumerate([date(2026, 3, 2), TODAY, date(2026, 3, 2), TODAY, TODAY])
    ]
    with database.transaction(books.tenant_id) as tx:
        ledger.append_all(tx, entries, at=EIGHT)
        read: list[Entry] = []
        last: EntryCursor | None = None
        while page := ledger.entries(tx, after=last, limit=2):
            assert len(page) <= 2
            read.extend(page)
            last = EntryCursor(page[-1].booked_on, page[-1].id)
    assert [entry.id for entry in read] == ["ent_1", "ent_3", "ent_4", "ent_0", "ent_2"]


@pytest.mark.parametrize(
    ("matching", "sources"),
    [
        (EntryFilter(), ["inv_1", "pay_1", "alc_1"]),
        (EntryFilter(account=Account.RECEIVABLE), ["inv_1", "alc_1"]),
        (EntryFilter(source_id="pay_1"), ["pay_1"]),
        (EntryFilter(customer_id=SHOP), ["inv_1", "pay_1", "alc_1"]),
        (EntryFilter(legal_entity_id=LegalEntityId("globex")), []),
        (EntryFilter(invoice_id=InvoiceId("inv_1"), account=Account.BANK), []),
        (
            EntryFilter(booked_from=TODAY, booked_until=TODAY + timedelta(days=1)),
            ["inv_1", "pay_1"],
        ),
        (EntryFilter(booked_from=TODAY + timedelta(days=1)), ["alc_1"]),
    ],
)
def test_the_journal_can_be_narrowed(
    database: Database, books: Scope, matching: EntryFilter, sources: list[str]
) -> None:
    entries = [
        replace(entry, source_id=source_id, booked_on=day)
        for entry, source_id, day in zip(
            lived([("issue", [(100, 0)]), ("pay", 100)]).entries,
            ("inv_1", "pay_1", "alc_1"),
            (TODAY, TODAY, TODAY + timedelta(days=1)),
            strict=True,
        )
    ]
    with database.transaction(books.tenant_id) as tx:
        ledger.append_all(tx, entries, at=EIGHT)
        found = ledger.entries(tx, matching=matching)
    assert sorted(entry.source_id for entry in found) == sorted(sources)


def test_nothing_to_book_is_no_work(database: Database, books: Scope) -> None:
    with database.transaction(books.tenant_id) as tx:
        ledger.append(
            tx, entry_for_issue(issued("inv_0", [(0, 0)]), entry_id=EntryId("e")), at=EIGHT
        )
        add_invoice(tx, "inv_zero", 0)
        assert ledger.entries(tx) == []


def test_another_tenant_sees_none_of_it(
    database: Database, books: Scope, other_scope: Scope
) -> None:
    write_raw(database, books, 100, -100)
    with database.transaction(other_scope.tenant_id) as tx:
        assert ledger.entries(tx) == []
        assert ledger.trial_balance(tx) == ()


def _entry(kind: EntryKind) -> Entry:
    """An entry that touches every account."""
    return Entry(
        id=EntryId(f"ent_{kind}"),
        legal_entity_id=ACME,
        currency=EUR,
        kind=kind,
        source_id=f"src_{kind}",
        booked_on=TODAY,
        postings=tuple(_postings()),
    )


def _postings() -> Iterator[Posting]:
    for account in Account:
        yield Posting(
            account, Money(1 if account is not Account.BANK else 1 - len(Account), EUR), SHOP
        )
