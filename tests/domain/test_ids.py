"""Identifiers: which references a user may choose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid
from usance.domain.ids import parse_ref

LETTERS = "abcXYZ0189"


@given(st.text(LETTERS, min_size=1, max_size=1), st.text(LETTERS + "_|.:@-", max_size=254))
def test_a_reference_is_kept_as_written(first: str, rest: str) -> None:
    assert parse_ref(first + rest) == first + rest


@pytest.mark.parametrize("text", ["", "-a", "a b", "a/b", "ä", "a" * 256, "a\n", "a\x00"])
def test_what_is_no_reference_is_refused_by_its_path(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_ref(text, path="lines[0].lineId")
    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("InvalidId", "lines[0].lineId")


def test_a_number_is_no_reference() -> None:
    with pytest.raises(Invalid):
        parse_ref(42)  # type: ignore[arg-type]
