"""Uplifts: written and read back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usance.documents.uplift_notation import plain_uplift, uplift_from
from usance.domain.contracts.uplift import Uplift
from usance.domain.errors import Invalid

PERCENTS = st.decimals(-100, 1000, places=3)
DECIMALS = st.none() | st.integers(0, 12)


@st.composite
def uplifts(draw: st.DrawFn) -> Uplift:
    """Any rule that can be built."""
    if draw(st.booleans()):
        return Uplift(percent=draw(PERCENTS), decimals=draw(DECIMALS))
    floor, cap = draw(st.none() | PERCENTS), draw(st.none() | st.decimals(0, 1000, places=2))
    if floor is not None and cap is not None:
        floor = min(floor, cap)
    return Uplift(
        index=draw(st.sampled_from(["CPI-U", "HICP.EA"])),
        lag_months=draw(st.integers(0, 24)),
        floor=floor,
        cap=cap,
        plus=draw(PERCENTS),
        decimals=draw(DECIMALS),
    )


@given(uplifts())
def test_an_uplift_written_and_read_again_is_the_same(rule: Uplift) -> None:
    assert uplift_from(plain_uplift(rule), "uplift") == rule


def test_what_is_left_out_has_its_usual_value() -> None:
    assert uplift_from({"percent": 3}, "") == Uplift(percent=Decimal(3))
    assert uplift_from({"index": "CPI-U"}, "") == Uplift(index="CPI-U", lag_months=2)


@pytest.mark.parametrize(
    ("plain", "code", "path"),
    [
        ({}, "AmbiguousUplift", "uplift.percent"),
        ({"percent": 3, "index": "CPI-U"}, "AmbiguousUplift", "uplift.percent"),
        ({"percent": 3, "lagMonths": 2}, "NotOfThisUplift", "uplift.lagMonths"),
        ({"percent": 3, "floor": 2}, "NotOfThisUplift", "uplift.floor"),
        ({"index": "CPI-U", "floor": 6, "cap": 5}, "FloorAboveCap", "uplift.floor"),
        ({"index": "CPI-U", "cap": 0.5}, "WrongType", "uplift.cap"),
        ({"percent": "3 %"}, "InvalidNumber", "uplift.percent"),
        ({"percent": 3, "every": "YEAR"}, "UnknownField", "uplift.every"),
    ],
)
def test_an_uplift_that_makes_no_sense_is_refused_by_its_path(
    plain: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        uplift_from(plain, "uplift")
    assert (refused.value.problems[0].code, refused.value.problems[0].path) == (code, path)
