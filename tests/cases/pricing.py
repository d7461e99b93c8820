"""Cases of prices, mapped onto `usance.domain.rating`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.cases.publishers import (
    BILLS_A_PACKAGE_AT_ZERO,
    BILLS_FLAT_AT_ZERO,
    ROUNDS_BEFORE_LIMITS,
)
from tests.cases.values import Case, Found, Inputs, UnmappedError, decimal
from usance.domain.money import Money, total
from usance.domain.rating.limits import cap, from_the_last, less_percent, true_up
from usance.domain.rating.matrix import CellUsage, IncludedRule
from usance.domain.rating.percentage import Events, events_of
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
from usance.domain.rating.quantities import WeightedChange, convert, rate_given, rate_weighted
from usance.domain.rating.rate import (
    Rated,
    add_up,
    effective_unit_amount,
    rate,
    rate_cells,
    rate_each,
    rate_events,
    rate_line,
)
from usance.domain.rating.working import Working
from usance.domain.rounding import RoundingMode, round_to

TOPICS = {
    "flat",
    "per_unit",
    "graduated",
    "volume",
    "stairstep",
    "stairstep_graduated",
    "package",
    "percentage",
    "graduated_percentage",
    "overage",
    "matrix",
    "multiplier",
    "bps",
    "committed",
    "minimum",
    "maximum",
    "bucketed_maximum",
}
ROUNDINGS = {
    "up": PackageRounding.UP,
    "ceiling": PackageRounding.UP,
    "down": PackageRounding.DOWN,
    "floor": PackageRounding.DOWN,
    "none": PackageRounding.PROPORTIONAL,
    "proportional": PackageRounding.PROPORTIONAL,
}
INCLUDED_RULES = {
    "pro rata to usage": IncludedRule.PRO_RATA,
    "dearest first": IncludedRule.DEAREST_FIRST,
    "cheapest first": IncludedRule.CHEAPEST_FIRST,
}


def found_in(case: Case) -> Found:
    """What our rating makes of a price case."""
    if "lines" in case:
        return _lines(case)
    if "full_units" in case:
        return _weighted(case)
    if "quantities" in case and case["model"] == "package":
        return _package_counts(case)
    model = case["model"]
    if model == "matrix":
        return _matrix(case)
    if model in ("percentage", "bps") and not case.has("tiers"):
        return _percentage(case)
    if model == "dynamic":
        return _dynamic(case)
    return _by_quantity(case)


def price_of(case: Case) -> Price:
    """The case's price, as a value of ours."""
    make = PRICES.get(case["model"])
    if unread := UNREAD & case.inputs.keys():
        raise UnmappedError(f"a price with {', '.join(sorted(unread))}")
    if make is None:
        raise UnmappedError(f"price model {case['model']!r}")
    return make(case)


def _tiered(kind: Callable[[tuple[Tier, ...], bool, TierBound], Price]) -> Callable[[Case], Price]:
    def make(case: Case) -> Price:
        tiers = case["tiers"]
        if "package_size" in tiers[0]:
            packed = VolumePackage if kind is Volume else GraduatedPackage
            return packed(_package_tiers(case))
        is_from = "from_" in tiers[0]
        at_zero = case.publisher in BILLS_FLAT_AT_ZERO and not case.has("already_billed")
        bound = TierBound.FROM if is_from else TierBound.UP_TO
        return kind(tuple(map(_tier, _with_bounds(tiers))), at_zero, bound)

    return make


