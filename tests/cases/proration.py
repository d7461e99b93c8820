"""x"""

from tests.cases.values import Case, Found, UnmappedError

TOPICS: set[str] = set()


def found_in(case: Case) -> Found:
    raise UnmappedError("x")
