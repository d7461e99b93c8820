"""Charges: what a plan or add-on costs, a currency, country and billing period at a time.

A charge prices as the contracts' prices do (`Charge.price`): a flat amount, an amount a unit, in
blocks, in volume or graduated tiers. The charge without a country is the one for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from usance.domain.customer import check_country
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import FeatureId
from usance.domain.money import currency
from usance.domain.rating.prices import Flat, Graduated, Package, PerUnit, Tier, Volume

EUROPE = "EU"  # stands for every state of the Union that has no charge of its own
MAX_PLACES = 12
LARGEST = Decimal(10) ** 12

ChargePrice = Flat | PerUnit | Package | Volume | Graduated


class BillingModel(StrEnum):
    """What a charge counts."""

    FLAT_FEE = "FLAT_FEE"  # nothing: an amount a period
    PER_UNIT = "PER_UNIT"  # what was ordered, such as seats
    USAGE_BASED = "USAGE_BASED"  # what was used
    MINIMUM_SPEND = "MINIMUM_SPEND"  # the least to be paid a period


class BillingPeriod(StrEnum):
    """How often a subscription is billed."""

    MONTHLY = "MONTHLY"
    ANNUALLY = "ANNUALLY"


class ChargeCadence(StrEnum):
    """Every period, or once."""

    RECURRING = "RECURRING"
    ONE_OFF = "ONE_OFF"


class TiersMode(StrEnum):
    """One tier for all units, or each tier its own."""

    VOLUME = "VOLUME"
    GRADUATED = "GRADUATED"


class OverageBilling(StrEnum):
    """When overage is billed."""

    ON_SUBSCRIPTION_RENEWAL = "ON_SUBSCRIPTION_RENEWAL"
    MONTHLY = "MONTHLY"


COUNTED = {BillingModel.PER_UNIT, BillingModel.USAGE_BASED}


@dataclass(frozen=True, slots=True)
class ChargeTier:
    """Units up to and including `up_to` (None: all above), in major units of the currency."""

    up_to: Decimal | None
    unit_amount: Decimal | None = None
    flat_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One price of a package. Amounts are major units of `currency`, an ISO 4217 code in capitals.

    `amount` or `tiers`; `block_size` units cost `amount` together, a block begun is charged whole.
    """

    id: str
    created_at: datetime
    model: BillingModel
    period: BillingPeriod
    currency: str
    amount: Decimal | None = None
    tiers: tuple[ChargeTier, ...] = ()
    tiers_mode: TiersMode | None = None
    block_size: Decimal | None = None
    country: str | None = None
    feature_id: FeatureId | None = None
    cadence: ChargeCadence = ChargeCadence.RECURRING
    min_units: int | None = None
    max_units: int | None = None

    def __post_init__(self) -> None:
        refuse_if(list(_problems(self)))
        try:
            self.price()
        except Invalid as refused:
            raise Invalid(*(_as_sent(problem) for problem in refused.problems)) from None

    def price(self) -> ChargePrice:
        """The price, for rating. Raises Invalid."""
        if self.tiers:
            tiers = tuple(
                Tier(tier.up_to, tier.unit_amount or Decimal(0), tier.flat_amount or Decimal(0))
                for tier in self.tiers
            )
            return Volume(tiers) if self.tiers_mode is TiersMode.VOLUME else Graduated(tiers)
        assert self.amount is not None, "an amount or tiers"
        if self.model not in COUNTED:
            return Flat(self.amount)
        if self.block_size is not None:
            return Package(self.block_size, self.amount)
        return PerUnit(self.amount)

    @property
    def place(self) -> tuple[object, ...]:
        """What tells it from the other charges of its package: a fee a period may stand beside one
        that is due once, and so may units; usage is priced once, whatever the cadence.
        """
        is_agreed = self.model in (BillingModel.FLAT_FEE, BillingModel.PER_UNIT)
        cadence = self.cadence if is_agreed else None
        return (self.model, cadence, self.feature_id, self.period, self.currency, self.country)


