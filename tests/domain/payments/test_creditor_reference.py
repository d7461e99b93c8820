"""The RF reference: made from an invoice number, checked, printed in fours."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import iso11649

from usance.domain.errors import Invalid
from usance.domain.payments.creditor_reference import (
    creditor_reference,
    grouped,
    is_creditor_reference,
    normalised,
)

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
carried = st.text(SIGNS, min_size=1, max_size=21)


def test_the_example_of_the_standard_has_check_digits_18() -> None:
    assert creditor_reference("539007547034") == "RF18539007547034"


def test_an_invoice_number_keeps_its_letters_and_digits_and_loses_its_separators() -> None:
    assert creditor_reference("inv-2026/0042")[4:] == "INV20260042"


def test_it_is_printed_in_groups_of_four() -> None:
    assert grouped("RF18539007547034") == "RF18 5390 0754 7034"
    assert grouped("rf18 539007547034") == "RF18 5390 0754 7034"


@given(carried)
def test_every_reference_made_is_one_and_an_independent_check_agrees(number: str) -> None:
    reference = creditor_reference(number)
    assert is_creditor_reference(reference)
    assert is_creditor_reference(grouped(reference).lower())
    assert iso11649.is_valid(reference)
    assert normalised(grouped(reference)) == reference


@given(carried, carried)
def test_different_numbers_have_different_references(one: str, other: str) -> None:
    assume(one != other)
    assert creditor_reference(one) != creditor_reference(other)


@given(carried, st.data())
def test_one_wrong_sign_of_its_kind_is_noticed(number: str, data: st.DataObject) -> None:
    reference = creditor_reference(number)
    at = data.draw(st.integers(4, len(reference) - 1))
    kind = SIGNS[26:] if reference[at].isdigit() else SIGNS[:26]
    sign = data.draw(st.sampled_from(kind))
    assume(sign != reference[at])
    assert not is_creditor_reference(reference[:at] + sign + reference[at + 1 :])


@given(st.text(SIGNS[26:], min_size=2, max_size=21), st.data())
def test_two_neighbouring_digits_exchanged_are_noticed(number: str, data: st.DataObject) -> None:
    reference = creditor_reference(number)
    at = data.draw(st.integers(5, len(reference) - 1))
    assume(reference[at] != reference[at - 1])
    swapped = reference[: at - 1] + reference[at] + reference[at - 1] + reference[at + 1 :]
    assert not is_creditor_reference(swapped)


@pytest.mark.parametrize("number", ["", "---", "X" * 22, "Ä-1", "١٢٣", "ß"])
def test_a_number_that_cannot_be_carried_whole_is_refused(number: str) -> None:
    with pytest.raises(Invalid) as refusal:
        creditor_reference(number)
    assert refusal.value.problems[0].code == "NumberUnfitForReference"


@pytest.mark.parametrize(
    "text", ["", "RF", "RF18", "RF00539007547034", "RF1853900754703４", "18RF5"]
)
def test_other_texts_are_no_references(text: str) -> None:
    assert not is_creditor_reference(text)
