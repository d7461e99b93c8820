"""What a contract owes: its slices that may be billed by a day, less what stands on documents."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from operator import itemgetter

from msgspec.structs import replace

from usance.domain.calendar import BillingPeriod
from usance.domain.contracts import difference
from usance.domain.contracts.contract import Contract
from usance.domain.contracts.difference import Correction, Standing
from usance.domain.contracts.items import Items
from usance.domain.contracts.order import Timing
from usance.domain.contracts.schedule import (
    Slice,
    cut,
    due_day,
    first_day_due,
    looked_at_from,
    periods,
    plan_slices,
)
from usance.domain.contracts.terms import Corrections
from usance.domain.due_items import DueItem, Piece

NOTHING: Standing = {}
BY_DAY_AND_LINE = itemgetter(0, 1)
Charged = tuple[date, int, DueItem]  # the day it falls due, its line's place, and what it is


@dataclass(frozen=True, slots=True)
class Due:
    """What is due and not billed, in order; and the day to look again from, None: never."""

    items: tuple[DueItem, ...]
    next_on: date | None


@dataclass(slots=True)
class _Found:
    """What was found so far: charges and corrections, each with its line's place."""

    charges: list[Charged] = field(default_factory=list)
    corrections: list[tuple[int, Correction]] = field(default_factory=list)
    next_on: date | None = None

    def later(self, day: date) -> None:
        """Something falls due on that day, which is not yet."""
        self.next_on = day if self.next_on is None else min(self.next_on, day)


def due(
    contract: Contract, *, through: date, standing: Standing = NOTHING, since: date | None = None
) -> Due:
    """The items of `contract` due by `through` (that day included), as far as they do not stand.

    Items come by due day, then by line. A draft owes nothing, nor does what was canceled. `since`
    is a day before which all is known to stand as it should, so that a long life costs no more
    than a short one; None looks at everything. `standing` holds the pieces of those days at least.
    """
    if not contract.is_billed:
        return Due((), None)
    found, items = _Found(), Items(contract)
    for position, line in enumerate(contract.lines):
        pieces = standing.get(line.id, ())
        if line.sold.plan:
            _look_at_plan(found, items, position, pieces, (through, since))
        elif not line.sold.is_done_later:
            _look_at_line(found, items, position, pieces, (through, since))
    made = found.charges
    if found.corrections or _may_wait(contract):
        made = _on_their_days(contract, found, items, through)
    made.sort(key=BY_DAY_AND_LINE)
    return Due(tuple(item for _, _, item in made), found.next_on)


def _look_at_line(
    found: _Found,
    items: Items,
    position: int,
    pieces: Sequence[Piece],
    days: tuple[date, date | None],
) -> None:
    through, since = days
    contract = items.contract
    line, terms = contract.lines[position], contract.longest_held
    first = None if since is None else first_day_due(line, since, terms)
    left = _in_time(pieces, looked_at_from(line, since, terms)) if pieces else []
    for billing in periods(line, first):
        if contract.since is not None:
            terms = contract.on(billing.part.last_day).terms
        due_on = due_day(line, billing.part, terms)
        if due_on > through:
            found.later(due_on)
            if contract.since is None or billing.part.end > through:
                break
            continue  # the next one may be held for fewer days
        whole = [each for each in cut(line, billing, due_on, terms) if each.share]
        if not left:
            found.charges += [(due_on, position, items.charge(position, each)) for each in whole]
            continue
        keys = [items.key(position, each) for each in whole]
        own = _taken(left, billing)
        _compare(found, items, position, (whole, keys), own)
    if not left:
        return
    end = line.sold.window.start if line.sold.is_void else line.sold.window.end
    gone = [piece for piece in left if piece.start >= end or piece.end <= line.sold.window.start]
    if gone:
        found.corrections += [(position, each) for each in difference.orphans(gone, end)]


def _compare(
    found: _Found,
    items: Items,
    position: int,
    asked: tuple[Sequence[Slice], Sequence[str]],
    own: Sequence[Piece],
) -> None:
    """The slices of one period, and the terms they are billed at, beside what stands of it."""
    whole, keys = asked
    if difference.is_settled(whole, keys, own) and all(piece.late_on is None for piece in own):
        return
    if not own:
        found.charges += [
            (each.due_on, position, items.charge(position, each, key))
            for each, key in zip(whole, keys, strict=True)
        ]
        return
    contract = items.contract
    late = [piece.late_on for piece in own if piece.late_on is not None]
    now = contract.on(max(late)).terms if late else contract.terms
    terms = difference.Agreed(contract.currency, now.late_usage)
    made = difference.corrections(contract.lines[position], whole, keys, own, terms)
    found.corrections += [(position, each) for each in made]


def _look_at_plan(
    found: _Found,
    items: Items,
    position: int,
    pieces: Sequence[Piece],
    days: tuple[date, date | None],
) -> None:
    """Each instalment by itself: one that comes to another amount now is put right on one line."""
    through, since = days
    contract = items.contract
    line = contract.lines[position]
    start = looked_at_from(line, since, contract.longest_held)
    left: dict[date, list[Piece]] = {}
    for piece in pieces:
        if piece.start >= start:
            left.setdefault(piece.start, []).append(piece)
    for each in plan_slices(line, contract.currency, contract.terms):
        if each.covers.start < start:
            continue
        own = left.pop(each.covers.start, [])
        if not own and each.due_on > through:
            found.later(each.due_on)
            continue
        key = items.key(position, each)
        if own:
            _compare(found, items, position, ([each], [key]), own)
        elif each.fixed_minor:
            found.charges.append((each.due_on, position, items.charge(position, each, key)))
    gone = difference.orphans(chain.from_iterable(left.values()), line.sold.window.start)
    found.corrections += [(position, each) for each in gone]