def _with_bounds(tiers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tiers written by where they begin, written by where they end."""
    if "from_" not in tiers[0]:
        return list(tiers)
    ends: list[Any] = [later["from_"] for _, later in pairwise(tiers)]
    return [{**tier, "up_to": end} for tier, end in zip(tiers, [*ends, None], strict=True)]


def _up_to(tier: Inputs) -> Decimal | None:
    return None if tier["up_to"] is None else decimal(tier["up_to"])


def _tier(tier: Inputs) -> Tier:
    maximum = tier.get("cap", tier.get("maximum_amount"))
    return Tier(
        _up_to(tier),
        decimal(tier.get("unit_amount", 0)),
        decimal(tier.get("flat_amount", 0)),
        None if maximum is None else decimal(maximum),
    )


def _rate_tier(tier: Inputs) -> RateTier:
    flat = decimal(tier.get("flat_amount", 0))
    return RateTier(_up_to(tier), _percent(Case("", "", tier, {})), flat)


def _percent(case: Case) -> Decimal:
    """A rate in percent, or in basis points of which a hundred are one percent."""
    if case.has("rate_percent"):
        return case.number("rate_percent")
    return convert(case.number("bps", "rate_bps"), Decimal(100))


def _package_tiers(case: Case) -> tuple[PackageTier, ...]:
    return tuple(
        PackageTier(_up_to(tier), decimal(tier["package_size"]), decimal(tier["package_amount"]))
        for tier in case["tiers"]
    )


def _package(case: Case) -> Price:
    if case.has("tiers"):
        return GraduatedPackage(_package_tiers(case))
    return Package(
        case.number("package_size"),
        case.number("package_amount", default="0"),
        case.number("free_units", default="0"),
        _rounding(case),
        billed_at_zero=case.publisher in BILLS_A_PACKAGE_AT_ZERO,
    )


def _rounding(case: Case) -> PackageRounding:
    named = case.inputs.get("round", "up")
    if named not in ROUNDINGS:
        raise UnmappedError(f"rounding {named!r}")
    return ROUNDINGS[named]


def _graduated_percentage(case: Case) -> Price:
    at_zero = case.publisher in BILLS_FLAT_AT_ZERO
    return GraduatedPercentage(tuple(map(_rate_tier, case["tiers"])), at_zero)


PRICES: dict[str, Callable[[Case], Price]] = {
    "flat": lambda case: Flat(case.number("flat_amount", "amount", "price")),
    "per_unit": lambda case: PerUnit(case.number("unit_amount")),
    "committed": lambda case: PerUnit(case.number("unit_amount")),
    "overage": lambda case: PerUnit(case.number("overage_unit_amount", "unit_amount")),
    "multiplier": lambda case: Multiplier(case.number("multiplier")),
    "graduated": _tiered(Graduated),
    "stairstep_graduated": _tiered(Graduated),
    "volume": _tiered(Volume),
    "stairstep": _tiered(Volume),
    "package": _package,
    "volume_package": lambda case: VolumePackage(_package_tiers(case)),
    "graduated_package": lambda case: GraduatedPackage(_package_tiers(case)),
    "graduated_percentage": _graduated_percentage,
    "percentage": _graduated_percentage,
    "bps": _graduated_percentage,
}
# What changes a price and is not read here.
UNREAD = {"overage_factor", "multiply_by", "raw_cumulative_before"}


def _by_quantity(case: Case) -> Found:
    price = price_of(case)
    if "bucket_maxima" in case:
        return _summed(rate_each(price, [decimal(peak) for peak in case["bucket_maxima"]]))
    if "groups" in case:
        grouped = [rate(price, decimal(group["quantity"])) for group in case["groups"]]
        return _summed(add_up(grouped)) | {"group_amounts": [one.amount for one in grouped]}
    quantity, billed = _quantity(case)
    included = case.number(
        "free_units_after_rounding", "included_units", "included_quantity", default="0"
    )
    line = rate_line(
        Pricing(price=price, included=included),
        quantity,
        currency=case.currency,
        already=case.number("cumulative_before", default="0"),
    )
    charged = line.working.find("included")
    if charged is not None:
        billed = decimal(charged.facts["charged"])
    exact = decimal(_step(line.working, "rounding").facts["exact"])
    if case.publisher in ROUNDS_BEFORE_LIMITS:
        exact = line.net.amount
    found = _bounded(case, exact, [decimal(step.facts["amount"]) for step in _tiers(line.working)])
    count = line.working.find("package")
    if count is not None:
        paid = decimal(count.facts["chargedUnits"])
        found["packages"] = billed = decimal(count.facts["packages"])
        found["billed_units"] = count.facts["billedUnits"]
        found["effective_amount_per_paid_unit_rounded_2"] = effective_unit_amount(exact, paid)
    return {
        **found,
        "billed_quantity": billed,
        "overage_quantity": billed,
        "effective_unit_amount": effective_unit_amount(exact, quantity),
        "unpriced_quantity": line.unpriced,
        **_invoices(case, line.net),
    }


def _quantity(case: Case) -> tuple[Decimal, Decimal]:
    """The quantity to rate, and how much of it is billed where nothing else says so."""
    if "raw_quantity" in case:
        converted = _converted(case)
        return converted, converted
    once = "1" if case["model"] == "flat" else None
    quantity = case.number("quantity", "metered_cost", default=once)
    return quantity, quantity


def _converted(case: Case) -> Decimal:
    """A measured quantity in the unit sold, rounded only where the case names how."""
    raw, divide_by = case.number("raw_quantity"), case.number("divide_by")
    if case.inputs.get("round") == "half_up":
        return round_to(convert(raw, divide_by), 0, RoundingMode.HALF_UP)
    named = _rounding(case) if case.has("round") else PackageRounding.PROPORTIONAL
    return convert(raw, divide_by, named)


def _bounded(case: Case, exact: Decimal, tier_amounts: list[Decimal]) -> dict[str, object]:
    """The amount with discount, minimum and maximum of a period billed in steps."""
    billed = case.number("already_billed", default="0")
    found: dict[str, object] = {
        "gross": exact,
        "usage_amount": exact,
        "incremental_amount": exact,
        "overage_amount": exact,
        "tier_amounts": tier_amounts,
    }
    amount = exact
    if "discount_percent" in case:
        less = less_percent(amount, case.number("discount_percent"))
        found["percentage_discount"] = less.discount
        amount = less.amount
    if case.has("maximum_amount"):
        capped = cap(amount, case.number("maximum_amount"), billed=billed)
        amount = capped.amount
        found["cap_discount"] = capped.discount
        found["line_discounts"] = from_the_last(capped.discount, tier_amounts or [exact])
    found["amount"] = found["total"] = amount
    for key in ("minimum_amount", "commitment", "committed_amount", "commitment_amount"):
        if case.has(key):
            missing = true_up(amount, case.number(key), billed=billed)
            found["true_up"] = missing
            found["total"] = sum((amount, missing), Decimal(0))
            if case.topic != "minimum":
                found["amount"] = found["total"]
    return found


def _invoices(case: Case, usage: Money) -> dict[str, object]:
    """A fee beside its usage; in advance, the second invoice has both."""
    if case.has("flat_amount") and "included_units" in case:
        with_fee = _fee(case, "flat_amount")
        return {"total": total([with_fee, usage], case.currency)}
    if "recurring_in_advance" not in case:
        return {}
    fee = _fee(case, "recurring_in_advance")
    second = total([fee, usage], case.currency)
    return {"first_invoice_total": fee, "second_invoice_total": second}


def _fee(case: Case, key: str) -> Money:
    price = Pricing(price=Flat(case.number(key)))
    return rate_line(price, Decimal(1), currency=case.currency).net


def _lines(case: Case) -> Found:
    rated = [
        rate(price_of(Case(case.topic, case.publisher, line, {})), decimal(line["quantity"]))
        for line in case["lines"]
    ]
    return _summed(add_up(rated)) | {"line_amounts": [one.amount for one in rated]}


def _summed(rated: Rated) -> dict[str, object]:
    return {"amount": rated.amount, "total": rated.amount, "unpriced_quantity": rated.unpriced}


def _package_counts(case: Case) -> Found:
    rated = [rate(price_of(case), decimal(quantity)) for quantity in case["quantities"]]
    return {
        "billed_units": [one.working.facts["billedUnits"] for one in rated],
        "packages": [one.working.facts["packages"] for one in rated],
        "amounts": [one.amount for one in rated],
    }


def _weighted(case: Case) -> Found:
    price = price_of(case)
    if not isinstance(price, Graduated | Volume):
        raise UnmappedError("weighted units need tiers")
    change = WeightedChange(case.number("full_units"), case.number("prorated_units"))
    weighted = rate_weighted(price, [change])
    return {
        "amount": weighted.exact,
        "usage_part": weighted.usage_part,
        "flat_part": weighted.flat_part,
    }


def _percentage(case: Case) -> Found:
    price = Percentage(
        rate_percent=_percent(case),
        fixed_amount=case.number("fixed_per_event", "fixed_amount", default="0"),
        free_events=int(case["free_events"]) if case.has("free_events") else None,
        free_amount=case.number("free_amount") if case.has("free_amount") else None,
        per_event_minimum=case.number("per_event_min") if case.has("per_event_min") else None,
        per_event_maximum=case.number("per_event_max", "per_unit_maximum")
        if case.has("per_event_max") or case.has("per_unit_maximum")
        else None,
    )
    rated = rate_events(price, _events(case))
    facts = rated.working.facts
    return {
        **_bounded(case, rated.amount, []),
        "percentage_part": facts["percentagePart"],
        "fixed_part": facts["fixedPart"],
        "free_amount_used": facts["freeAmount"],
        "free_events_used": facts["freeEvents"],
        "event_amounts_billed": [part.facts["amount"] for part in rated.working.parts],
    }


def _events(case: Case) -> list[Events]:
    if "event_amounts" in case:
        return [Events(decimal(amount)) for amount in case["event_amounts"]]
    running = [decimal(amount) for amount in case.inputs.get("running_totals", ())]
    amount = case.number("total_amount", "base_amount", "amount", "quantity")
    return list(events_of(amount, int(case.inputs.get("event_count", 1)), running))


def _dynamic(case: Case) -> Found:
    rated = rate_given(case.number("amount_minor"), case.currency)
    unit_amount = effective_unit_amount(rated.amount, case.number("quantity"))
    return {"amount": rated.amount, "unit_amount": unit_amount}


def _matrix(case: Case) -> Found:
    dimensions = tuple(case["dimensions"])
    default = case.inputs.get("default_unit_amount")
    price = Matrix(
        dimensions,
        tuple(
            Cell(tuple(cell["dimension_values"]), decimal(cell["unit_amount"]))
            for cell in case["cells"]
        ),
        None if default is None else decimal(default),
    )
    usage = [
        CellUsage({name: one[name] for name in dimensions if name in one}, decimal(one["quantity"]))
        for one in case["usage"]
    ]
    rule = case.inputs.get("included_rule", "pro rata to usage")
    if rule not in INCLUDED_RULES:
        raise UnmappedError(f"rule of included units {rule!r}")
    included = case.number("included_units", default="0")
    rated = rate_cells(price, usage, included=included, rule=INCLUDED_RULES[rule])
    facts = [part.facts for part in rated.working.parts]
    return {
        **_bounded(case, rated.amount, []),
        "cell_amounts": [one["amount"] for one in facts],
        "included_split": [one.get("included", Decimal(0)) for one in facts],
        "billable": [one.get("charged", one["quantity"]) for one in facts],
        "unpriced_quantity": rated.unpriced,
    }


def _tiers(working: Working) -> list[Working]:
    return working.every("tier")


def _step(working: Working, rule: str) -> Working:
    found = working.find(rule)
    assert found is not None, f"a line shows its {rule}"
    return found
