"""An entry that does not balance cannot be made."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.ledger.books import ACME, EUR, SHOP, TODAY
from usance.domain.ids import EntryId
from usance.domain.ledger.accounts import CHART, Account, AccountType, Side
from usance.domain.ledger.entry import Entry, EntryKind, Posting
from usance.domain.money import Money, currency

AMOUNTS = st.integers(-(10**12), 10**12).filter(bool)


def entry_of(postings: Sequence[Posting]) -> Entry:
    """An entry of those postings, in euros."""
    return Entry(
        id=EntryId("ent_1"),
        legal_entity_id=ACME,
        currency=EUR,
        kind=EntryKind.PAYMENT_RECEIVED,
        source_id="pay_1",
        booked_on=TODAY,
        postings=tuple(postings),
    )


def posting(minor: int, code: str = "EUR") -> Posting:
    """A posting of that many minor units."""
    return Posting(Account.BANK, Money(minor, currency(code)), SHOP)


@given(st.lists(AMOUNTS, min_size=1, max_size=6))
def test_an_entry_balances_or_is_refused(amounts: list[int]) -> None:
    postings = [posting(minor) for minor in amounts]
    if sum(amounts):
        with pytest.raises(AssertionError, match="an entry balances"):
            entry_of(postings)
        postings.append(posting(-sum(amounts)))
    assert sum(each.amount.minor for each in entry_of(postings).postings) == 0


def test_an_entry_books_something() -> None:
    with pytest.raises(AssertionError, match="books something"):
        entry_of([])


def test_an_entry_is_in_one_currency() -> None:
    with pytest.raises(AssertionError, match="in one currency"):
        entry_of([posting(5), posting(-5, "USD")])


def test_a_posting_moves_something() -> None:
    with pytest.raises(AssertionError, match="moves something"):
        posting(0)


def test_every_account_has_one_place_in_the_chart_in_the_order_of_its_number() -> None:
    assert list(CHART) == list(Account)
    numbers = [terms.number for terms in CHART.values()]
    assert numbers == sorted(set(numbers))


def test_what_we_have_grows_by_debits_and_what_we_owe_by_credits() -> None:
    assert Account.BANK.terms.type.normal_side is Side.DEBIT
    assert AccountType.LIABILITY.normal_side is Side.CREDIT
