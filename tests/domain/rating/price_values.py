"""Prices and quantities for property tests, and rating written again with fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil

from hypothesis import strategies as st

from usance.domain.rating.prices import (
    Cell,
    Flat,
    Graduated,
    GraduatedPackage,
    GraduatedPercentage,
    Matrix,
    Multiplier,
    Package,
    PackageRounding,
    PackageTier,
    Percentage,
    PerUnit,
    Price,
    Pricing,
    RateTier,
    Tier,
    TierBound,
    Volume,
    VolumePackage,
)


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Exact decimals of so many places, integers shrinking well."""
    scale = 10**places
    return st.integers(low * scale, high * scale).map(lambda n: Decimal(n).scaleb(-places))


AMOUNTS = decimals(0, 500, 4)
QUANTITIES = decimals(0, 300, 2)
STEPS = st.integers(1, 80)
SIZES = st.sampled_from([Decimal(size) for size in ("0.5", "1", "4", "10", "25")])
LIMITS = st.none() | AMOUNTS
BOUND = st.sampled_from(TierBound)


@st.composite
def bounds(draw: st.DrawFn) -> list[Decimal | None]:
    """Rising bounds; the last is open, or not."""
    found: list[Decimal | None] = []
    last = 0
    for step in draw(st.lists(STEPS, min_size=1, max_size=4)):
        last += step
        found.append(Decimal(last))
    return [*found, None] if draw(st.booleans()) else found


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Tiers of unit and flat amounts, some capped."""
    return tuple(
        Tier(up_to, draw(AMOUNTS), draw(AMOUNTS), draw(LIMITS)) for up_to in draw(bounds())
    )


@st.composite
def package_tiers(draw: st.DrawFn) -> tuple[PackageTier, ...]:
    """Tiers of packages."""
    return tuple(PackageTier(up_to, draw(SIZES), draw(AMOUNTS)) for up_to in draw(bounds()))


@st.composite
def rate_tiers(draw: st.DrawFn) -> tuple[RateTier, ...]:
    """Tiers of percentages."""
    return tuple(RateTier(up_to, draw(AMOUNTS), draw(AMOUNTS)) for up_to in draw(bounds()))


@st.composite
def percentages(draw: st.DrawFn) -> Percentage:
    """Percentages with every combination of allowance and bounds."""
    minimum = draw(LIMITS)
    maximum = draw(LIMITS)
    if minimum is not None and maximum is not None and maximum < minimum:
        minimum, maximum = maximum, minimum
    return Percentage(
        rate_percent=draw(AMOUNTS),
        fixed_amount=draw(AMOUNTS),
        free_events=draw(st.none() | st.integers(0, 4)),
        free_amount=draw(LIMITS),
        per_event_minimum=minimum,
        per_event_maximum=maximum,
    )


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    """Matrices of one or two dimensions, with open values."""
    names = ("region", "kind")[: draw(st.integers(1, 2))]
    value = st.none() | st.sampled_from(["a", "b"])
    keys = draw(st.lists(st.tuples(*[value] * len(names)), max_size=4, unique=True))
    return Matrix(names, tuple(Cell(key, draw(AMOUNTS)) for key in keys), draw(LIMITS))


PACKAGES = st.builds(
    Package, SIZES, AMOUNTS, QUANTITIES, st.sampled_from(PackageRounding), st.booleans()
)
GRADUATED = st.builds(Graduated, tiers(), st.booleans(), BOUND)
VOLUMES = st.builds(Volume, tiers(), st.booleans(), BOUND)
# What more usage never makes cheaper, and what can be rated in steps.
RISING: st.SearchStrategy[Price] = st.one_of(
    st.builds(PerUnit, AMOUNTS),
    GRADUATED,
    st.builds(GraduatedPercentage, rate_tiers(), st.booleans()),
    PACKAGES,
    st.builds(GraduatedPackage, package_tiers()),
    st.builds(Multiplier, AMOUNTS),
    matrices(),
)
CUMULATIVE: st.SearchStrategy[Price] = st.one_of(
    RISING, VOLUMES, st.builds(VolumePackage, package_tiers())
)
PRICES: st.SearchStrategy[Price] = st.one_of(CUMULATIVE, st.builds(Flat, AMOUNTS), percentages())


@st.composite
def pricings(draw: st.DrawFn, prices: st.SearchStrategy[Price] = PRICES) -> Pricing:
    """A price with its bounds."""
    minimum, maximum = draw(LIMITS), draw(LIMITS)
    if minimum is not None and maximum is not None and maximum < minimum:
        minimum, maximum = maximum, minimum
    included = draw(st.just(Decimal(0)) | QUANTITIES)
    return Pricing(price=draw(prices), included=included, minimum=minimum, maximum=maximum)


def by_hand(price: Graduated | Volume | Package, quantity: Decimal) -> Fraction:
    """What finance.md section 3 says the quantity costs, in fractions and without cleverness."""
    q = Fraction(quantity)
    if isinstance(price, Package):
        paid = max(q - Fraction(price.free_units), Fraction(0)) / Fraction(price.package_size)
        match price.rounding:
            case PackageRounding.UP:
                paid = Fraction(ceil(paid))
            case PackageRounding.DOWN:
                paid = Fraction(paid.numerator // paid.denominator)
            case PackageRounding.PROPORTIONAL:
                pass
        count = max(paid, Fraction(1)) if price.billed_at_zero else paid
        return count * Fraction(price.package_amount)
    total = low = Fraction(0)
    for tier in price.tiers:
        high = Fraction(tier.up_to) if tier.up_to is not None else Fraction(10**12)
        is_from = price.bound is TierBound.FROM
        is_reached = (q >= low and q > 0) if is_from else q > low
        is_first_at_zero = q == 0 and low == 0 and price.billed_at_zero
        if isinstance(price, Graduated) and (is_reached or is_first_at_zero):
            total += _capped(tier, max(min(q, high) - low, Fraction(0)))
        is_in = q < high if is_from else q <= high
        if isinstance(price, Volume) and is_in and (is_reached or is_first_at_zero):
            total += _capped(tier, q)
        low = high
    return total


def _capped(tier: Tier, units: Fraction) -> Fraction:
    amount = units * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
    return amount if tier.maximum is None else min(amount, Fraction(tier.maximum))
