"""Uplifts in their notation: `{percent: 3}`, or
`{index: CPI-U, lagMonths: 2, floor: 2, cap: 5, plus: 1, decimals: 2}`.
"""

from __future__ import annotations

from decimal import Decimal

from usance.documents.plain import Fields, given, number, ref, whole
from usance.domain.contracts.uplift import OF_INDICES, ZERO, Uplift

LAG = 2


def uplift_from(plain: object, path: str) -> Uplift:
    """The uplift in `plain`. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    percent = fields.take("percent", number, None)
    index = fields.take("index", ref, None)
    if fields.has("percent") and not fields.has("index"):
        fields.refuse_given(("lagMonths", "floor", "cap", "plus"), "NotOfThisUplift", OF_INDICES)
        lag_months, floor, cap, plus = LAG, None, None, ZERO
    else:
        lag_months = fields.take("lagMonths", whole, LAG)
        floor, cap = fields.take("floor", number, None), fields.take("cap", number, None)
        plus = fields.take("plus", number, ZERO)
    decimals = fields.take("decimals", whole, None)
    return fields.made(
        lambda: Uplift(
            percent=percent,
            index=index,
            lag_months=lag_months,
            floor=floor,
            cap=cap,
            plus=plus,
            decimals=decimals,
        )
    )


def plain_uplift(rule: Uplift) -> dict[str, object]:
    """The uplift in its notation, its lag written out."""
    return given(
        percent=_text(rule.percent),
        index=rule.index,
        lagMonths=None if rule.index is None else rule.lag_months,
        floor=_text(rule.floor),
        cap=_text(rule.cap),
        plus=_text(rule.plus or None),
        decimals=rule.decimals,
    )


def _text(percent: Decimal | None) -> str | None:
    return None if percent is None else f"{percent:f}"
