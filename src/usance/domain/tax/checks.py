"""Checks of VAT ids: what a register said of a number, when, and how long we rely on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from usance.domain.customer import TaxId

RELIED_ON = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxIdCheck:
    """The register's answer about one number. `consultation` is its proof that we asked.

    `name` and `address` are what the register holds, empty where it tells none.
    """

    tax_id: TaxId
    checked_at: datetime
    is_valid: bool
    consultation: str = ""
    name: str = ""
    address: str = ""


class Standing(StrEnum):
    """How far the VAT ids of a buyer can be relied on."""

    VERIFIED = "VERIFIED"
    UNVERIFIED = "UNVERIFIED"
    INVALID = "INVALID"


def standing_of(tax_ids: Sequence[TaxId], checks: Sequence[TaxIdCheck], *, on: date) -> Standing:
    """Whether one of these numbers was found valid within a year before `on`, by its last check.

    INVALID when all that were checked were last found invalid. A reverse charge rests on any one.
    """
    if not checks:
        return Standing.UNVERIFIED
    last: dict[TaxId, TaxIdCheck] = {}
    for check in sorted(checks, key=lambda check: check.checked_at):
        last[check.tax_id] = check
    known = [last[tax_id] for tax_id in tax_ids if tax_id in last]
    if any(one.is_valid and one.checked_at.date() > on - RELIED_ON for one in known):
        return Standing.VERIFIED
    if known and not any(one.is_valid for one in known):
        return Standing.INVALID
    return Standing.UNVERIFIED
