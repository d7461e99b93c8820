"""Cases of tax on lines, mapped onto `usance.domain.tax`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from tests.cases.values import Case, Found, Inputs, Unordered, day, decimal
from usance.domain.calendar import FIRST_DAY, LAST_DAY, Cadence, Period, Unit, billing_periods
from usance.domain.customer import Address
from usance.domain.money import Money, Rate, total
from usance.domain.rounding import BY_RATE, RoundingMode, TaxLevel, TaxRounding, round_to
from usance.domain.tax.amounts import (
    TaxedAmount,
    TaxedDocument,
    TaxRow,
    exact_tax,
    tax_lines,
)
from usance.domain.tax.credits import TaxedPart, credited_tax
from usance.domain.tax.inclusive import split_inclusive
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable
from usance.domain.tax.treatment import TaxComponent, TaxTreatment, combined

LEVELS = {
    "line": TaxLevel.LINE,
    "line and code": TaxLevel.LINE,
    "round each tax": TaxLevel.RATE,
    "total": TaxLevel.RATE,
    "keep precision per fee, round the invoice": TaxLevel.DOCUMENT,
}
MODES = {mode.value.lower(): mode for mode in RoundingMode}
BY_LINE, ONCE = TaxRounding(TaxLevel.LINE), TaxRounding(TaxLevel.DOCUMENT)
Netted = Sequence[tuple[Money, Decimal]]


def found_in(case: Case) -> Found:
    """What our tax makes of a case."""
    return TOPICS[case.topic](case)


def taxed_figures(case: Case, netted: Netted | None = None) -> dict[str, object]:
    """Every figure of a document of these net amounts and rates, or of the case's own lines."""
    of = case.currency
    lines = _lines(case) if netted is None else [_line(net, rate) for net, rate in netted]
    rounding = _rounding(case)
    made = tax_lines(lines, of, rounding)
    net, tax = total([line.net for line in made.lines], of), total([r.tax for r in made.rows], of)
    exact = [exact_tax(line.net.amount, line.treatment.percent) for line in lines]
    found: dict[str, object] = {
        "net": net,
        "tax": tax,
        "gross": net + tax,
        "total": net + tax,
        "tax_total": tax,
        "rate": [row.percent for row in made.rows],
        "breakdown": Unordered([_row(row) for row in made.rows]),
        "taxes": [row.tax for row in made.rows],
        "line_tax": [line.tax for line in made.lines],
        "unrounded": exact[0],
    }
    if rounding.level is TaxLevel.DOCUMENT:
        found["line_tax"] = exact
        found["tax_unrounded"] = sum(exact)
        found["total_unrounded"] = sum(exact, net.amount)
    return found


def _rounding(case: Case) -> TaxRounding:
    level = LEVELS[case["policy"]] if case.has("policy") else TaxLevel.RATE
    return TaxRounding(level, MODES[case["mode"]] if case.has("mode") else RoundingMode.HALF_UP)


def _lines(case: Case) -> list[TaxedAmount]:
    if "lines" in case:
        return [
            _line(_net(case, line), _rate(case, line))
            for line in case["lines"]
            for _ in range(int(line.get("repeat", 1)))
        ]
    return [_line(case.money("net"), case.number("rate"))]


def _net(case: Case, line: Inputs) -> Money:
    return Money.parse(str(line["net"]), case.currency)


def _rate(case: Case, line: Inputs) -> Decimal:
    return decimal(line["rate"]) if "rate" in line else case.number("rate")


def _line(net: Money, rate: Decimal) -> TaxedAmount:
    return TaxedAmount(net, TaxTreatment(TaxCategory.STANDARD, rate, "case"))


def _row(row: TaxRow) -> dict[str, object]:
    return {"rate": row.percent, "taxable": row.taxable, "tax": row.tax, "name": row.jurisdiction}


def several_figures(case: Case) -> Found:
    """Several taxes on one amount, or several amounts with several taxes each."""
    if "rate" in case:
        return taxed_figures(case)
    bears = _components(case)
    nets = [_net(case, line) for line in case["lines"]] if "lines" in case else [case.money("net")]
    amounts = [TaxedAmount(net, bears) for net in nets]
    made = tax_lines(amounts, case.currency, _rounding(case))
    once = tax_lines(amounts, case.currency, ONCE)
    net, tax = _sums(case, made)
    return {
        "net": net,
        "tax": tax,
        "gross": net + tax,
        "taxes": [row.tax for row in made.rows],
        "rounded_once": _sums(case, once)[1],
        "tax_total": tax,
        "each": made.lines[0].parts[0],
        "unrounded_each": exact_tax(nets[0].amount, bears.components[0].percent),
    }


def _components(case: Case) -> TaxTreatment:
    named = case.inputs.get("taxes") or [
        {"name": str(index), "rate": rate}
        for index, rate in enumerate(case.inputs.get("rates") or case["codes"])
    ]
    return combined(
        [
            TaxComponent(each["name"], decimal(each["rate"]), bool(each.get("compound")))
            for each in named
        ],
        "case",
    )


def _sums(case: Case, made: TaxedDocument) -> tuple[Money, Money]:
    of = case.currency
    return total([line.net for line in made.lines], of), total([row.tax for row in made.rows], of)


def _line_against_total(case: Case) -> Found:
    policies = {"line_policy": BY_LINE, "total_policy": BY_RATE}
    found: dict[str, object] = {}
    for name, rounding in policies.items():
        net, tax = _sums(case, tax_lines(_lines(case), case.currency, rounding))
        found |= {name: {"net": net, "tax": tax, "gross": net + tax}, "net": net}
    return found


def _minor_units(case: Case) -> Found:
    nets = [Money(minor, case.currency) for minor in case["net_minor"]]
    made = tax_lines([_line(net, case.number("rate")) for net in nets], case.currency, BY_LINE)
    return {"tax_minor": [line.tax.minor for line in made.lines]}


