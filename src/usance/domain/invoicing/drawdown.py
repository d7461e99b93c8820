"""Drawdown: usage paid from what was prepaid for it, before anything else is charged.

Always true:
- no more is drawn than the usage came to, and no more than was prepaid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP

from usance.domain.due_items import Fund


@dataclass(slots=True)
class _Left:
    fund: Fund
    minor: int
    is_carried: bool = False


def drawn(funds: Sequence[Fund], charges: Sequence[tuple[date, int]]) -> list[int]:
    """What each charge, a day and minor units in time, draws from the funds of its day.

    The fund that expires first is drawn first, then the older one. What is left at a fund's end
    is carried over in its share, rounded half up; the rest has expired. Source of the order:
    finance.md section 9.
    """
    left = [_Left(fund, fund.minor) for fund in sorted(funds, key=_by_expiry)]
    return [_draw(left, day, minor) for day, minor in charges]


def _by_expiry(fund: Fund) -> tuple[date, date]:
    return fund.expires_on, fund.start


def _draw(left: Sequence[_Left], day: date, minor: int) -> int:
    taken = 0
    for each in left:
        if day >= each.fund.ends_on and not each.is_carried:
            each.is_carried = True
            share = each.minor * each.fund.carried_percent / 100
            each.minor = int(share.to_integral_value(ROUND_HALF_UP))
        if each.fund.start <= day < each.fund.expires_on:
            part = max(0, min(each.minor, minor - taken))
            each.minor -= part
            taken += part
    return taken
