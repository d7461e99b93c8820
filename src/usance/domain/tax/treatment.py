"""Treatment: what a service of this seller to this buyer bears, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from usance.domain.customer import EU, Address, Customer
from usance.domain.legal_entity import LegalEntity
from usance.domain.tax.rates import TaxCategory, TaxRate, TaxTable, region_code

NOTHING = Decimal(0)
# Whose services to customers abroad are zero-rated exports under their GST, not outside its scope.
ZERO_RATED_EXPORTS = frozenset({"AU", "CA", "IN", "NZ", "SG"})


class TaxComponent(NamedTuple):
    """One of several taxes on a line. A compound one is charged on the net and the others."""

    jurisdiction: str
    percent: Decimal
    is_compound: bool = False


class TaxTreatment(NamedTuple):
    """What one line bears and why. `rule` is a stable code for the working.

    One tax without a name of its own (VAT) is `percent` alone. Named taxes are `components`, and
    `percent` is what they come to together.
    """

    category: TaxCategory
    percent: Decimal
    rule: str
    reason: str = ""
    components: tuple[TaxComponent, ...] = ()


def combined(components: Sequence[TaxComponent], rule: str) -> TaxTreatment:
    """A standard-rated treatment of several taxes; its percentage is exact."""
    plain = sum((each.percent for each in components if not each.is_compound), NOTHING)
    compound = sum((each.percent for each in components if each.is_compound), NOTHING)
    percent = plain + compound * (100 + plain) / 100
    return TaxTreatment(TaxCategory.STANDARD, percent, rule, "", tuple(components))


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
OUTSIDE_UK = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE,
    NOTHING,
    "outside_uk",
    "Outside the scope of UK VAT: supplied where the customer belongs (VATA 1994, section 7A)",
)
# A seller from outside the Union to a business in it: the buyer owes the tax at home.
BUYER_ACCOUNTS = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE,
    NOTHING,
    "buyer_accounts",
    "The customer accounts for VAT (reverse charge): Article 196 VAT Directive",
)
NOT_REGISTERED = TaxTreatment(
    TaxCategory.OUTSIDE_SCOPE, NOTHING, "not_registered", "Supplier not registered for tax there."
)
# The rules that rest on a buyer's VAT id being a registered one.
RESTS_ON_TAX_ID = frozenset({REVERSE_CHARGE.rule, BUYER_ACCOUNTS.rule})


def treatment(
    table: TaxTable, seller: LegalEntity, buyer: Customer, *, tax_code: str, on: date
) -> TaxTreatment:
    """What a service of `seller` to `buyer` bears at the tax point `on` (a day of the seller).

    A buyer without an address is taken to be where the seller is: the strictest reading.
    """
    if buyer.exemption is not None:
        return TaxTreatment(TaxCategory.EXEMPT, NOTHING, "exempt", buyer.exemption)
    home = seller.address.country
    place = buyer.address if buyer.address is not None else seller.address
    if place.country == home:
        return _from_table(table, tax_code, place, on) or _without_rate(table, tax_code, place)
    if home in EU:
        return _from_the_union(table, seller, buyer, place, (tax_code, on))
    return _from_elsewhere(table, seller, buyer, place, (tax_code, on))


def _from_the_union(
    table: TaxTable,
    seller: LegalEntity,
    buyer: Customer,
    place: Address,
    asked: tuple[str, date],
) -> TaxTreatment:
    """A seller in the Union, a buyer in another state or outside."""
    if place.country not in EU:
        return OUTSIDE_EU
    if any(vat_id.country != seller.address.country for vat_id in buyer.eu_vat_ids()):
        return REVERSE_CHARGE
    # A consumer elsewhere in the Union: the destination's rate where we are registered for it
    # (one-stop shop), else our own (below the threshold of Article 59c).
    return (
        _from_table(table, asked[0], place, asked[1])
        or _from_table(table, asked[0], seller.address, asked[1], rule="origin")
        or RATE_MISSING
    )


def _from_elsewhere(
    table: TaxTable,
    seller: LegalEntity,
    buyer: Customer,
    place: Address,
    asked: tuple[str, date],
) -> TaxTreatment:
    """A seller outside the Union, a buyer in another country: taxed there, if anywhere."""
    if place.country in EU and buyer.eu_vat_ids():
        return BUYER_ACCOUNTS
    found = _from_table(table, asked[0], place, asked[1])
    if found is not None:
        return found
    home = seller.address.country
    if home == "GB":
        return OUTSIDE_UK
    if home in ZERO_RATED_EXPORTS:
        return TaxTreatment(TaxCategory.ZERO, NOTHING, f"export:{home}")
    return NOT_REGISTERED


def _without_rate(table: TaxTable, tax_code: str, place: Address) -> TaxTreatment:
    """At home without a rate: an error, except in a region where we need not collect."""
    is_known_region = table.is_regional(tax_code, place.country) and region_code(place)
    return NOT_REGISTERED if is_known_region else RATE_MISSING


def _from_table(
    table: TaxTable, tax_code: str, place: Address, on: date, *, rule: str = "table"
) -> TaxTreatment | None:
    rows = table.rates_at(tax_code, place, on)
    if not rows:
        return None
    smallest = rows[0] if len(rows) == 1 else max(rows, key=lambda row: row.size)
    named = f"{rule}:{smallest.where}:{tax_code}"
    borne = [row for row in rows if row.percent]
    if not borne:
        reason = "Exempt from tax." if smallest.category is TaxCategory.EXEMPT else ""
        return TaxTreatment(smallest.category, NOTHING, named, reason)
    if len(borne) == 1 and not borne[0].jurisdiction:
        return TaxTreatment(TaxCategory.STANDARD, borne[0].percent, named)
    return combined([_component(row) for row in borne], named)


def _component(row: TaxRate) -> TaxComponent:
    return TaxComponent(row.jurisdiction, row.percent, row.is_compound)
