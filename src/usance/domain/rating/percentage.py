"""Percentage prices over single events: allowances, fixed amounts, bounds of one event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from usance.domain.metering.totals import Apart
from usance.domain.money import ONE
from usance.domain.rating.prices import ZERO, Percentage, Pricing
from usance.domain.rating.working import Fact, Working

MAX_SHOWN = 20  # steps of one working; more events are shown by what became of them


@dataclass(frozen=True, slots=True)
class Events:
    """One event, or `count` events of equal amounts, or of which only the sum is known."""

    amount: Decimal
    count: int = 1


class _Allowance(NamedTuple):
    events: int | None  # None: no limit by count
    amount: Decimal | None  # None: no limit by amount


def percentage(
    price: Percentage, events: Iterable[Events], *, already: Decimal = ZERO
) -> tuple[Decimal, Working, Decimal]:
    """The amount of all events, its working, and nothing unpriced.

    Each event, in order, first uses the allowance. One that the allowance covers is free. One it
    covers in part is charged for the rest, with its fixed amount. `already` was rated before and
    used up that much of the free amount.
    """
    has_allowance = price.free_events is not None or price.free_amount is not None
    left = _Allowance(
        price.free_events if has_allowance else 0,
        None if price.free_amount is None else max(price.free_amount - already, ZERO),
    )
    parts: list[Working] = []
    for event in events:
        parts.append(_charge(price, event, left))
        facts = parts[-1].facts
        left = _Allowance(
            None if left.events is None else left.events - int(facts["freeEvents"]),
            None if left.amount is None else left.amount - max(ZERO, Decimal(facts["freeAmount"])),
        )
    sums = {name: _sum(parts, name) for name in ("freeAmount", "percentagePart", "fixedPart")}
    amount = _sum(parts, "amount")
    totals: dict[str, Fact] = {
        "base": _sum(parts, "base"),
        "ratePercent": price.rate_percent,
        "freeEvents": int(_sum(parts, "freeEvents")),
        **sums,
        "amount": amount,
    }
    return amount, Working("percentage", totals, tuple(_shown(parts))), ZERO


def told_apart(pricing: Pricing, share: Fraction = ONE) -> Apart | None:
    """Which events a count must tell apart for this price; None when the sum is all it takes.

    Included units, of `share` whole periods, come off the first events; an allowance goes to those
    after them.
    """
    price = pricing.price
    if not isinstance(price, Percentage) or not price.is_per_event:
        return None
    has_allowance = price.free_events is not None or price.free_amount is not None
    if not pricing.included:
        return Apart(price.free_events, price.free_amount) if has_allowance else Apart()
    if has_allowance and price.free_amount is None:
        return Apart(None, None)
    included = pricing.included * ceil(share)
    return Apart(None, included + (price.free_amount or ZERO))


def less_included(events: Iterable[Events], included: Decimal) -> list[Events]:
    """The events without the first `included` units: those wholly covered are no events at all."""
    left: list[Events] = []
    for event in events:
        if included <= 0:
            left.append(event)
        elif event.amount > included:
            left.append(Events(event.amount - included, event.count))
        included -= max(event.amount, ZERO)
    return left


def events_of(
    total: Decimal, count: int, running_totals: Sequence[Decimal] = ()
) -> Iterator[Events]:
    """The events behind a total: singly as far as running totals are known, the rest as a batch."""
    before = ZERO
    for running in running_totals:
        yield Events(running - before)
        before = running
    if count > len(running_totals):
        yield Events(total - before, count - len(running_totals))


def _charge(price: Percentage, event: Events, left: _Allowance) -> Working:
    free_amount, free_events = _free_part(event, left)
    charged_events = event.count - free_events
    rate_part = (event.amount - free_amount) * price.rate_percent.scaleb(-2)
    fixed_part = price.fixed_amount * charged_events
    amount = rate_part + fixed_part
    if charged_events:
        amount = _bounded(price, amount, charged_events)
    facts: dict[str, Fact] = {
        "events": event.count,
        "base": event.amount,
        "freeEvents": free_events,
        "freeAmount": free_amount,
        "percentagePart": rate_part,
        "fixedPart": fixed_part,
        "amount": amount,
    }
    return Working("event", facts)


def _free_part(event: Events, left: _Allowance) -> tuple[Decimal, int]:
    if left.events is not None and left.events < event.count:
        return ZERO, 0
    if left.amount is not None and left.amount <= 0:  # used up, also for an event of nothing
        return ZERO, 0
    if left.amount is None or event.amount <= left.amount:
        return event.amount, event.count
    return left.amount, 0


def _bounded(price: Percentage, amount: Decimal, count: int) -> Decimal:
    """Bounds hold for one event; for a batch they hold for its average."""
    if price.per_event_minimum is not None:
        amount = max(amount, price.per_event_minimum * count)
    if price.per_event_maximum is not None:
        amount = min(amount, price.per_event_maximum * count)
    return amount


def _shown(parts: Sequence[Working]) -> Iterable[Working]:
    """The steps, or where they are many one step for all events of which the same became."""
    if len(parts) <= MAX_SHOWN:
        return parts
    groups: dict[str, list[Working]] = {}
    for part in parts:
        groups.setdefault(_became(part), []).append(part)
    return [_gathered(rule, members) for rule, members in groups.items()]


def _became(part: Working) -> str:
    """The rule that decided about an event."""
    facts = part.facts
    if facts["freeEvents"] or facts["freeAmount"]:
        return "free_events" if facts["freeEvents"] else "event"
    exact = Decimal(facts["percentagePart"]) + Decimal(facts["fixedPart"])
    amount = Decimal(facts["amount"])
    if amount == exact:
        return "charged_events"
    return "minimum_events" if amount > exact else "maximum_events"


def _gathered(rule: str, parts: Sequence[Working]) -> Working:
    names = ("events", "base", "freeEvents", "freeAmount", "percentagePart", "fixedPart", "amount")
    sums: dict[str, Fact] = {name: _sum(parts, name) for name in names}
    return Working(rule, sums)


def _sum(parts: Sequence[Working], name: str) -> Decimal:
    return sum((Decimal(part.facts[name]) for part in parts), ZERO)
