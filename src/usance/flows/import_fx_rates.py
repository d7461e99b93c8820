"""Import exchange rates of a source: each pair and day once, restatements only when said."""

from __future__ import annotations

from collections.abc import Sequence

from usance.domain.fx import FxQuote, new_quotes
from usance.domain.ids import parse_ref
from usance.flows.runtime import Runtime, Scope
from usance.store import fx_rates


def import_fx_rates(
    runtime: Runtime,
    scope: Scope,
    quotes: Sequence[FxQuote],
    *,
    source: str,
    may_restate: bool = False,
) -> int:
    """How many were new; importing the same again adds none.

    Raises Invalid: InvalidId, DuplicateFxRate, FxRateAlreadyKnown.
    """
    parse_ref(source, path="source")
    if not quotes:
        return 0
    days = [each.day for each in quotes]
    with runtime.transaction(scope) as tx:
        known = fx_rates.lock_source(tx, source, first=min(days), last=max(days))

        said = {key: rate for key, (rate, _) in known.items()}
        new = new_quotes(said, quotes, may_restate=may_restate)

        revisions = {key: revision for key, (_, revision) in known.items()}
        fx_rates.append(tx, source, new, revisions, at=runtime.now(tx))
        if new:
            last = max(each.day for each in new)
            runtime.note(
                tx, scope, "fx_rates.imported", source, after={"count": len(new), "last": last}
            )
    return len(new)
