"""The subscriptions an order promises, in their notation."""

from __future__ import annotations

from decimal import Decimal

from usance.documents.plain import Fields, each, given, number, ref, refusal
from usance.domain.contracts.order import Grant, SubscriptionTerms
from usance.domain.ids import FeatureId


def subscription_from(plain: object, path: str) -> SubscriptionTerms:
    """A subscription in its notation. Raises Invalid with every problem."""
    fields = Fields(plain, path)
    subscription_ref = fields.need("subscriptionId", ref)
    plan_id = fields.need("planId", ref)
    grants = fields.take("entitlements", each(_grant, most=200), ())
    return fields.made(
        lambda: SubscriptionTerms(ref=subscription_ref, plan_id=plan_id, grants=grants)
    )


def plain_subscription(promised: SubscriptionTerms) -> dict[str, object]:
    """The subscription in its notation."""
    return {
        "subscriptionId": promised.ref,
        "planId": promised.plan_id,
        "entitlements": [
            given(
                featureId=grant.feature_id,
                limit=None if grant.limit is None else f"{grant.limit:f}",
            )
            for grant in promised.grants
        ],
    }


def _grant(plain: object, path: str) -> Grant:
    fields = Fields(plain, path)
    feature_id = fields.need("featureId", ref)
    limit = fields.take("limit", _limit, None)
    return fields.made(lambda: Grant(feature_id=FeatureId(feature_id), limit=limit))


def _limit(value: object, path: str) -> Decimal:
    limit = number(value, path)
    if limit < 0:
        raise refusal("NegativeLimit", path, value, "zero or more; without a limit, leave it out")
    return limit
