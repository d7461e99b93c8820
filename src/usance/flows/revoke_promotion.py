"""Take back a feature that a customer was given beside its subscriptions."""

from __future__ import annotations

from dataclasses import replace

from usance.domain.facts import PromotionalEntitlementRevoked
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.promotion import Promotion
from usance.flows.runtime import Runtime, Scope
from usance.store import payers, promotions


def revoke_promotion(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, feature_id: FeatureId
) -> Promotion:
    """The promotion as it ended: at once. Raises NotFound."""
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = promotions.one(tx, customer_id, feature_id)
        at = runtime.now(tx, customer_id)

        revoked = replace(held, value=replace(held.value, updated_at=at), revoked_at=at)

        promotions.save(tx, revoked)
        fact = PromotionalEntitlementRevoked(held.id)
        runtime.note(tx, scope, "promotion.revoked", held.id, fact, before=held, after=revoked)
    return revoked
