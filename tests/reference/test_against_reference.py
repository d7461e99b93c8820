"""The engine against the reference engine, and against itself, on thousands of random contracts.

`USANCE_REFERENCE_CONTRACTS=20000` compares so many; `USANCE_REFERENCE_FIRST=5000` begins there.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.reference import billed
from tests.reference.at_random import signed
from tests.reference.compared import differences, told

CONTRACTS = int(os.environ.get("USANCE_REFERENCE_CONTRACTS", "2000"))
FIRST = int(os.environ.get("USANCE_REFERENCE_FIRST", "0"))
PARTS = 20  # so that several processes share them


@pytest.mark.parametrize("part", range(PARTS))
def test_contracts_come_to_what_the_reference_says_at_once_and_in_many_runs(part: int) -> None:
    """Per slice at once; per line in whatever runs, while orders arrive in whatever sequence."""
    for number in range(FIRST + part, FIRST + CONTRACTS, PARTS):
        contract = signed(number)
        if differences(contract):
            pytest.fail(told(contract))


def test_the_random_contracts_have_all_that_can_be_signed() -> None:
    """Few orders are refused, and nothing that either engine knows is missing."""
    kinds: Counter[str] = Counter()
    refused = 0
    for number in range(60):
        deal = billed.deal(signed(number).forms)
        refused += len(deal.refused)
        for form in deal.forms:
            kinds[form["kind"]] += 1
            kinds.update(line["kind"] for line in form.get("lines", []))
    assert len(kinds) == 5 + 6, f"all kinds of orders and lines: {kinds}"
    assert min(kinds.values()) >= 3
    assert refused * 3 < sum(kinds.values())
