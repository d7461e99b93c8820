"""docs/ledger.md says what the code does."""

from tests.domain.ledger.t_accounts import DOCUMENT, document, story
from usance.domain.ledger.accounts import Account
from usance.domain.ledger.entry import EntryKind


def test_the_document_shows_what_the_code_books() -> None:
    """When it does not: python -m tests.domain.ledger.t_accounts --write."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_the_story_books_every_kind_of_entry_and_touches_every_account() -> None:
    entries = [booking.entry for booking in story() if booking.entry is not None]
    assert {entry.kind for entry in entries} == set(EntryKind)
    assert {each.account for entry in entries for each in entry.postings} == set(Account)
