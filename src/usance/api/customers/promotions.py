"""Promotional entitlements: features given to a customer beside its subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from usance.api.caller import Asked, Caller
from usance.api.catalog.entitlements_wire import ResetFields, ResetWire, resets_of
from usance.api.catalog.wire import Number
from usance.api.envelope import Instant, Page, Single, Wire
from usance.api.fields import PathId, Ref, at, words
from usance.api.filters import Created
from usance.api.paging import Paging, part
from usance.api.route import resource
from usance.domain.errors import Invalid, Problem, refuse_if
from usance.domain.ids import CustomerId, FeatureId
from usance.domain.plans.entitlements import PackageEntitlement, ResetPeriod
from usance.domain.plans.promotion import Grant, GrantPeriod, Promotion, PromotionStatus
from usance.flows.grant_promotions import grant_promotions
from usance.flows.revoke_promotion import revoke_promotion
from usance.store import parties, promotions
from usance.store.promotions import WantedPromotions

LIST = "promotionalEntitlements"

router = resource("customers", tag="Customers")


class PromotionalGrant(ResetFields):
    """A feature to give. Of a number: a limit, or unlimited; of an enum: some of its values."""

    feature_id: Ref = Field(examples=["api-calls"])
    period: GrantPeriod = Field(examples=["1 month"])
    custom_end_date: datetime | None = Field(
        default=None, description="Of a custom period; an instant without a zone is UTC."
    )
    start_date: datetime | None = Field(
        default=None, description="When it begins; at once without it. Paused until then."
    )
    usage_limit: Number | None = None
    has_unlimited_usage: bool | None = None
    has_soft_limit: bool | None = None
    enum_values: list[str] | None = Field(default=None, max_length=100)
    is_visible: bool | None = None


class GrantsBody(Wire):
    """Features to give."""

    promotional_entitlements: list[PromotionalGrant] = Field(min_length=1, max_length=100)


class PromotionalEntitlementWire(Wire):
    """A feature that a customer was given."""

    id: str
    feature_id: str
    status: PromotionStatus
    period: GrantPeriod
    start_date: Instant
    end_date: Instant | None = Field(description="The first instant it counts no more.")
    usage_limit: Number | None
    has_unlimited_usage: bool
    has_soft_limit: bool
    enum_values: list[str] | None
    reset_period: ResetPeriod | None
    reset_period_configuration: ResetWire | None
    is_visible: bool
    description: str | None
    feature_group_ids: list[str] = Field(description="Always empty: there are no groups.")
    environment_id: str
    created_at: Instant
    updated_at: Instant


@router.post(
    "/{id}/promotional-entitlements",
    operation_id="grantPromotionalEntitlements",
    summary="Give a customer features",
    status_code=201,
)
def grant(caller: Asked, id: PathId, body: GrantsBody) -> Single[list[PromotionalEntitlementWire]]:
    """All or none; a feature given before is given anew in its place."""
    customer_id = CustomerId(id)
    with caller.transaction() as tx:
        parties.customer(tx, customer_id)
        now = caller.runtime.now(tx, customer_id)
    grants = _grants(body, now)
    given = at(LIST, lambda: grant_promotions(caller.runtime, caller.scope, customer_id, grants))
    return Single(data=_rendered(caller, customer_id, given))


@router.get(
    "/{id}/promotional-entitlements",
    operation_id="listPromotionalEntitlements",
    summary="List a customer's promotional entitlements",
)
def list_promotions(
    caller: Asked,
    asked: Paging,
    created: Created,
    id: PathId,
    status: Annotated[
        str | None, Query(description="Active, Expired or Paused, joined by commas.")
    ] = None,
) -> Page[PromotionalEntitlementWire]:
    """Oldest first, those that are over too; not those that were revoked."""
    customer_id = CustomerId(id)
    statuses = words(status, list(PromotionStatus), "status")
    with caller.transaction() as tx:
        parties.customer(tx, customer_id)
        wanted = WantedPromotions(
            customer_id=customer_id,
            at=caller.runtime.now(tx, customer_id),
            statuses=statuses,
            created_from=created.first,
            created_until=created.until,
        )
        found = promotions.page(
            tx, wanted, after=asked.after, before=asked.before, limit=asked.and_one
        )
    shown, cursors = part(found, asked, lambda each: str(each.id))
    return Page(data=_rendered(caller, customer_id, shown), pagination=cursors)


@router.delete(
    "/{id}/promotional-entitlements/{featureId}",
    operation_id="revokePromotionalEntitlement",
    summary="Take a feature back",
)
def revoke(
    caller: Asked, id: PathId, feature_id: Annotated[PathId, Path(alias="featureId")]
) -> Single[PromotionalEntitlementWire]:
    """At once. What its subscriptions give it stays."""
    customer_id = CustomerId(id)
    revoked = revoke_promotion(caller.runtime, caller.scope, customer_id, FeatureId(feature_id))
    [shown] = _rendered(caller, customer_id, [revoked])
    return Single(data=shown)


def _grants(body: GrantsBody, now: datetime) -> list[Grant]:
    """Those that were sent. Raises Invalid, with the index of what is wrong."""
    grants: list[Grant] = []
    problems: list[Problem] = []
    for index, sent in enumerate(body.promotional_entitlements):
        try:
            grants.append(_grant(sent, now))
        except Invalid as refused:
            problems += [problem.under(f"{LIST}[{index}]") for problem in refused.problems]
    refuse_if(problems)
    return grants


def _grant(sent: PromotionalGrant, now: datetime) -> Grant:
    resets = resets_of(sent)
    value = PackageEntitlement(
        feature_id=FeatureId(sent.feature_id),
        created_at=now,
        updated_at=now,
        has_unlimited_usage=bool(sent.has_unlimited_usage),
        has_soft_limit=bool(sent.has_soft_limit),
        usage_limit=sent.usage_limit,
        enum_values=tuple(sent.enum_values or ()),
        reset_period=resets.period,
        reset_according_to=resets.according_to,
    )
    return Grant(
        value=value,
        period=sent.period,
        custom_end_at=_utc(sent.custom_end_date),
        starts_at=_utc(sent.start_date),
        is_visible=sent.is_visible is not False,
    )


def _utc(instant: datetime | None) -> datetime | None:
    if instant is None or instant.tzinfo is not None:
        return instant
    return instant.replace(tzinfo=UTC)


def _rendered(
    caller: Caller, customer_id: CustomerId, found: Sequence[Promotion]
) -> list[PromotionalEntitlementWire]:
    with caller.transaction() as tx:
        now = caller.runtime.now(tx, customer_id)
    return [_wire(each, now, caller.scope.tenant_id) for each in found]


def _wire(promotion: Promotion, now: datetime, environment_id: str) -> PromotionalEntitlementWire:
    value = promotion.value
    anchor = value.reset_according_to
    return PromotionalEntitlementWire(
        id=promotion.id,
        feature_id=value.feature_id,
        status=promotion.status(now),
        period=promotion.period,
        start_date=promotion.starts_at,
        end_date=promotion.ends_at,
        usage_limit=value.usage_limit,
        has_unlimited_usage=value.has_unlimited_usage,
        has_soft_limit=value.has_soft_limit,
        enum_values=list(value.enum_values) or None,
        reset_period=value.reset_period,
        reset_period_configuration=None
        if anchor is None
        else ResetWire.model_validate({"accordingTo": anchor}),
        is_visible=promotion.is_visible,
        description=None,
        feature_group_ids=[],
        environment_id=environment_id,
        created_at=value.created_at,
        updated_at=value.updated_at,
    )
