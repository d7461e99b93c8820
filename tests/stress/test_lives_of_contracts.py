"""Whatever is agreed, in whatever sequence it is typed, while others bill: what stands in the end
is the price of what was agreed in the end.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.stories.world import World
from tests.stress.lives import END, Lives

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

STEPS = 60


def lives(world: World, seed: int) -> Lives:
    world.on("2025-01-02")
    return Lives(world, random.Random(seed)).begin()


def usual(found: Lives) -> list[Callable[[], object]]:
    """What people and workers do all day."""
    return [
        *[found.type_an_order, found.fulfil_one, found.fulfil_one, found.days_pass, found.bill] * 2,
        found.fulfil_while_billing,
        found.bill_ahead,
        found.bill_twice_at_once,
        found.approve,
        found.issue,
        found.send_all,
        found.void,
    ]


@pytest.mark.parametrize("seed", range(8))
def test_what_stands_in_the_end_is_the_price_of_the_final_timeline(world: World, seed: int) -> None:
    found = lives(world, seed)
    found.live(usual(found), STEPS)
    assert found.done["fulfil_one"] > 0
    world.on(str(END))
    found.settle()
    assert found.billed() == found.agreed()
    assert found.pieces() == found.agreed()
    assert found.given_back_too_much() == []
    world.approve_all().issue_all()
    assert world.bill().draft_count == 0
