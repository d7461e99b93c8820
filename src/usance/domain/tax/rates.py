"""The tax table of a legal entity: what a tax code bears, where, and from when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from usance.domain.calendar import FIRST_DAY, LAST_DAY
from usance.domain.customer import Address, check_country
from usance.domain.errors import Invalid, Problem

REGION = re.compile(r"[A-Z0-9]{1,3}")
POSTAL_PREFIX = re.compile(r"[A-Z0-9]{1,10}")
LONGEST_NAME = 60


class TaxCategory(StrEnum):
    """Why a rate is what it is, by EN 16931 (UNCL 5305)."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    OUTSIDE_SCOPE = "O"
    INTRA_COMMUNITY = "K"  # goods; on documents read, never drafted by us
    EXPORT = "G"  # goods, likewise
    SPLIT_PAYMENT = "B"  # Italy: the buyer pays the tax to the state
    CANARY_ISLANDS = "L"
    CEUTA_AND_MELILLA = "M"


TABLE_CATEGORIES = (TaxCategory.STANDARD, TaxCategory.ZERO, TaxCategory.EXEMPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """One row of an entity's table: this code in this place bears `percent` while valid.

    A place is a country, in it a region (the ISO 3166-2 code without the country: NY, QC), in it
    the postal codes that begin with `postal_prefix`. Rows of different `jurisdiction` (New York
    State, New York City; GST, QST) add up; of one jurisdiction the row of the smallest place
    counts. A compound tax is charged on the net amount and the other taxes of the line.
    """

    tax_code: str
    country: str
    percent: Decimal
    category: TaxCategory = TaxCategory.STANDARD
    region: str = ""
    postal_prefix: str = ""
    jurisdiction: str = ""
    is_compound: bool = False
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
        self._check_place()

    def _check_place(self) -> None:
        if self.region and not REGION.fullmatch(self.region):
            expected = "the ISO 3166-2 code of a region without its country, such as NY"
            raise Invalid(Problem("InvalidTaxRate", "region", self.region, expected))
        if self.postal_prefix and not POSTAL_PREFIX.fullmatch(self.postal_prefix):
            expected = "how postal codes begin, in capitals and digits, such as 100"
            raise Invalid(Problem("InvalidTaxRate", "postalPrefix", self.postal_prefix, expected))
        if len(self.jurisdiction) > LONGEST_NAME:
            expected = f"a name of at most {LONGEST_NAME} characters"
            raise Invalid(Problem("InvalidTaxRate", "jurisdiction", self.jurisdiction, expected))
        if self.is_compound and not self.jurisdiction:
            expected = "the name of the tax that is charged on other taxes"
            raise Invalid(Problem("InvalidTaxRate", "jurisdiction", "", expected))

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Where it holds: tax code, country, region, beginning of postal codes."""
        return self.tax_code, self.country, self.region, self.postal_prefix

    @property
    def where(self) -> str:
        """Its place as text: US, US-NY, US-NY-100."""
        if not (self.region or self.postal_prefix):
            return self.country
        return "-".join(filter(None, (self.country, self.region, self.postal_prefix)))

    @property
    def size(self) -> tuple[int, bool]:
        """How small its place is; the larger, the smaller."""
        return len(self.postal_prefix), bool(self.region)


@dataclass(frozen=True, slots=True)
class TaxTable:
    """All rates of one legal entity: on any day at most one a tax code, place and jurisdiction."""

    rates: tuple[TaxRate, ...]
    _by_place: dict[tuple[str, str, str, str], list[TaxRate]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _by_region: frozenset[tuple[str, str]] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ended: dict[tuple[object, ...], date] = {}
        for row in sorted(self.rates, key=lambda row: row.valid_from):
            named = (*row.place, row.jurisdiction)
            if row.valid_from < ended.get(named, FIRST_DAY):
                expected = f"{ended[named]} or later, when the rate before it ends"
                raise Invalid(Problem("TaxRateOverlap", "validFrom", str(row.valid_from), expected))
            ended[named] = row.valid_until
            self._by_place.setdefault(row.place, []).append(row)
        regional = frozenset((row.tax_code, row.country) for row in self.rates if row.region)
        object.__setattr__(self, "_by_region", regional)
        lengths = sorted({len(row.postal_prefix) for row in self.rates})
        object.__setattr__(self, "_lengths", tuple(lengths))

    def rates_at(self, tax_code: str, place: Address, on: date) -> tuple[TaxRate, ...]:
        """The rows that code bears there on that day, by jurisdiction as the table lists them."""
        found: dict[str, TaxRate] = {}
        for row in self._rows(tax_code, place):
            if row.valid_from <= on < row.valid_until:
                known = found.get(row.jurisdiction)
                if known is None or known.size < row.size:
                    found[row.jurisdiction] = row
        return tuple(found.values())

    def is_regional(self, tax_code: str, country: str) -> bool:
        """True when it has rows for some of that country's regions only."""
        return (tax_code, country) in self._by_region

    def _rows(self, tax_code: str, place: Address) -> Iterator[TaxRate]:
        """Every row whose place holds `place`, whenever valid, from the largest place on."""
        postal = postal_key(place) if self._lengths != (0,) else ""
        region = region_code(place) if place.region else ""
        regions = ("", region) if region else ("",)
        for length in self._lengths:
            if length > len(postal):
                return
            for each in regions:
                where = (tax_code, place.country, each, postal[:length])
                yield from self._by_place.get(where, ())


def region_code(place: Address) -> str:
    """The region as tables write it: NY for `NY`, `ny` and `US-NY`; empty for `New York`."""
    code = place.region.strip().upper().removeprefix(f"{place.country}-")
    return code if REGION.fullmatch(code) else ""


def postal_key(place: Address) -> str:
    """The postal code as tables begin it: capitals and digits alone."""
    return "".join(filter(str.isalnum, place.postal_code.upper()))[:10]
