"""A rule of the house: it finds what breaks it, and each finding says what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps

import pytest


def rule(find: Callable[[], Iterator[str]]) -> Callable[[], None]:
    """A test that passes when `find` finds nothing, and otherwise shows all that it found."""

    @wraps(find)
    def test() -> None:
        findings = list(find())
        if findings:
            pytest.fail(f"{len(findings)} places:\n" + "\n".join(findings), pytrace=False)

    return test
