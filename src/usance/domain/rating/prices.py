"""Prices: how a thing is charged, as values that refuse to be wrong.

Every price validates itself; a problem's path is relative to the price as the notation writes it
(`tiers[1].upTo`). Amounts are major units and may have up to 12 decimals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from usance.domain.errors import Problem, refuse_if

ZERO = Decimal(0)


class PackageRounding(StrEnum):
    """What a package begun, but not filled, costs."""

    UP = "UP"  # the whole package: our default
    DOWN = "DOWN"  # nothing
    PROPORTIONAL = "PROPORTIONAL"  # its share


class TierBound(StrEnum):
    """Which tier the quantity exactly on a bound belongs to."""

    UP_TO = "UP_TO"  # the tier that ends there: our default, as Stripe, Lago, OpenMeter
    FROM = "FROM"  # the tier that begins there, as Meteroid


@dataclass(frozen=True, slots=True)
class Flat:
    """One amount per period, whatever the quantity."""

    amount: Decimal

    def __post_init__(self) -> None:
        refuse_if(list(_not_negative(amount=self.amount)))


@dataclass(frozen=True, slots=True)
class PerUnit:
    """The same amount for every unit."""

    unit_amount: Decimal

    def __post_init__(self) -> None:
        refuse_if(list(_not_negative(unitAmount=self.unit_amount)))


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: all above); `flat_amount` is due once reached.

    `maximum` caps what the tier's units and flat amount come to.
    """

    up_to: Decimal | None
    unit_amount: Decimal = ZERO
    flat_amount: Decimal = ZERO
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each tier prices the units that fall into it; the tiers are added.

    `billed_at_zero`: the first tier's flat amount is due without any usage (usual for licences,
    not for usage).
    """

    tiers: tuple[Tier, ...]
    billed_at_zero: bool = False
    bound: TierBound = TierBound.UP_TO

    def __post_init__(self) -> None:
        refuse_if([*_bounds(self.tiers), *_tier_amounts(self.tiers)])


@dataclass(frozen=True, slots=True)
class Volume:
    """The tier that the whole quantity reaches prices all of its units.

    A tier with a flat amount and no unit amount is a stairstep.
    """

    tiers: tuple[Tier, ...]
    billed_at_zero: bool = False
    bound: TierBound = TierBound.UP_TO

    def __post_init__(self) -> None:
        refuse_if([*_bounds(self.tiers), *_tier_amounts(self.tiers)])


@dataclass(frozen=True, slots=True)
class RateTier:
    """A base amount up to and including `up_to` costs `rate_percent` of it."""

    up_to: Decimal | None
    rate_percent: Decimal
    flat_amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class GraduatedPercentage:
    """Graduated, of an amount instead of a quantity: each tier takes its percentage."""

    tiers: tuple[RateTier, ...]
    billed_at_zero: bool = False

    def __post_init__(self) -> None:
        problems = [*_bounds(self.tiers)]
        for index, tier in enumerate(self.tiers):
            found = _not_negative(ratePercent=tier.rate_percent, flatAmount=tier.flat_amount)
            problems += [problem.under(f"tiers[{index}]") for problem in found]
        refuse_if(problems)


@dataclass(frozen=True, slots=True)
class Package:
    """Units are sold in packages of `package_size`; a package begun is charged whole.

    `free_units` come off first. `billed_at_zero`: one package is due without any usage.
    """

    package_size: Decimal
    package_amount: Decimal
    free_units: Decimal = ZERO
    rounding: PackageRounding = PackageRounding.UP
    billed_at_zero: bool = False

    def __post_init__(self) -> None:
        amounts = _not_negative(packageAmount=self.package_amount, freeUnits=self.free_units)
        refuse_if([*_above_zero(packageSize=self.package_size), *amounts])


@dataclass(frozen=True, slots=True)
class PackageTier:
    """Packages of this size and amount for a quantity up to and including `up_to`."""

    up_to: Decimal | None
    package_size: Decimal
    package_amount: Decimal


@dataclass(frozen=True, slots=True)
class GraduatedPackage:
    """Each tier sells the units that fall into it in packages of its own; tiers are added."""

    tiers: tuple[PackageTier, ...]

    def __post_init__(self) -> None:
        refuse_if([*_bounds(self.tiers), *_package_tiers(self.tiers)])


@dataclass(frozen=True, slots=True)
class VolumePackage:
    """The tier that the whole quantity reaches sells all of it in packages."""

    tiers: tuple[PackageTier, ...]

    def __post_init__(self) -> None:
        refuse_if([*_bounds(self.tiers), *_package_tiers(self.tiers)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentage:
    """A percentage of an amount, and a fixed amount for each event.

    The allowance (`free_events`, `free_amount`) stops at whichever limit is met first. The
    minimum and maximum bound what one charged event costs, its fixed amount included.
    """

    rate_percent: Decimal
    fixed_amount: Decimal = ZERO
    free_events: int | None = None
    free_amount: Decimal | None = None
    per_event_minimum: Decimal | None = None
    per_event_maximum: Decimal | None = None

    def __post_init__(self) -> None:
        problems = [
            *_not_negative(
                ratePercent=self.rate_percent,
                fixedAmount=self.fixed_amount,
                freeEvents=None if self.free_events is None else Decimal(self.free_events),
                freeAmount=self.free_amount,
                perEventMinimum=self.per_event_minimum,
                perEventMaximum=self.per_event_maximum,
            ),
            *_in_order("perEventMaximum", self.per_event_minimum, self.per_event_maximum),
        ]
        refuse_if(problems)

    @property
    def is_per_event(self) -> bool:
        """True when the amounts of the single events matter, not only their sum."""
        limits = (self.free_events, self.free_amount, self.per_event_minimum)
        return (
            self.fixed_amount != 0
            or self.per_event_maximum is not None
            or any(limit is not None for limit in limits)
        )


@dataclass(frozen=True, slots=True)
class Multiplier:
    """Cost plus: the metered quantity is itself an amount, charged `multiplier` times."""

    multiplier: Decimal

    def __post_init__(self) -> None:
        refuse_if(list(_not_negative(multiplier=self.multiplier)))


@dataclass(frozen=True, slots=True)
class Cell:
    """The unit amount for these dimension values, one per dimension; None stands for any."""

    values: tuple[str | None, ...]
    unit_amount: Decimal


@dataclass(frozen=True, slots=True)
class Matrix:
    """A unit amount by dimension values: the exact cell, then the one with fewest open values.

    Without a matching cell the default applies; without a default the usage is unpriced, which
    the result shows and never drops.
    """

    dimensions: tuple[str, ...]
    cells: tuple[Cell, ...]
    default_unit_amount: Decimal | None = None

    def __post_init__(self) -> None:
        problems = [*_not_negative(defaultUnitAmount=self.default_unit_amount)]
        if not self.dimensions or len(set(self.dimensions)) != len(self.dimensions):
            expected = "at least one dimension, each once"
            problems.append(
                Problem("MatrixDimensions", "dimensions", ", ".join(self.dimensions), expected)
            )
        seen: set[tuple[str | None, ...]] = set()
        for index, cell in enumerate(self.cells):
            problems += self._cell_problems(f"cells[{index}]", cell, seen)
            seen.add(cell.values)
        refuse_if(problems)

    def _cell_problems(
        self, path: str, cell: Cell, seen: set[tuple[str | None, ...]]
    ) -> Iterator[Problem]:
        shown = ", ".join(value if value is not None else "any" for value in cell.values)
        if len(cell.values) != len(self.dimensions):
            expected = f"{len(self.dimensions)} values, one for each dimension"
            yield Problem("MatrixCell", f"{path}.values", shown, expected)
        if cell.values in seen:
            yield Problem("MatrixCell", f"{path}.values", shown, "each combination once")
        for problem in _not_negative(unitAmount=cell.unit_amount):
            yield problem.under(path)


Price = (
    Flat
    | PerUnit
    | Graduated
    | Volume
    | GraduatedPercentage
    | Package
    | GraduatedPackage
    | VolumePackage
    | Percentage
    | Multiplier
    | Matrix
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Off a line: a percentage of what is left, or an amount of a whole period; one of the two."""

    percent: Decimal | None = None
    amount: Decimal | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        problems = list(_not_negative(percent=self.percent, amount=self.amount))
        if (self.percent is None) == (self.amount is None):
            problems.append(Problem("InvalidDiscount", "percent", "", "a percent or an amount"))
        if self.percent is not None and self.percent > 100:
            problems.append(
                Problem("InvalidDiscount", "percent", f"{self.percent:f}", "at most 100")
            )
        refuse_if(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """What a contract line carries: a price, what comes off it, and the bounds around it.

    `included` units of each whole period are not charged. `minimum` and `maximum` are major
    units of a whole period; they bound what is left after the discounts, which are taken one
    after the other in their order. What is given free has no minimum.
    """

    price: Price
    included: Decimal = ZERO
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    discounts: tuple[Discount, ...] = ()

    def __post_init__(self) -> None:
        bounds = {"included": self.included, "minimum": self.minimum, "maximum": self.maximum}
        ordered = _in_order("maximum", self.minimum, self.maximum)
        refuse_if([*_not_negative(**bounds), *ordered])

    @property
    def is_free(self) -> bool:
        """True when a discount takes all of it."""
        return any(discount.percent == 100 for discount in self.discounts)


def _not_negative(**amounts: Decimal | None) -> Iterator[Problem]:
    for path, amount in amounts.items():
        if amount is not None and amount < 0:
            yield Problem("NegativePrice", path, f"{amount:f}", "zero or more")


def _above_zero(**amounts: Decimal) -> Iterator[Problem]:
    for path, amount in amounts.items():
        if amount <= 0:
            yield Problem("PackageSize", path, f"{amount:f}", "more than zero")


def _in_order(path: str, minimum: Decimal | None, maximum: Decimal | None) -> Iterator[Problem]:
    if minimum is not None and maximum is not None and maximum < minimum:
        expected = f"at least the minimum, {minimum:f}"
        yield Problem("MaximumBelowMinimum", path, f"{maximum:f}", expected)


def _bounds(tiers: Sequence[Tier | RateTier | PackageTier]) -> Iterator[Problem]:
    if not tiers:
        yield Problem("TierBounds", "tiers", "", "at least one tier")
    below = ZERO
    for index, tier in enumerate(tiers):
        path = f"tiers[{index}].upTo"
        if tier.up_to is None:
            if index < len(tiers) - 1:
                yield Problem("TierBounds", path, "null", "a bound: only the last tier is open")
        elif tier.up_to <= below:
            yield Problem("TierBounds", path, f"{tier.up_to:f}", f"more than {below:f}")
        else:
            below = tier.up_to


def _tier_amounts(tiers: Sequence[Tier]) -> Iterator[Problem]:
    for index, tier in enumerate(tiers):
        found = _not_negative(
            unitAmount=tier.unit_amount, flatAmount=tier.flat_amount, maximum=tier.maximum
        )
        for problem in found:
            yield problem.under(f"tiers[{index}]")


def _package_tiers(tiers: Sequence[PackageTier]) -> Iterator[Problem]:
    for index, tier in enumerate(tiers):
        amounts = _not_negative(packageAmount=tier.package_amount)
        for problem in (*_above_zero(packageSize=tier.package_size), *amounts):
            yield problem.under(f"tiers[{index}]")
