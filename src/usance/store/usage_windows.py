"""In which window usage counts: that of what a customer has of a feature at an instant."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from usance.domain.catalog import Feature
from usance.domain.entitlements.access import windows_of
from usance.domain.entitlements.holdings import EVERYWHERE, Holdings, entitled
from usance.domain.entitlements.windows import Reset, Window
from usance.domain.ids import CustomerId
from usance.store.access import Read
from usance.store.usage_counters import CounterWindow


class Place(NamedTuple):
    """Where a report counts.

    `level`: what a SET is measured against, of that resource alone when it names one. `told`: what
    counts against the limit, and is answered.
    """

    level: CounterWindow
    told: CounterWindow


def place_of(
    feature: Feature,
    read: Read | None,
    customer_id: CustomerId,
    *,
    at: datetime,
    resource_id: str | None,
) -> Place:
    """The place of usage of a measured feature at that instant; without an entitlement, since
    ever. Of several windows it is the one that ends first.
    """
    meter = feature.counted_by
    assert meter is not None, "only usage that is measured is counted"
    window, scope = None, EVERYWHERE
    if read is not None:
        window, scope = _window(read.holdings, feature, at, resource_id)
    whole = CounterWindow(customer_id, feature.id, meter, window)
    own = whole._replace(resource_id=resource_id)
    return Place(own, whole if scope == EVERYWHERE else own)


def _window(
    holdings: Holdings, feature: Feature, at: datetime, resource_id: str | None
) -> tuple[Window | None, str]:
    found = entitled(holdings, feature, at=at, resource_id=resource_id)
    windows = [each for each in windows_of(found.effective, at) if each is not None]
    first = min(windows, key=lambda each: (each.end is None, each.end or at), default=None)
    return first, found.usage_scope


def reset_of(
    feature: Feature, read: Read, *, at: datetime, resource_id: str | None
) -> Reset | None:
    """When usage counts from zero again, by what a customer has at that instant; None: never."""
    found = entitled(read.holdings, feature, at=at, resource_id=resource_id)
    resets = (each.reset for each in found.effective.allowances if each.reset is not None)
    return next(resets, None)
