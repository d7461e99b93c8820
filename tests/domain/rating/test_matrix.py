"""Matrices: usage by cell, the price of each, included units common to all."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.rating.price_values import AMOUNTS, QUANTITIES, matrices
from usance.domain.metering.totals import UsageCell
from usance.domain.money import currency
from usance.domain.rating.matrix import CellUsage, IncludedRule, unit_amount_for
from usance.domain.rating.prices import Cell, Matrix, Pricing
from usance.domain.rating.rate import rate_cells, rate_line

EUR = currency("EUR")
VALUES = st.sampled_from(["a", "b", "c"])
USAGE = st.lists(
    st.builds(
        lambda region, kind, quantity: CellUsage({"region": region, "kind": kind}, quantity),
        VALUES,
        VALUES,
        QUANTITIES,
    ),
    max_size=5,
)
TWO_REGIONS = Matrix(
    ("region",), (Cell(("a",), Decimal(1)), Cell(("b",), Decimal(2))), Decimal("0.5")
)
SIGNED = st.integers(-30_000, 30_000).map(lambda n: Decimal(n).scaleb(-2))
COUNTED = st.lists(
    st.builds(
        UsageCell,
        st.tuples(st.none() | VALUES, st.none() | VALUES),
        SIGNED,
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda cell: cell.values,
)


@given(matrices(), USAGE, QUANTITIES, st.sampled_from(IncludedRule))
def test_no_usage_of_a_matrix_is_dropped(
    price: Matrix, usage: list[CellUsage], included: Decimal, rule: IncludedRule
) -> None:
    rated = rate_cells(price, usage, included=included, rule=rule)
    whole = sum((one.quantity for one in usage), Decimal(0))
    facts = [part.facts for part in rated.working.parts]
    charged = sum((Decimal(one.get("charged", one["quantity"])) for one in facts), Decimal(0))
    assert abs(charged - max(whole - included, Decimal(0))) < Decimal("1e-30")
    assert sum((Decimal(one["amount"]) for one in facts), Decimal(0)) == rated.amount
    assert price.default_unit_amount is None or rated.unpriced == 0


def test_the_exact_cell_comes_before_the_open_one_and_the_default_last() -> None:
    price = Matrix(
        ("region", "kind"),
        (
            Cell((None, None), Decimal(9)),
            Cell(("a", None), Decimal(2)),
            Cell(("a", "x"), Decimal(1)),
        ),
    )
    found = [
        unit_amount_for(price, values)
        for values in ({"region": "a", "kind": "x"}, {"region": "a"}, {"kind": "x"})
    ]
    assert found == [1, 2, 9]
    assert unit_amount_for(TWO_REGIONS, {"region": "z"}) == Decimal("0.5")


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        (IncludedRule.PRO_RATA, "98"),
        (IncludedRule.DEAREST_FIRST, "80"),
        (IncludedRule.CHEAPEST_FIRST, "110"),
    ],
)
def test_common_included_units_are_taken_by_the_rule_that_was_agreed(
    rule: IncludedRule, amount: str
) -> None:
    usage = [CellUsage({"region": "a"}, Decimal(60)), CellUsage({"region": "b"}, Decimal(40))]
    rated = rate_cells(TWO_REGIONS, usage, included=Decimal(30), rule=rule)
    assert rated.amount == Decimal(amount)


def test_usage_without_a_price_is_shown_not_dropped() -> None:
    price = Matrix(("region",), (Cell(("a",), Decimal(1)),))
    usage = [CellUsage({"region": "zz"}, Decimal(5)), CellUsage({"region": "a"}, Decimal(2))]
    rated = rate_cells(price, usage)
    assert (int(rated.amount), int(rated.unpriced)) == (2, 5)
    assert [part.rule for part in rated.working.parts] == ["unpriced", "cell"]


@given(st.data(), COUNTED, st.just(Decimal(0)) | QUANTITIES)
def test_a_line_with_cells_charges_every_unit_beyond_the_included_ones(
    data: st.DataObject, cells: list[UsageCell], included: Decimal
) -> None:
    price = data.draw(matrices().filter(lambda matrix: len(matrix.dimensions) == 2))
    quantity = sum((cell.quantity for cell in cells), Decimal(0))
    line = rate_line(
        Pricing(price=price, included=included),
        quantity,
        currency=EUR,
        is_measured=True,
        cells=cells,
    )
    steps = [*line.working.every("cell"), *line.working.every("unpriced")]
    charged = sum(Decimal(one.facts.get("charged", one.facts["quantity"])) for one in steps)
    beyond = max(abs(quantity) - included, Decimal(0)) * (-1 if quantity < 0 else 1)
    assert abs(charged - beyond) < Decimal("1e-30")
    assert price.default_unit_amount is None or line.unpriced == 0


@given(st.data(), COUNTED, st.integers(2, 5))
def test_splitting_the_events_of_a_cell_over_several_loses_nothing(
    data: st.DataObject, cells: list[UsageCell], pieces: int
) -> None:
    price = data.draw(matrices().filter(lambda matrix: len(matrix.dimensions) == 2))
    usage = [
        CellUsage(dict(zip(("region", "kind"), c.values, strict=True)), c.quantity) for c in cells
    ]
    split = [one._replace(quantity=one.quantity / pieces) for one in usage for _ in range(pieces)]
    whole, parts = rate_cells(price, usage), rate_cells(price, split)
    assert abs(whole.amount - parts.amount) < Decimal("1e-30")
    assert abs(whole.unpriced - parts.unpriced) < Decimal("1e-30")


@given(AMOUNTS, COUNTED)
def test_a_matrix_of_one_price_is_that_price_a_unit(
    amount: Decimal, cells: list[UsageCell]
) -> None:
    price = Matrix(("region", "kind"), (Cell((None, None), amount),))
    quantity = sum((cell.quantity for cell in cells), Decimal(0))
    line = rate_line(Pricing(price=price), quantity, currency=EUR, cells=cells)
    assert Fraction(Decimal(line.working.parts[-1].facts["exact"])) == Fraction(amount * quantity)


def test_a_line_is_priced_by_its_cells_and_shows_what_no_cell_prices() -> None:
    price = Matrix(("region",), (Cell(("eu",), Decimal(2)), Cell(("us",), Decimal(3))))
    cells = [
        UsageCell((None,), Decimal(1), 1),
        UsageCell(("eu",), Decimal(10), 4),
        UsageCell(("us",), Decimal(5), 2),
    ]
    line = rate_line(Pricing(price=price), Decimal(16), currency=EUR, is_measured=True, cells=cells)
    assert (line.net.text, line.unpriced) == ("35.00", Decimal(1))
    assert [step.facts["cell"] for step in line.working.every("cell")] == ["region=eu", "region=us"]
    assert [step.facts["cell"] for step in line.working.every("unpriced")] == ["region=(none)"]


def test_a_correction_below_zero_is_the_mirror_of_the_usage() -> None:
    cells = [UsageCell(("a",), Decimal(6), 1), UsageCell(("b",), Decimal(4), 1)]
    back = [UsageCell(cell.values, -cell.quantity, 1) for cell in cells]
    pricing = Pricing(price=TWO_REGIONS, included=Decimal(5))
    line = rate_line(pricing, Decimal(10), currency=EUR, cells=cells)
    mirror = rate_line(pricing, Decimal(-10), currency=EUR, cells=back)
    assert (line.net.text, mirror.net.text) == ("7.00", "-7.00")
