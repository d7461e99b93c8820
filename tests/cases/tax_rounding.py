"""Cases of rounding, discounts and shares, mapped onto `usance.domain`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tests.cases.publishers import PERCENT_OFF_FIRST
from tests.cases.tax_lines import MODES, several_figures, taxed_figures
from tests.cases.values import Case, Found, decimal
from usance.domain.invoicing.discounts import (
    AmountOff,
    Discount,
    PercentOff,
    percent_of,
    share_discount,
    take_discounts,
)
from usance.domain.money import Currency, Money, Rate, total
from usance.domain.rating.limits import true_up
from usance.domain.rounding import (
    RoundingMode,
    Spare,
    cash_rounding,
    deal,
    round_money,
    round_to,
    rounded_sum,
    sum_of_rounded,
)


def found_in(case: Case) -> Found:
    """What our rounding makes of a case."""
    return TOPICS[case.topic](case)


def mode_of(case: Case, *keys: str) -> RoundingMode:
    """The rounding mode the case names; half up where it names none."""
    return MODES[next((case[key] for key in keys if case.has(key)), "half_up")]


def _rounded(case: Case) -> Found:
    """A number, several, or a tax, rounded half up."""
    mode = mode_of(case, "mode")
    if "values" in case:
        decimals = int(case.number("decimals", default=str(case.currency.digits)))
        return {"rounded": [round_to(decimal(each), decimals, mode) for each in case["values"]]}
    if "value" in case:
        rounded = round_money(case.number("value"), case.currency, mode)
        if not case.has("decimals"):
            return {"rounded": rounded}
        return {"rounded": round_to(case.number("value"), int(case["decimals"]), mode)}
    return taxed_figures(case)


def _modes(case: Case) -> Found:
    decimals = int(case["decimals"])
    if "text" in case:
        # What a program makes of it that reads "1.005" as a binary number first.
        binary = Decimal.from_float(float(case["text"]))
        return {
            "decimal_half_up": round_to(decimal(case["text"]), decimals, RoundingMode.HALF_UP),
            "binary_float_result": round_to(binary, decimals, RoundingMode.HALF_UP),
        }
    return {name: round_to(case.number("value"), decimals, mode) for name, mode in MODES.items()}


def _round_down(case: Case) -> Found:
    """Each figure by the mode named for it."""
    digits = case.currency.digits
    return {
        key: round_to(case.number(key), digits, MODES[mode]) for key, mode in case["modes"].items()
    }


def _exponent(case: Case) -> Found:
    if "rate" in case:
        return taxed_figures(case)
    return {"decimals": case.currency.digits, "minor_units": case.money("amount").minor}


def _line(case: Case) -> Found:
    """One line amount; a shortfall; or the tax of lines."""
    if "unit_price" in case:
        price = Rate(case.number("unit_price"), case.currency)
        return {"amount": price.times(case.number("quantity"))}
    if "commitment" in case:
        used = round_money(case.number("usage_unrounded"), case.currency)
        missing = true_up(used.amount, case.number("commitment"))
        return {"true_up": round_money(missing, case.currency)}
    return several_figures(case) if "codes" in case else taxed_figures(case)


def _sums(case: Case) -> Found:
    of = case.currency
    if "values" in case:
        return {"total": sum_of_rounded([decimal(each) for each in case["values"]], of)}
    exact = [decimal(value) for key, value in case.inputs.items() if key.endswith("_unrounded")]
    return {
        "lines": [round_money(each, of) for each in exact],
        "sum_of_lines": sum_of_rounded(exact, of),
        "net_rounded_once": rounded_sum(exact, of),
    }


def _cash(case: Case) -> Found:
    of = case.currency
    whole = total([Money.parse(str(each), of) for each in case["lines"]], of)
    added = cash_rounding(whole, case.money("increment"))
    return {"sum": whole, "total": whole + added, "rounding_line": added}


def _discounts(case: Case) -> Found:
    of = case.currency
    coupons = [_coupon(each, of) for each in case["coupons"]]
    if case.publisher in PERCENT_OFF_FIRST:
        coupons.sort(key=lambda coupon: isinstance(coupon, AmountOff))
    taken = take_discounts(case.money("subtotal"), coupons)
    return {"discount": taken.discount, "net": taken.net, "used": list(taken.used)}


def _coupon(plain: str, of: Currency) -> Discount:
    if str(plain).endswith("%"):
        return PercentOff(decimal(str(plain).removesuffix("%")))
    return AmountOff(Money.parse(str(plain), of))


def _shared_discount(case: Case) -> Found:
    """A discount over lines; a coupon before tax; a percentage line by line."""
    if "fees" in case:
        return _coupon_before_tax(case)
    of = case.currency
    lines = [
        Money(minor, of) for minor in case.inputs.get("lines_minor", case.inputs.get("items_minor"))
    ]
    if "percent" in case:
        each = [percent_of(line, case.number("percent")) for line in lines]
        whole = percent_of(total(lines, of), case.number("percent"))
        split = _minor(each)
        return {
            "split_minor": split,
            "sum_minor": total(each, of).minor,
            "on_total_minor": whole.minor,
        }
    shares = share_discount(Money(case["discount_minor"], of), lines)
    return {
        "split_minor": _minor(shares),
        "discount_split": _minor(shares),
        "net_minor": _minor([line - share for line, share in zip(lines, shares, strict=True)]),
    }


def _coupon_before_tax(case: Case) -> Found:
    of = case.currency
    fees = [Money.parse(str(fee["net"]), of) for fee in case["fees"]]
    coupon = case.money("coupon")
    shares = share_discount(coupon, fees)
    used = total(shares, of)
    rates = [decimal(fee["rate"]) for fee in case["fees"]]
    nets = [fee - share for fee, share in zip(fees, shares, strict=True)]
    figures = taxed_figures(case, list(zip(nets, rates, strict=True)))
    return {
        **figures,
        "coupon_split": shares,
        "coupon_used": used,
        "coupon_left": coupon - used,
        "taxes": figures["line_tax"],
    }


def _dealt(case: Case) -> Found:
    of = case.currency
    spare = Spare.LAST if "last" in case.topic else Spare.FIRST
    amount = case.money("total") if "total" in case else Money(case["total_minor"], of)
    weights: Sequence[Any] = case["ratios"] if "ratios" in case else [1] * int(case["parts"])
    parts = deal(amount, [decimal(each) for each in weights], spare)
    return {"split": parts, "split_minor": _minor(parts)}


def _minor(amounts: Sequence[Money]) -> list[int]:
    return [amount.minor for amount in amounts]


TOPICS: dict[str, Callable[[Case], Found]] = {
    "rounding_modes": _modes,
    "round_down": _round_down,
    "half_up": _rounded,
    "half_up_by_currency": _rounded,
    "currency_exponent": _exponent,
    "line_rounding": _line,
    "sum_of_rounded_lines": _sums,
    "cash_rounding": _cash,
    "discount_order": _discounts,
    "discount_allocation": _shared_discount,
    "allocation_first_gets_remainder": _dealt,
    "allocation_last_gets_remainder": _dealt,
}
