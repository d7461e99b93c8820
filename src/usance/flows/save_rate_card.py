"""Keep a rate card: its name may change, its versions only grow."""

from __future__ import annotations

from usance.domain.errors import Conflict
from usance.domain.rate_card import RateCard
from usance.flows.runtime import Runtime, Scope
from usance.store import rate_cards


class RateCardVersionIsFixed(Conflict):
    """A version orders may have been signed at never changes; a change is a version of its own."""

    code = "RateCardVersionIsFixed"


def save_rate_card(runtime: Runtime, scope: Scope, card: RateCard) -> RateCard:
    """The card as it now is, with versions it had before; the same again changes nothing.

    Raises RateCardVersionIsFixed where a version of the same day says something else.
    """
    with runtime.transaction(scope) as tx:
        at = runtime.now(tx)
        rate_cards.save(tx, card, at=at)
        before = rate_cards.some(tx, [card.id]).get(card.id)

        known = {each.valid_from: each for each in before.versions} if before else {}
        for version in card.versions:
            if known.get(version.valid_from, version) != version:
                raise RateCardVersionIsFixed(
                    f"Rate card {card.id!r} has a version from {version.valid_from} already, with "
                    "other prices; give the new one a later day."
                )

        new = [each for each in card.versions if each.valid_from not in known]
        for version in new:
            rate_cards.append(tx, card.id, version, at=at)
        if new or before is None or before.name != card.name:
            days = [each.valid_from for each in new]
            after = {"name": card.name, "versions": days}
            runtime.note(tx, scope, "rate_card.saved", card.id, after=after)
        return rate_cards.some(tx, [card.id])[card.id]
