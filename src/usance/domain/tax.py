"""Tax: which rate a line bears, and how much that is on the document.

Owns: the rate table of a legal entity, exemption, reverse charge, tax per category and rate.
Does not own: the format of tax ids (customer), net amounts (rating), how tax is printed.

Always true:
- the tax of a document is the sum over its categories and rates, each rounded once;
- the tax shares of the lines add up to the tax of the document;
- reverse charge, exempt and outside-scope lines bear no tax and carry the reason why.

Rates hold from a day on and are looked up by the tax point, the first day of the service period.
Categories are EN 16931's (UNCL 5305). Source of the rules: finance.md section 6; EU VAT directive
articles 44 and 196 for services between businesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from usance.domain.calendar import FIRST_DAY, LAST_DAY
from usance.domain.customer import EU, Customer, check_country
from usance.domain.errors import Invalid, Problem
from usance.domain.legal_entity import LegalEntity
from usance.domain.money import Currency, Money, round_minor

NOTHING = Decimal(0)


class TaxCategory(StrEnum):
    """Why a rate is what it is, by EN 16931."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    OUTSIDE_SCOPE = "O"


TABLE_CATEGORIES = (TaxCategory.STANDARD, TaxCategory.ZERO, TaxCategory.EXEMPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """One row of an entity's table: this code in this country bears `percent` while valid."""

    tax_code: str
    country: str
    percent: Decimal
    category: TaxCategory = TaxCategory.STANDARD
    valid_from: date = FIRST_DAY
    valid_until: date = LAST_DAY

    def __post_init__(self) -> None:
        check_country(self.country, "country")
        if not 0 <= self.percent <= 100:
            expected = "a percentage from 0 to 100"
            raise Invalid(Problem("InvalidTaxRate", "percent", str(self.percent), expected))
        if self.category not in TABLE_CATEGORIES:
            expected = "S, Z or E; reverse charge and outside scope follow from the places"
            raise Invalid(Problem("InvalidTaxRate", "category", self.category, expected))
        if self.percent and self.category is not TaxCategory.STANDARD:
            expected = f"0 in category {self.category}"
            raise Invalid(Problem("InvalidTaxRate", "percent", str(self.percent), expected))
        if self.valid_from >= self.valid_until:
            expected = f"a day after {self.valid_from}"
            raise Invalid(Problem("EmptyPeriod", "validUntil", str(self.valid_until), expected))


class TaxTreatment(NamedTuple):
    """What one line bears and why. `rule` is a stable code for the working."""

    category: TaxCategory
    percent: Decimal
    rule: str
    reason: str = ""


RATE_MISSING = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE, NOTHING, "rate_missing", "No tax rate is set for this place."
)
REVERSE_CHARGE = TaxTreatment(
    TaxCategory.REVERSE_CHARGE,
    NOTHING,
    "reverse_charge",
    "Reverse charge: Article 196 VAT Directive",
)
OUTSIDE_EU = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE,
    NOTHING,
    "outside_eu",
    "Outside the scope of VAT: Article 44 VAT Directive",
)
NOT_REGISTERED = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE, NOTHING, "not_registered", "Supplier not registered for tax there."
)


@dataclass(frozen=True, slots=True)
class TaxTable:
    """All rates of one legal entity: on any day at most one a tax code and country."""

    rates: tuple[TaxRate, ...]

    def __post_init__(self) -> None:
        ended: dict[tuple[str, str], date] = {}
        for row in sorted(self.rates, key=lambda row: row.valid_from):
            named = (row.tax_code, row.country)
            if row.valid_from < ended.get(named, FIRST_DAY):
                expected = f"{ended[named]} or later, when the rate before it ends"
                raise Invalid(Problem("TaxRateOverlap", "validFrom", str(row.valid_from), expected))
            ended[named] = row.valid_until

    def rate(self, tax_code: str, country: str, on: date) -> TaxRate | None:
        """The rate of that code in that country on that day, or None."""
        for row in self.rates:
            named = row.tax_code == tax_code and row.country == country
            if named and row.valid_from <= on < row.valid_until:
                return row
        return None


