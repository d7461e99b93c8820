"""Document totals by EN 16931: what the figures at the foot of an invoice are made of.

Amounts come as they stand on the document; allowances and charges are above zero and named for
what they do. The second half is what the published validators accept of figures somebody states:
they let the tax of a category differ by less than one unit, so we compute and never rely on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from usance.domain.money import Currency, Money, round_minor, total
from usance.domain.rounding import RoundingMode, divide, round_to
from usance.domain.tax.amounts import TaxedAmount, TaxRow, document_tax
from usance.domain.tax.rates import TaxCategory
from usance.domain.tax.treatment import TaxTreatment

LEEWAY = 1  # unit of the currency: what validators let the tax and base of a category differ by


class Stated(NamedTuple):
    """An amount of a document in a tax category at a rate: of a line, allowance or charge."""

    amount: Money
    category: TaxCategory
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The totals of a document, with their EN 16931 terms."""

    line_sum: Money  # BT-106, BR-CO-10
    allowances: Money  # BT-107, BR-CO-11
    charges: Money  # BT-108, BR-CO-12
    net: Money  # BT-109, BR-CO-13
    tax: Money  # BT-110, BR-CO-14
    gross: Money  # BT-112, BR-CO-15
    prepaid: Money  # BT-113
    rounding: Money  # BT-114
    payable: Money  # BT-115, BR-CO-16
    taxes: tuple[TaxRow, ...]  # BG-23, BR-S-08 and BR-CO-17


def totals(
    lines: Sequence[Stated],
    currency: Currency,
    *,
    allowances: Sequence[Stated] = (),
    charges: Sequence[Stated] = (),
    prepaid: Money | None = None,
    rounding: Money | None = None,
) -> Totals:
    """The totals of these lines; tax per category and rate on what allowances and charges leave."""
    nothing = Money.zero(currency)
    prepaid = nothing if prepaid is None else prepaid
    rounding = nothing if rounding is None else rounding
    given_back = [each._replace(amount=-each.amount) for each in allowances]
    taxes = taxed_by_category([*lines, *charges, *given_back], currency)
    sums = [
        line_sum([each.amount for each in part], currency) for part in (lines, allowances, charges)
    ]
    net = net_total(*sums)
    tax = tax_total([row.tax for row in taxes], currency)
    return Totals(
        line_sum=sums[0],
        allowances=sums[1],
        charges=sums[2],
        net=net,
        tax=tax,
        gross=net + tax,
        prepaid=prepaid,
        rounding=rounding,
        payable=payable(net + tax, prepaid, rounding),
        taxes=taxes,
    )


def taxed_by_category(amounts: Sequence[Stated], currency: Currency) -> tuple[TaxRow, ...]:
    """BR-S-08 and its like: base and tax of each category and rate; 25 and 25.00 are one."""
    taxed = [
        TaxedAmount(each.amount, TaxTreatment(each.category, each.percent, "stated"))
        for each in amounts
    ]
    return document_tax(taxed, currency)[0]


def line_sum(lines: Sequence[Money], currency: Currency) -> Money:
    """BR-CO-10: the sum of the net amounts of the lines."""
    return total(lines, currency)


def net_total(line_sum: Money, allowances: Money, charges: Money) -> Money:
    """BR-CO-13: lines less allowances and plus charges."""
    return line_sum - allowances + charges


def tax_total(taxes: Sequence[Money], currency: Currency) -> Money:
    """BR-CO-14: the sum of the tax of all categories."""
    return total(taxes, currency)


def payable(gross: Money, prepaid: Money, rounding: Money) -> Money:
    """BR-CO-16: what is still to be paid; `rounding` brings it to what can be paid in coins."""
    return gross - prepaid + rounding


def category_tax(taxable: Money, percent: Decimal) -> Money:
    """BR-CO-17: base x rate, rounded once, half away from zero."""
    return round_minor(taxable.amount * percent / 100, taxable.currency)


def accepts_category_tax(taxable: Decimal, percent: Decimal, stated: Decimal) -> bool:
    """Whether published validators accept the tax stated for a category (BR-CO-17).

    They compare without signs, and take a rate that rounds to 0 for no tax at all.
    """
    if not _nearest(percent):
        return not _nearest(stated)
    return abs(abs(stated) - _cents(abs(taxable) * percent / 100)) < LEEWAY


def accepts_bases(amounts: Sequence[Stated], stated: Sequence[Stated], currency: Currency) -> bool:
    """Whether they accept the bases stated by category and rate (BR-S-08 and its like).

    At a standard rate within the leeway, else exactly. Only what is stated is looked at.
    """
    bases = {
        (row.category, row.percent): row.taxable for row in taxed_by_category(amounts, currency)
    }
    for each in stated:
        base = bases.get((each.category, each.percent))
        if base is None:
            return False
        apart = abs((each.amount - base).amount)
        if apart if each.category is not TaxCategory.STANDARD else apart >= LEEWAY:
            return False
    return True


def _nearest(number: Decimal) -> int:
    """The whole number nearest, halves upwards: as XPath rounds."""
    return divide(*(number * 2 + 1).as_integer_ratio(), RoundingMode.FLOOR) // 2


def _cents(number: Decimal) -> Decimal:
    return round_to(number, 2, RoundingMode.HALF_UP)
