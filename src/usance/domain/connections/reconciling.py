"""What of a reading is still to be taken in: more, or less where it was corrected."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from usance.domain.connections.connection import HistoryKind
from usance.domain.connections.history import ZERO, Reading


def differences(reading: Reading, taken: Mapping[datetime, Decimal]) -> dict[datetime, Decimal]:
    """What is to be added at which instant, so that what was `taken` in is what the reading says;
    negative where it says less now. In the order of time; empty when it says nothing new.
    """
    instants = sorted(reading.amounts)
    missing = {at: reading.amounts[at] for at in instants}
    for used_at, amount in taken.items():
        if used_at > reading.after:
            owner = _owner(used_at, instants, reading.kind)
            missing[owner] = missing.get(owner, ZERO) - amount
    return {at: missing[at] for at in sorted(missing) if missing[at]}


def _owner(used_at: datetime, instants: list[datetime], kind: HistoryKind) -> datetime:
    """The point whose stretch of time an instant lies in, on the same day; itself, where none is.

    Within a day a history told more coarsely than before says nothing new. What lies on a day
    without such a point was used on another day.
    """
    if kind is HistoryKind.RUNNING:
        index = bisect_left(instants, used_at)
    else:
        index = bisect_right(instants, used_at) - 1
    owner = instants[index] if 0 <= index < len(instants) else used_at
    return owner if owner.astimezone(UTC).date() == used_at.astimezone(UTC).date() else used_at
