"""Changes of lines that have an amount, or usage, in place of a quantity."""

from __future__ import annotations

import pytest

from tests.stories.test_contracts_amended import CALLS, amendment, nets
from tests.stories.world import World
from usance.domain.errors import Invalid


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ("lineId: calls, quantity: 2", "QuantityOfUsage", "quantity"),
        ("lineId: calls, addQuantity: 2", "QuantityOfUsage", "addQuantity"),
        ("lineId: minimum, quantity: 2", "NotOfThisKind", "quantity"),
        ("lineId: minimum, discount: {percent: 10}", "NotOfThisKind", "discount"),
        (
            "lineId: minimum, price: {model: PER_UNIT, unitAmount: 5}",
            "NotOfThisKind",
            "price.model",
        ),
        ("lineId: minimum, price: {model: FLAT, amount: 5, minimum: 9}", "NotOfThisKind", "price"),
    ],
)
def test_a_change_of_what_lines_of_its_kind_do_not_have_is_refused(
    world: World, change: str, code: str, path: str
) -> None:
    minimum = "- {lineId: minimum, name: Minimum, kind: COMMITMENT, amount: 100, billing: {every: "
    world.sign(CALLS % "" + minimum + "WHOLE_TERM}}\n")
    with pytest.raises(Invalid) as refused:
        world.order(amendment(f"orderId: A1\neffectiveOn: 2025-02-01\nchanges: [{{{change}}}]"))
    found = [(each.code, each.path) for each in refused.value.problems]
    assert found == [(code, f"changes[0].{path}")]


def test_a_commitment_becomes_another_amount_by_its_price(world: World) -> None:
    minimum = "- {lineId: minimum, name: Minimum, kind: COMMITMENT, amount: 100, billing: {every: "
    world.sign(CALLS % "" + minimum + "{unit: QUARTER}}}\n")
    change = "changes: [{lineId: minimum, price: {model: FLAT, amount: 250}}]"
    world.sign(amendment(f"orderId: A1\neffectiveOn: 2025-04-01\n{change}"))
    world.on("2025-07-01").bill()
    assert nets(world)[-1] == "2025-07-01 I 2025-04-01..2025-07-01 250.00"
