"""What becomes of each event of a batch, as its sender is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from usance.domain.catalog import Meter
from usance.domain.metering.events import UsageEvent
from usance.domain.metering.totals import matches


class Outcome(StrEnum):
    """What became of one event."""

    ACCEPTED = "ACCEPTED"  # stored, and counted by at least one feature's meter; or took one back
    UNMATCHED = "UNMATCHED"  # stored, but no meter listens to it yet; a later one will count it
    DUPLICATE = "DUPLICATE"  # it is known: nothing was stored, the first one stands


class Receipt(NamedTuple):
    """What became of the event of that key."""

    idempotency_key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Receipts:
    """One receipt an event, in the order they were sent."""

    receipts: tuple[Receipt, ...]

    def count(self, outcome: Outcome) -> int:
        """How many events had that outcome."""
        return [receipt.outcome for receipt in self.receipts].count(outcome)


def receipts_for(
    events: Sequence[UsageEvent], *, is_new: Sequence[bool], meters: Iterable[Meter]
) -> Receipts:
    """The receipts of a batch of which the store found `is_new` new."""
    listening: dict[str, list[Meter]] = {}
    for meter in meters:
        listening.setdefault(meter.event_name, []).append(meter)
    heard = {name for name, of in listening.items() if any(not each.filters for each in of)}
    return Receipts(
        tuple(
            Receipt(event.idempotency_key, _outcome(event, heard, listening, is_new=new))
            for event, new in zip(events, is_new, strict=True)
        )
    )


def _outcome(
    event: UsageEvent, heard: set[str], listening: dict[str, list[Meter]], *, is_new: bool
) -> Outcome:
    """`heard`: names of which a meter counts every event."""
    if not is_new:
        return Outcome.DUPLICATE
    if event.reverses is not None or event.event_name in heard:
        return Outcome.ACCEPTED
    is_heard = any(matches(meter, event) for meter in listening.get(event.event_name, ()))
    return Outcome.ACCEPTED if is_heard else Outcome.UNMATCHED
