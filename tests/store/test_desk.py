"""What is owed, as the billing run takes it: part by part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usance.domain.due_items import DueItem
from usance.domain.ids import CustomerId, LegalEntityId
from usance.domain.invoicing.history import Account
from usance.domain.money import currency
from usance.store.desk import Owed

EUR = currency("EUR")


@given(st.integers(0, 20), st.integers(1, 7))
def test_the_parts_of_what_is_owed_are_all_of_it_in_order(count: int, size: int) -> None:
    accounts = [Account(CustomerId(f"c{n}"), LegalEntityId("le"), EUR) for n in range(count)]
    nothing: list[DueItem] = []
    owed = Owed(dict.fromkeys(accounts, nothing), {})
    parts = list(owed.parts(size))
    assert [account for part in parts for account in part.items] == accounts
    assert all(1 <= len(part.items) <= size for part in parts)
