"""Comparison: a document line by line beside the previous one of its kind."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from usance.domain.invoicing.invoice import Draft, InvoiceLine
from usance.domain.money import Money


class Change(StrEnum):
    """What is different about a line."""

    NEW = "NEW"
    GONE = "GONE"
    QUANTITY = "QUANTITY"
    PRICE = "PRICE"
    AMOUNT = "AMOUNT"


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line then and now; None where there is none. No `changes`: it says the same."""

    before: InvoiceLine | None
    now: InvoiceLine | None
    changes: tuple[Change, ...]
    difference: Money  # of the amounts before tax

    @property
    def line(self) -> InvoiceLine:
        """The line as it is now, or as it was."""
        found = self.now or self.before
        assert found is not None, "a change is of a line"
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents beside each other: the lines of the later one in order, then what is gone.

    `before` None: there is no earlier document of this kind.
    """

    before: Draft | None
    now: Draft
    lines: tuple[LineChange, ...]

    @property
    def net_difference(self) -> Money:
        """By how much the total before tax changed: the sum of the lines' differences."""
        return Money(sum(line.difference.minor for line in self.lines), self.now.currency)

    @property
    def gross_difference(self) -> Money:
        """By how much the total with tax changed."""
        before = 0 if self.before is None else self.before.gross.minor
        return Money(self.now.gross.minor - before, self.now.currency)

    @property
    def percent(self) -> int | None:
        """The change of the total in whole percent; None where there was nothing before."""
        if self.before is None or self.before.gross.is_zero:
            return None
        return percent_of(self.gross_difference.minor, self.before.gross.minor)


def percent_of(change: int, before: int) -> int:
    """`change` in whole percent of the amount `before`, which is not zero; a half to even."""
    return round(Decimal(change * 100) / abs(before))


def compare(now: Draft, before: Draft | None) -> Comparison:
    """`now` beside `before`, which is of the same customer, legal entity, currency and grouping.

    A line is the same line when it comes from the same contract line; else, so that a renewed or
    hand-made line is found too, when contract, kind and description agree.
    """
    earlier = () if before is None else before.lines
    pairs = _paired(now.lines, earlier)
    lines = [
        _change(line, earlier[pairs[place]] if place in pairs else None)
        for place, line in enumerate(now.lines)
    ]
    kept = set(pairs.values())
    gone = [_gone(line) for place, line in enumerate(earlier) if place not in kept]
    return Comparison(before, now, (*lines, *gone))


def _paired(now: Sequence[InvoiceLine], earlier: Sequence[InvoiceLine]) -> dict[int, int]:
    """Which earlier line each line of now continues, by their places; each taken once."""
    pairs: dict[int, int] = {}
    for key in (_as_sold, _as_said):
        taken = set(pairs.values())
        left: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for place, line in enumerate(earlier):
            if place not in taken:
                left[key(line)].append(place)
        for place, line in enumerate(now):
            wanted = key(line)
            if place not in pairs and wanted is not None and left[wanted]:
                pairs[place] = left[wanted].popleft()
    return pairs


def _as_sold(line: InvoiceLine) -> Hashable | None:
    """Beside the contract line, whether it charges or gives back: a credit is no charge."""
    if line.line_id is None:
        return None
    return line.line_id, line.kind, line.source is None


def _as_said(line: InvoiceLine) -> Hashable:
    return line.contract_id, line.kind, line.description, line.source is None


def _change(now: InvoiceLine, before: InvoiceLine | None) -> LineChange:
    if before is None:
        return LineChange(None, now, (Change.NEW,), now.net)
    return LineChange(before, now, tuple(_differences(now, before)), now.net - before.net)


def _gone(before: InvoiceLine) -> LineChange:
    return LineChange(before, None, (Change.GONE,), -before.net)


def _differences(now: InvoiceLine, before: InvoiceLine) -> Iterator[Change]:
    if now.quantity != before.quantity:
        yield Change.QUANTITY
    if _is_priced_otherwise(now, before):
        yield Change.PRICE
    if now.net != before.net:
        yield Change.AMOUNT


def _is_priced_otherwise(now: InvoiceLine, before: InvoiceLine) -> bool:
    """True when the price changed; one that is not by the unit shows in as much costing more."""
    if now.unit_amount is None and before.unit_amount is None:
        return now.quantity == before.quantity and now.net != before.net
    return now.unit_amount != before.unit_amount
