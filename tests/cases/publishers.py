"""Who published a case, and which of the named conventions its system follows.

Each is a setting of a price or function of ours (`docs/concepts/rating.md`), chosen here as a user
who moves over from that system would choose it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlparse

# Zero usage owes the flat amount of the first tier.
BILLS_FLAT_AT_ZERO = {"lago", "openmeter"}
# Zero usage owes one package.
BILLS_A_PACKAGE_AT_ZERO = {"chargebee"}
# A minimum and a maximum are held against amounts already rounded to the currency.
ROUNDS_BEFORE_LIMITS = {"openmeter"}
# Percentages come off before fixed amounts, in whatever order coupons are listed.
PERCENT_OFF_FIRST = {"meteroid"}
# A period of several weeks or months is counted from where it begins, keeping only the day.
COUNTS_FROM_PERIOD_START = {"flexprice"}
# A part that ends on the day (of years: in the year) it begins in is joined to the next period.
JOINS_FIRST_PART = {"flexprice"}
# A part before the first boundary is measured against the period counted back from it.
COUNTS_BACK_FROM_FIRST_BOUNDARY = {"killbill"}
# Shares of periods are rounded to so many decimals before they are added.
DECIMALS_OF_SHARES = {"killbill": 9}
# What was used beyond all grants is given by the next one that begins or is filled.
SETTLES_OVERAGE = {"openmeter"}

NAMES = (
    ("lago", "lago"),
    ("openmeter", "openmeter"),
    ("flexprice", "flexprice"),
    ("killbill", "killbill"),
    ("meteroid", "meteroid"),
    ("chargebee", "chargebee"),
    ("stripe", "stripe"),
    ("zuora", "zuora"),
    ("polar", "polar"),
)


def publisher_of(source: Mapping[str, Any] | str) -> str:
    """The short name of the system a case comes from, or an empty word."""
    told: Mapping[str, Any] = {"url": source} if isinstance(source, str) else source
    place = str(told.get("repo") or urlparse(str(told.get("url", ""))).netloc).lower()
    return next((name for word, name in NAMES if word in place), "")
