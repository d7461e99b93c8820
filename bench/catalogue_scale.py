"""Catalogue scale: all that a customer may use, of 5 subscriptions of 200 entitlements each.

Read from the database, resolved and listed with its usage; the time for one entitlement, beside
that of the same with 40 each.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bench.figure import Figure, at_most, best
from bench.holding import HOLDER, NOW, SUBSCRIPTIONS, hold
from bench.population import database, settle
from usance.api.access.wire import entitlements
from usance.store import access_views
from usance.store.access_views import Asked
from usance.store.database import Database

FEW, MANY = 40, 200
GOAL = 1.3


def run() -> Iterator[Figure]:
    """An entitlement among many costs at most GOAL times what it costs among few."""
    with database() as own:
        few, many = _each(own, FEW), _each(own, MANY)
    yield at_most(
        "catalogue_scale",
        value=many * 1e6,
        limit=few * 1e6,
        goal=GOAL,
        unit="us each",
        note=f"{SUBSCRIPTIONS} x {MANY} beside {SUBSCRIPTIONS} x {FEW} entitlements; "
        f"all {SUBSCRIPTIONS * MANY}: {many * SUBSCRIPTIONS * MANY * 1e3:.0f} ms",
    )


def _each(own: Database, count: int) -> float:
    """Seconds for one of `SUBSCRIPTIONS * count` entitlements."""
    runtime, scope = hold(own, count)
    settle(own)

    def listed() -> None:
        with runtime.transaction(scope) as tx:
            asked = Asked(HOLDER)
            view = access_views.views(tx, [asked], now=NOW)[asked]
        answer = entitlements(view)
        assert len(answer["entitlements"]) == SUBSCRIPTIONS * count, "all of them"
        msgspec.json.encode(answer)

    listed()  # counts usage for the first time
    return best(listed) / (SUBSCRIPTIONS * count)