def treatment(
    table: TaxTable, seller: LegalEntity, buyer: Customer, *, tax_code: str, on: date
) -> TaxTreatment:
    """What a service of `seller` to `buyer` bears at the tax point `on` (a day of the seller).

    A buyer without an address is taken to be where the seller is: the strictest reading.
    """
    if buyer.exemption is not None:
        return TaxTreatment(TaxCategory.EXEMPT, NOTHING, "exempt", buyer.exemption)
    home = seller.address.country
    place = buyer.address.country if buyer.address is not None else home
    if place != home and home in EU:
        if place not in EU:
            return OUTSIDE_EU
        if any(vat_id.country != home for vat_id in buyer.eu_vat_ids()):
            return REVERSE_CHARGE
        # A consumer elsewhere in the Union: the destination's rate where we are registered for it
        # (one-stop shop), else our own (below the threshold of Article 59c).
        return (
            _from_table(table, tax_code, place, on)
            or _from_table(table, tax_code, home, on, rule="origin")
            or RATE_MISSING
        )
    found = _from_table(table, tax_code, place, on)
    if found is not None:
        return found
    return NOT_REGISTERED if place != home else RATE_MISSING


def _from_table(
    table: TaxTable, tax_code: str, country: str, on: date, *, rule: str = "table"
) -> TaxTreatment | None:
    row = table.rate(tax_code, country, on)
    if row is None:
        return None
    reason = "Exempt from tax." if row.category is TaxCategory.EXEMPT else ""
    return TaxTreatment(row.category, row.percent, f"{rule}:{country}:{tax_code}", reason)


class TaxedAmount(NamedTuple):
    """A net amount and what it bears."""

    net: Money
    treatment: TaxTreatment


@dataclass(frozen=True, slots=True)
class TaxRow:
    """The tax of one category and rate on a document: its base, its amount, and why."""

    category: TaxCategory
    percent: Decimal
    taxable: Money
    tax: Money
    reason: str


def document_tax(
    lines: Sequence[TaxedAmount], currency: Currency
) -> tuple[tuple[TaxRow, ...], list[Money]]:
    """The tax rows of a document, and each line's share of them, in the order of `lines`.

    Per category and rate: base = sum of the lines, tax = base x percent, rounded once, half away
    from zero (EN 16931 BR-CO-17). 25 and 25.00 are one rate. Shares by largest remainder.
    """
    groups: dict[tuple[TaxCategory, Decimal], list[int]] = {}
    for index, line in enumerate(lines):
        groups.setdefault((line.treatment.category, line.treatment.percent), []).append(index)
    rows: list[TaxRow] = []
    shares = [Money(0, currency)] * len(lines)
    for (category, percent), members in groups.items():
        nets = [lines[index].net.minor for index in members]
        taxable = Money(sum(nets), currency)
        tax = round_minor(taxable.amount * percent / 100, currency)
        reasons = dict.fromkeys([lines[index].treatment.reason for index in members])
        rows.append(TaxRow(category, percent, taxable, tax, " ".join(filter(None, reasons))))
        if percent:  # lines that cancel out still bear what one without the other would
            for index, share in zip(members, share_tax(tax, nets, percent), strict=True):
                shares[index] = share
    return tuple(rows), shares


def share_tax(tax: Money, nets: Sequence[int], percent: Decimal) -> list[Money]:
    """`tax` dealt out to lines of `nets` minor units, by largest remainder; negative nets too.

    The shares add up to `tax`, and each is within one minor unit of the line's own exact tax.
    """
    if len(nets) == 1:
        return [tax]
    numerator, denominator = percent.as_integer_ratio()
    exact = [divmod(net * numerator, 100 * denominator) for net in nets]
    parts = [whole for whole, _ in exact]
    left = tax.minor - sum(parts)
    assert 0 <= left <= len(parts), "a rounded sum is within its lines' floors and ceilings"
    if left:
        by_remainder = sorted(range(len(parts)), key=lambda i: (-exact[i][1], i))
        for index in by_remainder[:left]:
            parts[index] += 1
    return [Money(part, tax.currency) for part in parts]
