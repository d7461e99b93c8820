"""Plans: drafted, edited, published in versions, archived."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from usance.api.caller import Asked
from usance.api.catalog.charges_wire import ChargeWire
from usance.api.catalog.entitlements_wire import (
    EntitlementPatch,
    EntitlementsBody,
    EntitlementWire,
)
from usance.api.catalog.package_wire import (
    DiscardedWire,
    PlanBody,
    PlanPatch,
    PlanWire,
    PublishBody,
    PublishedWire,
    plan_wire,
    trial_from,
)
from usance.api.catalog.packages import (
    PackageRef,
    change_entitlement,
    charges_page,
    edit,
    entitle,
    entitlements_of,
    listed,
    newest,
    package_from,
    take_entitlement,
)
from usance.api.envelope import Page, Single
from usance.api.fields import ID_PATTERN, PathId
from usance.api.filters import Created
from usance.api.paging import Paging
from usance.api.route import resource
from usance.domain.ids import FeatureId, PackageId
from usance.domain.plans.package import PackageKind
from usance.flows.archive_package import archive_package
from usance.flows.create_package import create_package
from usance.flows.discard_draft import discard_draft
from usance.flows.open_draft import open_draft
from usance.flows.publish_package import publish_package

router = resource("plans", tag="Catalogue")
OwnerId = Annotated[str, Path(alias="planId", pattern=ID_PATTERN, max_length=255)]


@router.post("", operation_id="createPlan", summary="Create a plan", status_code=201)
def create(caller: Asked, body: PlanBody) -> Single[PlanWire]:
    """As a draft. One of that id that exists is not replaced: 409."""
    draft = package_from(
        PackageKind.PLAN,
        body,
        parent_id=None if body.parent_plan_id is None else PackageId(body.parent_plan_id),
        trial=trial_from(body.default_trial_config),
    )
    create_package(caller.runtime, caller.scope, draft)
    return Single(data=plan_wire(newest(caller, _ref(body.id))))


@router.get("", operation_id="listPlans", summary="List plans")
def list_plans(
    caller: Asked,
    asked: Paging,
    created: Created,
    *,
    product_id: Annotated[
        str | None, Query(alias="productId", description="Only those of that product.")
    ] = None,
    status: Annotated[
        str | None, Query(description="DRAFT, PUBLISHED, ARCHIVED; several joined by commas.")
    ] = None,
) -> Page[PlanWire]:
    """Oldest first, each in its newest version: the draft while one is open.

    With `status`, the newest of the versions with such a status.
    """
    shown, cursors = listed(
        caller, PackageKind.PLAN, asked, created, product_id=product_id, status=status
    )
    return Page(data=[plan_wire(each) for each in shown], pagination=cursors)


@router.get("/{id}", operation_id="getPlan", summary="Read a plan")
def get(caller: Asked, id: PathId) -> Single[PlanWire]:
    """In its newest version: the draft while one is open."""
    return Single(data=plan_wire(newest(caller, _ref(id))))


@router.patch("/{id}", operation_id="updatePlan", summary="Edit the draft of a plan")
def update(caller: Asked, id: PathId, body: PlanPatch) -> Single[PlanWire]:
    """Only what is sent changes; lists, `metadata` and `charges` are replaced whole."""
    edit(caller, _ref(id), body)
    return Single(data=plan_wire(newest(caller, _ref(id))))


@router.post("/{id}/archive", operation_id="archivePlan", summary="Archive a plan")
def archive(caller: Asked, id: PathId) -> Single[PlanWire]:
    """Those who have it keep it. 409 while others on sale name it."""
    archive_package(caller.runtime, caller.scope, *_ref(id))
    return Single(data=plan_wire(newest(caller, _ref(id))))


@router.post(
    "/{id}/draft", operation_id="createPlanDraft", summary="Open a draft of a plan", status_code=201
)
def draft(caller: Asked, id: PathId) -> Single[PlanWire]:
    """Like the latest version until it is edited; the one that is open, where one is."""
    open_draft(caller.runtime, caller.scope, *_ref(id))
    return Single(data=plan_wire(newest(caller, _ref(id))))


@router.delete("/{id}/draft", operation_id="removePlanDraft", summary="Discard the draft of a plan")
def discard(caller: Asked, id: PathId) -> Single[DiscardedWire]:
    """What was published before stays as it is."""
    discard_draft(caller.runtime, caller.scope, *_ref(id))
    return Single(data=DiscardedWire(id=id))


@router.post("/{id}/publish", operation_id="publishPlan", summary="Publish the draft of a plan")
def publish(caller: Asked, id: PathId, body: PublishBody) -> Single[PublishedWire]:
    """From now on it never changes. ALL_CUSTOMERS leaves a task to move subscriptions to it."""
    task_id = publish_package(caller.runtime, caller.scope, *_ref(id), body.migration_type)
    return Single(data=PublishedWire(task_id=task_id))


@router.get("/{id}/charges", operation_id="listPlanCharges", summary="What a plan costs")
def charges(caller: Asked, asked: Paging, id: PathId) -> Page[ChargeWire]:
    """The charges of its newest version, a row a price."""
    return charges_page(newest(caller, _ref(id)).package.pricing.charges, asked)


@router.get(
    "/{id}/overage-charges",
    operation_id="listPlanOverageCharges",
    summary="What a plan costs beyond its limits",
)
def overage_charges(caller: Asked, asked: Paging, id: PathId) -> Page[ChargeWire]:
    """The overage charges of its newest version, a row a price."""
    return charges_page(newest(caller, _ref(id)).package.pricing.overages, asked)


@router.get(
    "/{planId}/entitlements",
    operation_id="listPlanEntitlements",
    summary="What a plan entitles to",
)
def list_entitlements(caller: Asked, plan_id: OwnerId) -> Page[EntitlementWire]:
    """Of its newest version, without what it inherits."""
    return entitlements_of(caller, _ref(plan_id))


@router.post(
    "/{planId}/entitlements",
    operation_id="createPlanEntitlements",
    summary="Add entitlements to a plan",
    status_code=201,
)
def add_entitlements(
    caller: Asked, plan_id: OwnerId, body: EntitlementsBody
) -> Single[list[EntitlementWire]]:
    """To its draft; those that were added."""
    return entitle(caller, _ref(plan_id), body)


@router.patch(
    "/{planId}/entitlements/{id}",
    operation_id="updatePlanEntitlement",
    summary="Change an entitlement of a plan",
)
def update_entitlement(
    caller: Asked, plan_id: OwnerId, id: PathId, body: EntitlementPatch
) -> Single[EntitlementWire]:
    """Of its draft; only what is sent changes."""
    return change_entitlement(caller, _ref(plan_id), FeatureId(id), body)


@router.delete(
    "/{planId}/entitlements/{id}",
    operation_id="deletePlanEntitlement",
    summary="Take an entitlement from a plan",
)
def delete_entitlement(caller: Asked, plan_id: OwnerId, id: PathId) -> Single[EntitlementWire]:
    """From its draft; the one that was taken."""
    return take_entitlement(caller, _ref(plan_id), FeatureId(id))


def _ref(package_id: str) -> PackageRef:
    return PackageRef(PackageKind.PLAN, PackageId(package_id))
