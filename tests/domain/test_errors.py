"""Errors: problems that name their place, and refusals that name all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.domain.errors import Invalid, NotFound, Problem, refuse_if

PATHS = st.sampled_from(["", "price", "lines[2]", "[0].price", "lines[2].price.unitAmount"])
PROBLEM = Problem("NegativePrice", "unitAmount", "-1", "zero or more")


@given(PATHS)
def test_a_problem_seen_from_further_out_ends_in_the_path_it_had(path: str) -> None:
    seen = Problem("Code", path, "x", "y").under("order").path
    assert seen.startswith("order")
    assert seen.endswith(path)
    assert ".." not in seen
    assert not seen.endswith(".")
    assert ".[" not in seen


def test_a_problem_reads_as_a_sentence() -> None:
    assert PROBLEM.under("lines[2].price").message == (
        "lines[2].price.unitAmount: '-1' is not accepted; expected zero or more"
    )
    assert Problem("Code", "", "x", "y").message.startswith("document: ")


def test_a_refusal_carries_every_problem_and_says_how_many() -> None:
    refuse_if([])
    with pytest.raises(Invalid, match=r"zero or more$") as one:
        refuse_if([PROBLEM])
    with pytest.raises(Invalid, match=r"zero or more \(and 2 more\)$") as three:
        refuse_if([PROBLEM, PROBLEM, PROBLEM])
    assert (len(one.value.problems), len(three.value.problems)) == (1, 3)


def test_a_refusal_without_a_problem_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        Invalid()


def test_what_is_not_found_is_named() -> None:
    missing = NotFound("invoice", "inv_1")
    assert str(missing) == "There is no invoice 'inv_1' in this environment."
    assert (missing.kind, missing.ref) == ("invoice", "inv_1")
