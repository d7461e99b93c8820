"""Reversals: events that take an earlier one back, each exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from usance.domain.errors import Problem, refuse_if
from usance.domain.metering.events import EventKey, UsageEvent


class Standing(NamedTuple):
    """What is known of an event that is to be taken back."""

    is_reversal: bool
    reversed_by: str | None  # the key of the event that took it back already


def reversed_keys(events: Sequence[UsageEvent]) -> list[EventKey]:
    """The events a batch takes back, each once, in the order in which they are to be locked."""
    named = {each.reversed_key for each in events if each.reverses is not None}
    return sorted(key for key in named if key is not None)


def refuse_reversals(events: Sequence[UsageEvent], known: Mapping[EventKey, Standing]) -> None:
    """Raises Invalid when a reversal of the batch names no event (UnknownEvent), a reversal
    (NotReversible) or one that another took back before (AlreadyReversed).

    `known` are those of the reversed events that are kept; the others must stand in the batch. A
    reversal sent again is no problem: the batch as a whole may be.
    """
    if any(event.reverses is not None for event in events):
        refuse_if(list(_problems(events, known)))


def _problems(
    events: Sequence[UsageEvent], known: Mapping[EventKey, Standing]
) -> Iterator[Problem]:
    standings = {each.key: Standing(each.reverses is not None, None) for each in reversed(events)}
    standings |= known
    taken_back: dict[EventKey, str] = {}
    for index, event in enumerate(events):
        asked = event.reversed_key
        if asked is None:
            continue
        path, found = f"events[{index}].reverses", standings.get(asked)
        if found is None:
            expected = "the key of an event of this customer and name that was kept"
            yield Problem("UnknownEvent", path, asked.idempotency_key, expected)
            continue
        if found.is_reversal:
            expected = "the key of an event with usage, not of a reversal"
            yield Problem("NotReversible", path, asked.idempotency_key, expected)
            continue
        by = found.reversed_by or taken_back.setdefault(asked, event.idempotency_key)
        if by != event.idempotency_key:
            expected = f"an event that stands; {by!r} took this one back"
            yield Problem("AlreadyReversed", path, asked.idempotency_key, expected)
