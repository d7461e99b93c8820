"""The difference: what should stand on documents, less what does.

`standing` are the pieces of lines that stand; nothing else is remembered of earlier runs. Days
billed at the terms that hold are left alone. Days billed at others are given back, as they were
billed, and charged anew. What a line comes to in the end is the price of its final timeline, to
the minor unit, whatever the way there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from usance.domain.calendar import Period
from usance.domain.contracts.billed_parties import mark_in
from usance.domain.contracts.contract import ContractLine
from usance.domain.contracts.schedule import Slice, rated_minor
from usance.domain.contracts.terms import LateUsage
from usance.domain.due_items import GivenBack, LineKind, Piece
from usance.domain.money import Currency, Money

Standing = Mapping[str, Sequence[Piece]]  # by line id
UNITS = Currency("XXX", 0)  # minor units of whatever currency
NEVER_IN_PART = (LineKind.USAGE, LineKind.COMMITMENT)  # counted: part of a count is unknown


class Agreed(NamedTuple):
    """What of a contract decides how it is put right."""

    currency: Currency
    late_usage: LateUsage


@dataclass(frozen=True, slots=True)
class Correction:
    """Days given back, or charged anew beside what stands of their slice.

    `charge`: the slice; `fixed_minor`: what of it is still missing, None: all of it. `replaces`:
    pieces in whose place it stands, on one line with them. `since`: the day the period it is about
    fell due first. `is_late`: usage that came after its invoice; `is_rebilled`: which is credited
    and billed anew, by the terms of the day it turned out late.
    """

    day: date
    since: date
    gives_back: GivenBack | None = None
    charge: Slice | None = None
    period: Period | None = None
    fixed_minor: int | None = None
    replaces: tuple[GivenBack, ...] = ()
    is_late: bool = False
    is_rebilled: bool = False

    def minor(self, of: Currency) -> int | None:
        """What it adds to a document; None while that has to be counted."""
        if self.gives_back is not None:
            return -self.gives_back.net_minor
        if self.fixed_minor is not None:
            return self.fixed_minor
        assert self.charge is not None, "a correction gives back or charges"
        gone = sum(each.net_minor for each in self.replaces)
        return rated_minor(self.charge, of) - gone


def is_settled(due: Sequence[Slice], keys: Sequence[str], pieces: Sequence[Piece]) -> bool:
    """True when exactly these slices stand at exactly these terms."""
    if len(due) != len(pieces):
        return False
    for each, key, piece in zip(due, keys, pieces, strict=True):
        covers = each.covers
        if piece.start != covers.start or piece.end != covers.end or piece.terms_key != key:
            return False
    return True


def corrections(
    line: ContractLine,
    due: Sequence[Slice],
    keys: Sequence[str],
    pieces: Sequence[Piece],
    terms: Agreed,
) -> list[Correction]:
    """What brings the pieces of one billing period to the slices it should have."""
    sold, of = line.sold, terms.currency
    is_late = any(piece.late_on is not None for piece in pieces)
    is_rebilled = is_late and terms.late_usage is LateUsage.REBILL
    if is_rebilled or (is_late and sold.is_tax_inclusive):
        made = _rebilled(due, keys, pieces)
        return [replace(each, is_rebilled=is_rebilled) for each in made]
    if sold.is_tax_inclusive:  # a piece is known without its tax, a price with it
        return _anew(due, keys, pieces)
    if sold.plan or is_late:
        return _replaced(due, keys, pieces)
    if sold.kind in NEVER_IN_PART:
        return _anew(due, keys, pieces)
    return _in_part(due, keys, pieces, of)


def _rebilled(
    due: Sequence[Slice], keys: Sequence[str], pieces: Sequence[Piece]
) -> list[Correction]:
    """All of a window is given back, and charged anew, both on the day it turned out late: not
    before its own day, where it was billed ahead of that.
    """
    late = [piece.late_on for piece in pieces if piece.late_on is not None]
    day = max([*late, *(each.due_on for each in due)])
    moved = [piece for piece in pieces if piece.late_on is not None]
    kept = [piece for piece in pieces if piece.late_on is None]
    return [
        replace(each, day=max(day, each.day), is_late=True)
        for each in [
            *(Correction(day, moved[0].start, gives_back=_all_of(piece)) for piece in moved),
            *(c for c in _anew(due, keys, kept) if c.charge is not None),
        ]
    ]


def orphans(pieces: Iterable[Piece], ended_on: date) -> list[Correction]:
    """Pieces of days that the line no longer has: all of them is given back."""
    return [
        Correction(max(piece.start, ended_on), piece.start, gives_back=_all_of(piece))
        for piece in pieces
    ]


def _replaced(
    due: Sequence[Slice], keys: Sequence[str], pieces: Sequence[Piece]
) -> list[Correction]:
    """Each slice takes the place of what stands of its days, on one line; not of what was billed
    to somebody else, who is given that back.
    """
    made: list[Correction] = []
    used: set[Piece] = set()
    for each, key in zip(due, keys, strict=True):
        own = [
            piece
            for piece in pieces
            if _period(piece).overlap(each.covers) is not None
            and mark_in(piece.terms_key) == mark_in(key)
        ]
        used.update(own)
        if is_settled([each], [key], own) and own[0].late_on is None:
            continue
        late = [piece.late_on for piece in own if piece.late_on is not None]
        made.append(
            Correction(
                day=max([each.due_on, *late]),
                since=each.due_on,
                charge=each,
                replaces=tuple(map(_all_of, own)),
                is_late=bool(late),
            )
        )
    return made + orphans([piece for piece in pieces if piece not in used], pieces[0].start)


def _anew(due: Sequence[Slice], keys: Sequence[str], pieces: Sequence[Piece]) -> list[Correction]:
    """Whatever does not stand exactly as it should is given back whole, and charged anew."""
    left = set(pieces)
    missing: list[Slice] = []
    for each, key in zip(due, keys, strict=True):
        own = next((p for p in left if is_settled([each], [key], [p])), None)
        if own is None:
            missing.append(each)
        else:
            left.remove(own)
    gone = sorted(left, key=lambda piece: piece.start)
    changed = [piece.start for piece in gone] + [each.period.start for each in missing]
    if not changed:
        return []
    day, since = _days(due, pieces, min(changed))
    back = [Correction(day, since, gives_back=_all_of(piece)) for piece in gone]
    return back + [Correction(day, since, charge=each) for each in missing if each.share]


def _in_part(
    due: Sequence[Slice], keys: Sequence[str], pieces: Sequence[Piece], of: Currency
) -> list[Correction]:
    """Days at their right terms stay; the others are given back, and the missing ones charged."""
    back: list[tuple[Piece, Period, int]] = []
    charges: list[tuple[Slice, Period, int | None]] = []
    kept_of: dict[Piece, list[tuple[Period, int]]] = {piece: [] for piece in pieces}
    for each, key in zip(due, keys, strict=True):
        own = [(p, _period(p).overlap(each.period)) for p in pieces if p.terms_key == key]
        kept = _kept(each, [(p, days) for p, days in own if days is not None], of)
        for piece, days, minor in kept:
            kept_of[piece].append((days, minor))
        open_days = without(each.period, [days for _, days, _ in kept])
        if not kept:
            charges.append((each, each.period, None))
        elif open_days:
            missing = rated_minor(each, of) - sum(minor for _, _, minor in kept)
            for days, minor in zip(open_days, dealt(missing, open_days), strict=True):
                charges.append((each, days, minor))
    for piece, kept_days in kept_of.items():
        gone = without(_period(piece), [days for days, _ in kept_days])
        minor = piece.net_minor - sum(amount for _, amount in kept_days)
        for days, amount in zip(gone, dealt(minor, gone), strict=True):
            back.append((piece, days, amount))
    if not back and not charges:
        return []
    first = min([days.start for _, days, _ in back] + [days.start for _, days, _ in charges])
    day, since = _days(due, pieces, first)
    return [
        *(
            Correction(day, since, gives_back=GivenBack(piece, days, minor))
            for piece, days, minor in back
        ),
        *(
            Correction(day, since, charge=each, period=days, fixed_minor=minor)
            for each, days, minor in charges
            if each.share
        ),
    ]


def _kept(
    each: Slice, own: Sequence[tuple[Piece, Period]], of: Currency
) -> list[tuple[Piece, Period, int]]:
    """What stands of a slice at its own terms, and for how much.

    Pieces within it stay as they are. One that reaches beyond it keeps its share by days; where
    nothing is missing, what the slice costs less the rest. One that would have to change alone to
    make up for rounding is not kept: it is given back and charged anew.
    """
    if not own:
        return []
    target = rated_minor(each, of)
    whole = [(p, days, p.net_minor) for p, days in own if days == _period(p)]
    parts = [(p, days) for p, days in own if days != _period(p)]
    is_full = sum(days.days for _, days in own) == each.period.days
    kept = list(whole)
    for index, (piece, days) in enumerate(parts):
        if is_full and index == len(parts) - 1:
            minor = target - sum(amount for _, _, amount in kept)
        else:
            minor = dealt(piece.net_minor, _split(_period(piece), days))[0]
        kept.append((piece, days, minor))
    if is_full and not parts and sum(amount for _, _, amount in kept) != target:
        kept.pop()
    return kept


def _split(whole: Period, part: Period) -> list[Period]:
    return [part, *without(whole, [part])]


def dealt(minor: int, days: Sequence[Period]) -> list[int]:
    """An amount dealt out to periods by their days, by largest remainder."""
    if not days:
        return []
    return [part.minor for part in Money(minor, UNITS).split([each.days for each in days])]


def without(period: Period, taken: Sequence[Period]) -> list[Period]:
    """The days of `period` in none of `taken`, which do not overlap each other."""
    free: list[Period] = []
    start = period.start
    for each in sorted(taken):
        if start < each.start:
            free.append(Period(start, each.start))
        start = max(start, each.end)
    if start < period.end:
        free.append(Period(start, period.end))
    return free


def _days(due: Sequence[Slice], pieces: Sequence[Piece], first: date) -> tuple[date, date]:
    """The day a period's corrections fall due, and the day it fell due first itself.

    Once something of it stands: the first day that changed, not before the period's own day.
    """
    since = due[0].due_on if due else pieces[0].start
    return max(since, first), since


def _period(piece: Piece) -> Period:
    return Period(piece.start, piece.end)


def _all_of(piece: Piece) -> GivenBack:
    return GivenBack(piece, _period(piece), piece.net_minor)


def without_waived(due: Iterable[Slice]) -> Iterator[Slice]:
    """The slices that cost something: a waived stub is on no document."""
    return (each for each in due if each.share)
