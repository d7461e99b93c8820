"""The trial balance names every account, in order, and shows what is off."""

from dataclasses import replace

from tests.domain.ledger.books import Books, eur, issued
from usance.domain.ids import EntryId, LegalEntityId
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.postings import entry_for_issue
from usance.domain.ledger.trial_balance import imbalances, trial_balance
from usance.domain.money import Money, currency


def test_it_lists_debits_credits_and_balances_in_the_order_of_the_chart() -> None:
    books = Books()
    books.issue([(100_00, 19)])
    books.pay(200_00)
    rows = [
        (row.account.value, row.debit.text, row.credit.text, row.balance.text)
        for row in trial_balance(books.entries)
    ]
    assert rows == [
        ("bank", "200.00", "0.00", "200.00"),
        ("receivable", "119.00", "119.00", "0.00"),
        ("unapplied_cash", "119.00", "200.00", "-81.00"),
        ("tax_payable", "0.00", "19.00", "-19.00"),
        ("contract_liability", "0.00", "100.00", "-100.00"),
    ]


def test_legal_entities_and_currencies_stand_apart() -> None:
    euros = entry_for_issue(issued("inv_1", [(100, 0)]), entry_id=EntryId("ent_1"))
    yen = entry_for_issue(issued("inv_2", [(100, 0)], of=currency("JPY")), entry_id=EntryId("2"))
    assert euros is not None
    assert yen is not None
    zeta = replace(euros, legal_entity_id=LegalEntityId("zeta"))
    rows = trial_balance([zeta, yen, euros])
    assert [(row.legal_entity_id, row.currency.code) for row in rows[::2]] == [
        ("acme", "EUR"),
        ("acme", "JPY"),
        ("zeta", "EUR"),
    ]


def test_it_says_what_is_off() -> None:
    books = Books()
    books.pay(5_00)
    bank, _ = trial_balance(books.entries)
    assert bank.account is Account.BANK
    assert imbalances([bank]) == {("acme", "EUR"): eur("5.00")}
    assert imbalances([bank, replace(bank, debit=Money(0, bank.currency), credit=bank.debit)]) == {}
