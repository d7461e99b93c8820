"""Counting: what a price asks of the count beside the quantity."""

from __future__ import annotations

from fractions import Fraction

from usance.domain.metering.totals import WHOLE, Detail
from usance.domain.money import ONE
from usance.domain.rating.percentage import told_apart
from usance.domain.rating.prices import Matrix, Pricing


def detail_for(pricing: Pricing, share: Fraction = ONE) -> Detail:
    """The dimensions a matrix prices by, the events a percentage prices one by one.

    `share`: how many whole price periods the counted time holds; WHOLE when the quantity will do.
    """
    if isinstance(pricing.price, Matrix):
        return Detail(dimensions=pricing.price.dimensions)
    apart = told_apart(pricing, share)
    return WHOLE if apart is None else Detail(apart=apart)
