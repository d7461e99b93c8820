"""Seats: changing how many there are, and the pool of units that comes with them."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from usance.domain.errors import Invalid, Problem


class SeatChange(NamedTuple):
    """How many seats there are now, and from the next period on."""

    now: int
    next_period: int

    def is_billed_now(self, before: int) -> bool:
        """True when there are more at once: seats that go are used until the period ends."""
        return self.now > before


def change_seats(seats: int, by: int, *, least: int = 0, most: int | None = None) -> SeatChange:
    """Added seats come at once, and seats that are given up go at the end of the period.

    Raises Invalid (SeatsOutOfRange) below `least` or above `most`.
    """
    wanted = seats + by
    if wanted < least or (most is not None and wanted > most):
        expected = f"from {least} to {most}" if most is not None else f"{least} or more"
        raise Invalid(Problem("SeatsOutOfRange", "quantity", str(wanted), expected))
    return SeatChange(now=max(seats, wanted), next_period=wanted)


def seat_pool(per_seat: Decimal, seats: int) -> Decimal:
    """The units of a period that begins with so many seats."""
    return per_seat * seats


def pool_after(pool: Decimal, per_seat: Decimal, by: int) -> Decimal:
    """The pool after a change inside a period: an added seat brings its units at once, in full.

    Nothing is taken back for a seat that is given up.
    """
    return pool + per_seat * max(by, 0)