def _in_time(pieces: Sequence[Piece], start: date) -> list[Piece]:
    """The pieces from that day on, in time."""
    return sorted((piece for piece in pieces if piece.start >= start), key=_first_day)


def _taken(left: list[Piece], billing: BillingPeriod) -> list[Piece]:
    """The pieces that begin in a billing period, taken out of those that are left, in time."""
    first = bisect_left(left, billing.part.start, key=_first_day)
    last = bisect_left(left, billing.part.end, lo=first, key=_first_day)
    own = left[first:last]
    del left[first:last]
    return own


def _first_day(piece: Piece) -> date:
    return piece.start


def _on_their_days(contract: Contract, found: _Found, items: Items, through: date) -> list[Charged]:
    """All that is due by `through`, what waits for another invoice on the day of that."""
    is_able = _may_wait(contract)
    waiting = [each for each in found.charges if is_able and _is_waiting(contract, each)]
    made = [each for each in found.charges if each not in waiting] if waiting else found.charges
    charge_days = sorted({due_on for due_on, _, _ in made})
    if found.next_on is not None:
        charge_days.append(found.next_on)
    moved = list(_moved(contract, found, waiting, (charge_days, through)))
    return [*made, *moved, *_corrected(contract, found, items, (charge_days, through))]


def _may_wait(contract: Contract) -> bool:
    """True when its terms ever have changes wait for the next period."""
    every = (contract.terms, *(version.terms for version in contract.earlier))
    return any(terms.corrections is Corrections.NEXT_PERIOD for terms in every)


def _is_waiting(contract: Contract, charge: Charged) -> bool:
    """True of what a change brought in the middle of a period, where that waits for the next."""
    due_on, position, item = charge
    if contract.on(due_on).terms.corrections is not Corrections.NEXT_PERIOD:
        return False
    sold = contract.lines[position].sold
    if sold.kind.is_once:
        return True
    start = item.service_period.start
    if sold.timing is not Timing.IN_ADVANCE or sold.cadence is None:
        return False
    return sold.cadence.first_boundary(sold.anchor, start) != start


def _next_invoice(contract: Contract, day: date, charge_days: Sequence[date]) -> date:
    """When what waits since a day is invoiced: with the next charge, or with a change that does not
    wait; on its own day where neither follows.
    """
    if contract.terms.corrections is not Corrections.NEXT_PERIOD and contract.since is not None:
        return max(day, contract.since)
    return next((later for later in charge_days if later >= day), day)


def _moved(
    contract: Contract,
    found: _Found,
    waiting: Sequence[Charged],
    days: tuple[Sequence[date], date],
) -> Iterator[Charged]:
    charge_days, through = days
    for due_on, position, item in waiting:
        on = _next_invoice(contract, due_on, charge_days)
        if on <= through:
            yield on, position, replace(item, due_on=on)
        else:
            found.later(min(item.service_period.start, on))


def _corrected(
    contract: Contract,
    found: _Found,
    items: Items,
    days: tuple[Sequence[date], date],
) -> Iterator[Charged]:
    """The corrections that are due by a day, each on the day its contract's policy says. `days`:
    those of the next invoices, and that one.
    """
    charge_days, through = days
    by_day: dict[tuple[date, str], list[tuple[int, Correction]]] = {}
    for position, each in found.corrections:
        by_day.setdefault((each.day, items.mark(each)), []).append((position, each))
    for (day, mark), members in sorted(by_day.items()):
        on = day  # whoever is a party no more has no next invoice to wait for
        if mark == items.mark_on(day):
            on = _day_of(contract, day, [each for _, each in members], charge_days)
        for position, each in members:
            if on <= through:
                yield on, position, items.correction(position, each, on)
            else:
                found.later(min(each.since, on))


def _day_of(
    contract: Contract, day: date, members: Sequence[Correction], charge_days: Sequence[date]
) -> date:
    """What comes to less than nothing waits for the next invoice, where the contract says so, and
    so does what comes to more, where it says that.
    """
    is_late = any(each.is_late for each in members)
    policy = contract.on(day).terms.corrections
    is_noted = policy is Corrections.CREDIT_NOTE
    if any(each.is_rebilled for each in members) or (is_noted and not is_late):
        return day
    if policy is Corrections.NEXT_PERIOD:
        return _next_invoice(contract, day, charge_days)
    amounts = [each.minor(contract.currency) if not _is_counted(each) else None for each in members]
    known = [amount for amount in amounts if amount is not None]
    if len(known) == len(amounts) and sum(known) >= 0:
        return day
    return next((later for later in charge_days if later >= day), day)


def _is_counted(each: Correction) -> bool:
    """True when its amount rests on usage."""
    return each.charge is not None and each.fixed_minor is None and each.is_late