def _resolution(case: Case) -> Found:
    """A rate of the product's own is a tax code of its own; all others bear the customer's."""
    own = [line["own_rate"] for line in case["lines"]]
    codes = {"standard": case.number("customer_rate")}
    codes |= {f"own-{rate}": decimal(rate) for rate in own if rate is not None}
    table = TaxTable(
        tuple(TaxRate(tax_code=code, country="DE", percent=rate) for code, rate in codes.items())
    )
    asked = ["standard" if rate is None else f"own-{rate}" for rate in own]
    rows = [table.rates_at(code, Address(country="DE"), FIRST_DAY)[0] for code in asked]
    nets = [_net(case, line) for line in case["lines"]]
    return taxed_figures(case, [(net, row.percent) for net, row in zip(nets, rows, strict=True)])


def _tax_point(case: Case) -> Found:
    """Each month bears the rate of its first day."""
    table = TaxTable(
        tuple(
            TaxRate(
                tax_code="standard",
                country="DE",
                percent=decimal(each["rate"]),
                valid_from=day(each["start"]) if "start" in each else FIRST_DAY,
                valid_until=day(each["until"]) if "until" in each else LAST_DAY,
            )
            for each in case["rates"]
        )
    )
    net = case.money("net_per_month")
    months = _months(case.period("period"))
    rows = [table.rates_at("standard", Address(country="DE"), month.start)[0] for month in months]
    figures = taxed_figures(case, [(net, row.percent) for row in rows])
    return {**figures, "by_rate": figures["breakdown"]}


def _months(period: Period) -> list[Period]:
    monthly = billing_periods(period, Cadence(1, Unit.MONTH), anchor=period.start)
    return [each.part for each in monthly]


def _inclusive(case: Case) -> Found:
    rate = case.number("rate")
    found: dict[str, object] = {}
    if "unit_gross" in case:
        unit, quantity = case.money("unit_gross"), case.number("quantity")
        gross = Rate(unit.amount, case.currency).times(quantity)
        of_unit = split_inclusive(unit, rate).net
        found["line_gross"] = gross
        found["wrong_unit_net_times_quantity"] = Rate(of_unit.amount, case.currency).times(quantity)
    else:
        gross = case.money("gross")
    is_tax_rounded = case.inputs.get("round") == "tax"
    split = split_inclusive(gross, rate, is_tax_rounded=is_tax_rounded)
    return {**found, "net": split.net, "tax": split.tax, "gross": gross}


def _quantities(case: Case) -> Found:
    """Quantities rounded by their unit, priced, then taxed once for the document."""
    quantities = [
        round_to(
            decimal(line["quantity_entered"]),
            int(line["uom_decimals"]),
            MODES[line["uom_rounding"]],
        )
        for line in case["lines"]
    ]
    amounts = [
        Rate(decimal(line["unit_price"]), case.currency).times(quantity)
        for line, quantity in zip(case["lines"], quantities, strict=True)
    ]
    percent = case.number("tax_percent")
    figures = taxed_figures(case, [(amount, percent) for amount in amounts])
    exact = [exact_tax(amount.amount, percent) for amount in amounts]
    return {
        **figures,
        "quantities": quantities,
        "amounts": amounts,
        "tax_lines_unrounded": exact,
    }


def _credit(case: Case) -> Found:
    if "source_taxes" in case:
        return _credit_of_several(case)
    if "credits_net" in case:
        return _credits_at_a_rate(case)
    if "shares" in case:
        return _credits_in_shares(case)
    return taxed_figures(case)


def _credit_of_several(case: Case) -> Found:
    of, net = case.currency, case.money("source_net")
    taxes = [Money.parse(str(each["tax"]), of) for each in case["source_taxes"]]
    credited = case.money("credited_net")
    none = TaxedPart(Money.zero(of), Money.zero(of))
    back = [credited_tax(TaxedPart(net, tax), credited, before=none) for tax in taxes]
    return {"credit_taxes": back, "credit_tax": total(back, of)}


def _credits_at_a_rate(case: Case) -> Found:
    of, rate = case.currency, case.number("rate")
    credits = [Money.parse(str(each), of) for each in case["credits_net"]]
    source = TaxedPart(case.money("invoice_net"), case.money("invoice_vat"))
    return {
        "credit_vat_plain": [
            line.tax for line in tax_lines([_line(net, rate) for net in credits], of, BY_LINE).lines
        ],
        "credit_vat_balanced": _one_by_one(source, credits, rate),
    }


def _credits_in_shares(case: Case) -> Found:
    of = case.currency
    credits = [Money.parse(str(each), of) for each in case["shares"]]
    source = TaxedPart(total(credits, of), case.money("source_tax"))
    back = _one_by_one(source, credits, None)
    return {"credit_tax": back, "total": total(back, of)}


def _one_by_one(source: TaxedPart, credits: Sequence[Money], rate: Decimal | None) -> list[Money]:
    of = source.net.currency
    net = tax = Money.zero(of)
    back: list[Money] = []
    for credit in credits:
        back.append(credited_tax(source, credit, before=TaxedPart(net, tax), percent=rate))
        net, tax = net + credit, tax + back[-1]
    return back


TOPICS: dict[str, Callable[[Case], Found]] = {
    "several_taxes": several_figures,
    "several_rates": taxed_figures,
    "line_vs_total": _line_against_total,
    "total_rounding": taxed_figures,
    "half_up_minor_units": _minor_units,
    "tax_resolution": _resolution,
    "tax_point": _tax_point,
    "tax_inclusive": _inclusive,
    "quantity_rounding": _quantities,
    "credit_note_tax": _credit,
}
