"""A measured figure beside its own limit."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`value` and `limit` in `unit`; their `ratio` should be `bound` (at most, at least) `goal`."""

    bench: str
    value: float
    unit: str
    limit: float
    ratio: float
    goal: float
    holds: bool
    bound: str
    note: str = ""

    def plain(self) -> dict[str, object]:
        """As one JSON line, rounded for reading."""
        return {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def at_most(
    bench: str, *, value: float, limit: float, goal: float, unit: str, note: str = ""
) -> Figure:
    """A figure whose `value / limit` should be at most `goal`."""
    ratio = value / limit
    return Figure(
        bench=bench,
        value=value,
        unit=unit,
        limit=limit,
        ratio=ratio,
        goal=goal,
        bound="at most",
        holds=ratio <= goal,
        note=note,
    )


def at_least(
    bench: str, *, value: float, limit: float, goal: float, unit: str, note: str = ""
) -> Figure:
    """A figure whose `value / limit` should be at least `goal`."""
    ratio = value / limit
    return Figure(
        bench=bench,
        value=value,
        unit=unit,
        limit=limit,
        ratio=ratio,
        goal=goal,
        bound="at least",
        holds=ratio >= goal,
        note=note,
    )


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once, with the garbage of what came before cleared away."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(work: Callable[[], object], *, times: int = 5) -> float:
    """The fastest of several: the one least disturbed by everything else on the machine."""
    return min(seconds(work) for _ in range(times))
