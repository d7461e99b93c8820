"""How a legal entity treats tax, in its notation: `{level, mode}` of rounding."""

from __future__ import annotations

from usance.documents.plain import Fields, choice
from usance.domain.rounding import RoundingMode, TaxLevel, TaxRounding


def tax_rounding_from(plain: object, path: str) -> TaxRounding:
    """`{level: RATE, mode: DOWN}`; what is left out is by rate, half up."""
    fields = Fields(plain, path)
    level = fields.take("level", choice(TaxLevel), TaxLevel.RATE)
    mode = fields.take("mode", choice(RoundingMode), RoundingMode.HALF_UP)
    return fields.made(lambda: TaxRounding(level, mode))


def plain_tax_rounding(rounding: TaxRounding | None) -> dict[str, object] | None:
    """The rounding in its notation; None where the country's rule holds."""
    if rounding is None:
        return None
    return {"level": rounding.level.value, "mode": rounding.mode.value}