def place_problems(charges: Sequence[Charge], path: str) -> Iterator[Problem]:
    """Two charges for the same thing, period, currency and country."""
    seen = set()
    for index, charge in enumerate(charges):
        if charge.place in seen:
            shown = " ".join(str(part) for part in charge.place if part is not None)
            expected = (
                "one price for a model, cadence, feature, billing period, currency and country"
            )
            yield Problem("ChargeTwice", f"{path}[{index}]", shown, expected)
        seen.add(charge.place)


def _problems(charge: Charge) -> Iterator[Problem]:
    if (charge.amount is None) == (not charge.tiers):
        expected = "exactly one of price and tiers"
        yield Problem("InvalidCharge", "price", str(charge.amount or ""), expected)
    if bool(charge.tiers) != (charge.tiers_mode is not None):
        expected = "VOLUME or GRADUATED beside tiers, nothing without them"
        yield Problem("InvalidCharge", "tiersMode", str(charge.tiers_mode or ""), expected)
    if charge.tiers and charge.tiers[-1].up_to is not None:
        expected = "nothing in the last tier, so that every quantity has a price"
        path = f"tiers[{len(charge.tiers) - 1}].upTo"
        yield Problem("InvalidCharge", path, str(charge.tiers[-1].up_to), expected)
    yield from _feature_problems(charge)
    yield from _place_problems(charge)
    for index, tier in enumerate(charge.tiers):
        if tier.unit_amount is None and tier.flat_amount is None:
            expected = "a unitPrice, a flatPrice or both"
            yield Problem("InvalidCharge", f"tiers[{index}]", "", expected)
        for name, amount in (("unitPrice", tier.unit_amount), ("flatPrice", tier.flat_amount)):
            yield from _amount_problems(amount, f"tiers[{index}].{name}.amount")
        yield from _amount_problems(tier.up_to, f"tiers[{index}].upTo")
    yield from _amount_problems(charge.amount, "price.amount")
    yield from _amount_problems(charge.block_size, "blockSize")


def _feature_problems(charge: Charge) -> Iterator[Problem]:
    is_counted = charge.model in COUNTED
    if is_counted != (charge.feature_id is not None):
        expected = "the feature it counts" if is_counted else f"nothing, for a {charge.model}"
        yield Problem("InvalidCharge", "featureId", charge.feature_id or "", expected)
    if charge.tiers and not is_counted:
        yield Problem("InvalidCharge", "tiers", "", f"a price, for a {charge.model} counts nothing")
    if charge.block_size is not None and (not is_counted or charge.tiers):
        expected = "nothing, unless an amount prices units"
        yield Problem("InvalidCharge", "blockSize", str(charge.block_size), expected)
    least, most = charge.min_units, charge.max_units
    for name, units in (("minUnitQuantity", least), ("maxUnitQuantity", most)):
        if units is not None and (units < 0 or charge.model is not BillingModel.PER_UNIT):
            expected = "zero or more, and only beside PER_UNIT"
            yield Problem("InvalidCharge", name, str(units), expected)
    if least is not None and most is not None and most < least:
        expected = f"at least minUnitQuantity, {least}"
        yield Problem("InvalidCharge", "maxUnitQuantity", str(most), expected)


def _place_problems(charge: Charge) -> Iterator[Problem]:
    try:
        currency(charge.currency)
        if charge.country is not None and charge.country != EUROPE:
            check_country(charge.country, "billingCountryCode")
    except Invalid as refused:
        for problem in refused.problems:
            yield problem if problem.path else problem.under("price.currency")


def _amount_problems(amount: Decimal | None, path: str) -> Iterator[Problem]:
    if amount is None:
        return
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_PLACES or not 0 <= amount < LARGEST:
        expected = f"zero or more, at most 12 digits before and {MAX_PLACES} after the point"
        yield Problem("InvalidAmount", path, str(amount)[:80], expected)


def _as_sent(problem: Problem) -> Problem:
    """Named by the price's notation: as the charge calls it."""
    path = problem.path.replace("packageSize", "blockSize").replace("unitAmount", "unitPrice")
    return Problem(problem.code, path, problem.value, problem.expected)
