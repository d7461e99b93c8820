"""Quotas: windows that are opened by use, where time without use opens none.

For those who move over from a system that opens a window only when something is used in it
(Flexprice); resets of our own tile time (windows).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from usance.domain.entitlements.windows import HOUR, Reset, Window


def opened_at(
    at: datetime, blocks: Reset, *, cycle_start: datetime, previous_end: datetime | None = None
) -> Window:
    """The window a use at that instant opens where blocks begin at full hours, days or weeks.

    It begins no earlier than its billing cycle and no earlier than the window before ended, and
    has the full length of a block all the same.
    """
    earliest = cycle_start if previous_end is None else max(cycle_start, previous_end)
    block = blocks.window_at(at)
    if block.start >= earliest:
        return block
    return Reset(blocks.period, earliest, blocks.zone, blocks.count).window_at(earliest)


def opened_by_use(
    at: datetime,
    length: timedelta,
    *,
    cycle_end: datetime | None = None,
    shortest: timedelta = HOUR,
) -> Window:
    """The window that begins with a use, cut at the end of the billing cycle.

    When less than `shortest` would be left of the cycle, it takes that in.
    """
    end = at + length
    if cycle_end is not None and end + shortest > cycle_end:
        end = cycle_end
    return Window(at, end)


def all_opened(
    uses: Iterable[datetime], length: timedelta, *, cycle_end: datetime | None = None
) -> list[Window]:
    """Every window the uses open, in order, however late they are looked at."""
    windows: list[Window] = []
    for at in sorted(uses):
        if not windows or at not in windows[-1]:
            windows.append(opened_by_use(at, length, cycle_end=cycle_end))
    return windows
