"""What was used of what a customer may use: the seam to the live counters."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from usance.domain.catalog import Feature
from usance.domain.entitlements.holdings import EVERYWHERE, Counted
from usance.store import usage_counters
from usance.store.database import Tx
from usance.store.usage_counters import CounterWindow


def used(tx: Tx, asked: Mapping[Counted, Feature]) -> dict[Counted, Decimal]:
    """What was used in each, every event told of until now; nothing of what is not measured.

    In one statement, unless some were never asked for: then their customers are held until `tx`
    ends, so ask before you append events in the same transaction.
    """
    windows = {
        counted: CounterWindow(
            customer_id=counted.customer_id,
            feature_id=counted.feature_id,
            meter=feature.counted_by,
            window=counted.window,
            resource_id=None if counted.scope == EVERYWHERE else counted.scope.removeprefix("R"),
        )
        for counted, feature in asked.items()
        if feature.counted_by is not None
    }
    return usage_counters.current(tx, windows) if windows else {}
