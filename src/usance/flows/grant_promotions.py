"""Give a customer features beside its subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from usance.domain.errors import refuse_if
from usance.domain.facts import (
    Fact,
    PromotionalEntitlementGranted,
    PromotionalEntitlementUpdated,
)
from usance.domain.ids import CustomerId, PromotionId
from usance.domain.plans.promotion import (
    Grant,
    Promotion,
    granted,
    granted_again,
    granting_problems,
)
from usance.flows.runtime import Runtime, Scope
from usance.store import features, payers, promotions


def grant_promotions(
    runtime: Runtime, scope: Scope, customer_id: CustomerId, grants: Sequence[Grant]
) -> list[Promotion]:
    """The promotions, in the order of the grants: all, or none. A feature given before is given
    anew in its place.

    Raises NotFound; Invalid with every problem, `[2].usageLimit` and so on.
    """
    with runtime.transaction(scope) as tx:
        payers.lock_customer(tx, customer_id)
        held = {each.value.feature_id: each for each in promotions.in_force(tx, [customer_id])}
        known = features.some(tx, {grant.value.feature_id for grant in grants})
        at = runtime.now(tx, customer_id)

        refuse_if([*granting_problems(grants, known, at=at)])
        given = []
        for grant in grants:
            before = held.get(grant.value.feature_id)
            after = _given(runtime, customer_id, before, grant, at)

            promotions.save(tx, after)
            fact = _fact(after, is_new=before is None)
            runtime.note(tx, scope, "promotion.granted", after.id, fact, before=before, after=after)
            given.append(after)
    return given


def _given(
    runtime: Runtime,
    customer_id: CustomerId,
    before: Promotion | None,
    grant: Grant,
    at: datetime,
) -> Promotion:
    if before is not None:
        return granted_again(before, grant, at=at)
    new_id = PromotionId(runtime.new_id("promo"))
    return granted(grant, id=new_id, customer_id=customer_id, at=at)


def _fact(promotion: Promotion, *, is_new: bool) -> Fact:
    if is_new:
        return PromotionalEntitlementGranted(promotion.id)
    return PromotionalEntitlementUpdated(promotion.id)
