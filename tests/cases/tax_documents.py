"""Cases of document totals by EN 16931, mapped onto `usance.domain.invoicing.totals`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.cases.values import Case, Found, Inputs, Unordered, decimal
from usance.domain.invoicing.totals import (
    Stated,
    accepts_bases,
    accepts_category_tax,
    category_tax,
    line_sum,
    net_total,
    payable,
    tax_total,
    totals,
)
from usance.domain.money import Currency, Money
from usance.domain.tax.amounts import TaxRow, tax_in
from usance.domain.tax.rates import TaxCategory


def found_in(case: Case) -> Found:
    """What our totals make of a document case."""
    return TOPICS[case.topic](case)


def _document(case: Case) -> Found:
    of = case.currency
    charged, nothing = case.inputs.get("doc_allowance_charges", []), Money.zero(of)
    made = totals(
        [_stated(line, line["net"], of) for line in case["lines"]],
        of,
        allowances=_of_kind("allowance", charged, of),
        charges=_of_kind("charge", charged, of),
        prepaid=case.money("prepaid") if case.has("prepaid") else nothing,
        rounding=case.money("rounding") if case.has("rounding") else nothing,
    )
    found = {
        "line_sum": made.line_sum,
        "allowances": made.allowances,
        "charges": made.charges,
        "net": made.net,
        "vat_total": made.tax,
        "gross": made.gross,
        "payable": made.payable,
        "vat_breakdown": Unordered([_row(row) for row in made.taxes]),
    }
    if not case.has("exchange_rate"):
        return found
    local = tax_in(made.tax, case.in_currency("tax_currency"), case.number("exchange_rate"))
    return {**found, "vat_total_accounting": [local.currency.code, local]}


def _of_kind(kind: str, charged: Sequence[Inputs], of: Currency) -> list[Stated]:
    return [_stated(each, each["amount"], of) for each in charged if each["kind"] == kind]


def _stated(plain: Inputs, amount: str, of: Currency) -> Stated:
    category, rate = plain["vat"] if "vat" in plain else (plain["category"], plain["rate"])
    return Stated(_money(amount, of), TaxCategory(category), decimal(rate))


def _row(row: TaxRow) -> dict[str, object]:
    return {
        "category": row.category.value,
        "rate": row.percent,
        "taxable": row.taxable,
        "vat": row.tax,
    }


def _money(plain: Any, of: Currency) -> Money:
    return Money.parse(str(plain), of)


def _category_vat(case: Case) -> Found:
    if "rows" in case:
        rows = case["rows"]
        of = case.currency
        return {"vat": [category_tax(_money(r["taxable"], of), decimal(r["rate"])) for r in rows]}
    taxable, rate = case.money("taxable"), case.number("rate_percent", "rate")
    tax = category_tax(taxable, rate)
    found: dict[str, object] = {"vat": tax, "correct_vat": tax}
    if case.has("stated_vat"):
        found["accepted"] = accepts_category_tax(taxable.amount, rate, case.number("stated_vat"))
    return found


def _amount_due(case: Case) -> Found:
    due = payable(case.money("gross"), case.money("prepaid"), case.money("rounding"))
    return _verdict(case, "payable", due)


def _line_sum(case: Case) -> Found:
    of = case.currency
    return _verdict(
        case, "line_sum", line_sum([_money(each, of) for each in case["line_net_amounts"]], of)
    )


def _net_total(case: Case) -> Found:
    lines, allowances = case.money("line_sum"), case.money("allowances")
    return _verdict(case, "net", net_total(lines, allowances, case.money("charges")))


def _vat_total(case: Case) -> Found:
    of = case.currency
    return _verdict(
        case, "vat_total", tax_total([_money(each, of) for each in case["category_vat"]], of)
    )


def _verdict(case: Case, name: str, right: Money) -> Found:
    found: dict[str, object] = {name: right, f"correct_{name}": right}
    if case.has(f"stated_{name}"):
        found["accepted"] = case.number(f"stated_{name}") == right.amount
    return found


def _bases(case: Case) -> Found:
    of = case.currency
    lines = [_stated(line, line["net"], of) for line in case["lines"]]
    charged = case["doc_allowance_charges"]
    given_back = [each._replace(amount=-each.amount) for each in _of_kind("allowance", charged, of)]
    amounts = [*lines, *_of_kind("charge", charged, of), *given_back]
    stated = [_stated(each, each["taxable"], of) for each in case["stated"]]
    return {"accepted": accepts_bases(amounts, stated, of)}


TOPICS: dict[str, Callable[[Case], Found]] = {
    "en16931_invoice_totals": _document,
    "en16931_category_vat": _category_vat,
    "en16931_amount_due": _amount_due,
    "en16931_line_sum": _line_sum,
    "en16931_net_total": _net_total,
    "en16931_vat_total": _vat_total,
    "en16931_taxable_by_category_and_rate": _bases,
}
