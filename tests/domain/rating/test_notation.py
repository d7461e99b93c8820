"""The notation of prices: read and written without loss, refused with code, path and value."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from tests.domain.rating.price_values import pricings
from usance.domain.errors import Invalid
from usance.domain.rating.notation import MODELS, plain_pricing, pricing_from
from usance.domain.rating.prices import (
    Graduated,
    PackageRounding,
    PerUnit,
    Pricing,
    Tier,
    TierBound,
)

PER_UNIT = {"model": "PER_UNIT", "unitAmount": "30.00"}


@given(pricings())
def test_a_price_written_as_plain_values_and_read_again_is_the_same_price(pricing: Pricing) -> None:
    plain = plain_pricing(pricing)
    assert pricing_from(plain) == pricing
    assert pricing_from(json.loads(json.dumps(plain))) == pricing


def test_a_price_per_unit_is_read_with_its_bounds() -> None:
    plain = PER_UNIT | {"included": 10, "minimum": Decimal(100), "maximum": "5000"}
    assert pricing_from(plain) == Pricing(
        price=PerUnit(Decimal("30.00")),
        included=Decimal(10),
        minimum=Decimal(100),
        maximum=Decimal(5000),
    )


def test_tiers_are_read_and_written_in_order() -> None:
    plain = {
        "model": "GRADUATED",
        "tiers": [{"upTo": "10", "unitAmount": "1"}, {"upTo": None, "flatAmount": "7"}],
        "billedAtZero": True,
        "bound": "FROM",
    }
    tiers = (Tier(Decimal(10), Decimal(1)), Tier(None, Decimal(0), Decimal(7)))
    pricing = Pricing(price=Graduated(tiers, billed_at_zero=True, bound=TierBound.FROM))
    assert pricing_from(plain) == pricing
    assert plain_pricing(pricing) == plain


def test_large_and_small_numbers_are_written_plainly() -> None:
    pricing = Pricing(price=PerUnit(Decimal("1E-12")), minimum=Decimal("1E+3"))
    plain = plain_pricing(pricing)
    assert (plain["unitAmount"], plain["minimum"]) == ("0.000000000001", "1000")


def tiered(*tiers: object, **more: object) -> dict[str, Any]:
    """A graduated price of these tiers."""
    return {"model": "GRADUATED", "tiers": list(tiers), **more}


def package(**more: object) -> dict[str, Any]:
    """A package price."""
    return {"model": "PACKAGE", "packageSize": "10", "packageAmount": "5", **more}


def matrix(**more: object) -> dict[str, Any]:
    """A matrix of one dimension."""
    return {"model": "MATRIX", "dimensions": ["region"], "cells": [], **more}


def percentage(**more: object) -> dict[str, Any]:
    """A percentage price."""
    return {"model": "PERCENTAGE", "ratePercent": "2.9", **more}


@pytest.mark.parametrize(
    ("plain", "code", "path"),
    [
        ({}, "MissingField", "model"),
        ({"model": "BARTER"}, "UnknownPriceModel", "model"),
        ({"model": 7}, "UnknownPriceModel", "model"),
        ({"model": "PER_UNIT"}, "MissingField", "unitAmount"),
        (PER_UNIT | {"unitamount": "1"}, "UnknownField", "unitamount"),
        (PER_UNIT | {"unitAmount": 30.5}, "InvalidNumber", "unitAmount"),
        (PER_UNIT | {"unitAmount": None}, "InvalidNumber", "unitAmount"),
        (PER_UNIT | {"unitAmount": True}, "InvalidNumber", "unitAmount"),
        (PER_UNIT | {"unitAmount": "NaN"}, "InvalidNumber", "unitAmount"),
        (PER_UNIT | {"unitAmount": "-1"}, "NegativePrice", "unitAmount"),
        (PER_UNIT | {"included": "-1"}, "NegativePrice", "included"),
        (PER_UNIT | {"minimum": "9", "maximum": "8"}, "MaximumBelowMinimum", "maximum"),
        ({"model": "FLAT", "amount": "-1"}, "NegativePrice", "amount"),
        ({"model": "MULTIPLIER", "multiplier": "-1"}, "NegativePrice", "multiplier"),
        (tiered(), "TierBounds", "tiers"),
        ({"model": "GRADUATED", "tiers": "10"}, "InvalidPrice", "tiers"),
        (tiered("10"), "InvalidPrice", "tiers[0]"),
        (tiered({"unitAmount": "1"}), "MissingField", "tiers[0].upTo"),
        (tiered({"upTo": "1"}), "MissingField", "tiers[0].unitAmount"),
        (tiered({"upTo": "0", "unitAmount": "1"}), "TierBounds", "tiers[0].upTo"),
        (
            tiered({"upTo": None, "unitAmount": "1"}, {"upTo": "9", "unitAmount": "1"}),
            "TierBounds",
            "tiers[0].upTo",
        ),
        (
            tiered({"upTo": "9", "unitAmount": "1"}, {"upTo": "9", "unitAmount": "1"}),
            "TierBounds",
            "tiers[1].upTo",
        ),
        (tiered({"upTo": None, "unitAmount": "-1"}), "NegativePrice", "tiers[0].unitAmount"),
        (tiered({"upTo": None, "unitAmount": "1"}, bound="AT"), "InvalidPrice", "bound"),
        (
            tiered({"upTo": None, "unitAmount": "1"}, billedAtZero="yes"),
            "InvalidPrice",
            "billedAtZero",
        ),
        (package(packageSize="0"), "PackageSize", "packageSize"),
        (package(rounding="HALF"), "InvalidPrice", "rounding"),
        (
            {"model": "VOLUME_PACKAGE", "tiers": [{"upTo": None, "packageSize": "0"}]},
            "MissingField",
            "tiers[0].packageAmount",
        ),
        (
            {
                "model": "GRADUATED_PACKAGE",
                "tiers": [{"upTo": None, "packageSize": "0", "packageAmount": "1"}],
            },
            "PackageSize",
            "tiers[0].packageSize",
        ),
        (
            {"model": "GRADUATED_PERCENTAGE", "tiers": [{"upTo": None, "ratePercent": "-1"}]},
            "NegativePrice",
            "tiers[0].ratePercent",
        ),
        (percentage(freeEvents="1.5"), "InvalidNumber", "freeEvents"),
        (percentage(freeEvents="-1"), "NegativePrice", "freeEvents"),
        (
            percentage(perEventMinimum="2", perEventMaximum="1"),
            "MaximumBelowMinimum",
            "perEventMaximum",
        ),
        (matrix(dimensions=[]), "MatrixDimensions", "dimensions"),
        (matrix(dimensions=["a", "a"]), "MatrixDimensions", "dimensions"),
        (matrix(dimensions=[7]), "InvalidPrice", "dimensions[0]"),
        (matrix(cells=[{"values": [], "unitAmount": "1"}]), "MatrixCell", "cells[0].values"),
        (
            matrix(cells=[{"values": [None], "unitAmount": "1"}] * 2),
            "MatrixCell",
            "cells[1].values",
        ),
        (
            matrix(cells=[{"values": ["a"], "unitAmount": "-1"}]),
            "NegativePrice",
            "cells[0].unitAmount",
        ),
    ],
)
def test_a_wrong_price_is_refused_with_code_and_path(
    plain: dict[str, Any], code: str, path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        pricing_from(plain, path="lines[2].price")
    problem = refused.value.problems[0]
    assert (problem.code, problem.path) == (code, f"lines[2].price.{path}")
    assert problem.expected


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = tiered({"upTo": 1.5, "unitAmount": "x"}, {"upTo": None}, extra=1, minimum="a lot")
    with pytest.raises(Invalid) as refused:
        pricing_from(wrong)
    assert [problem.path for problem in refused.value.problems] == [
        "tiers[0].upTo",
        "tiers[0].unitAmount",
        "tiers[1].unitAmount",
        "extra",
        "minimum",
    ]


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        pricing_from("30.00")  # type: ignore[arg-type]
    assert refused.value.problems[0].code == "InvalidPrice"


def test_every_model_has_a_name_and_package_roundings_are_words() -> None:
    assert len(MODELS) == 11
    read = pricing_from(package(rounding="DOWN", freeUnits=3)).price
    assert getattr(read, "rounding") is PackageRounding.DOWN  # noqa: B009


def test_a_free_tier_is_written_so_that_it_can_be_read() -> None:
    tiers = (Tier(Decimal(10)), Tier(None, Decimal(1)))
    pricing = Pricing(price=Graduated(tiers))
    assert pricing_from(plain_pricing(pricing)) == pricing
