"""Random lives of a business, for properties that hold whatever happens to it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.domain.ledger.books import Books

LINES = st.lists(
    st.tuples(st.integers(-(10**9), 10**9), st.sampled_from([0, 7, 19, 25])),
    min_size=1,
    max_size=8,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), LINES.filter(lambda lines: all(net >= 0 for net, _ in lines))),
        st.tuples(st.just("pay"), st.integers(1, 10**10)),
        st.tuples(st.sampled_from(["void", "take_back", "keep", "release"]), st.integers(0, 100)),
    ),
    max_size=25,
)


def lived(steps: list[tuple[str, object]]) -> Books:
    """The books of a business to which all that happened."""
    books = Books()
    for name, what in steps:
        getattr(books, name)(what)
    return books
