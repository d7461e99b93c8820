"""Plans: drafted, edited, published in versions, archived."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from usance.api.caller import Asked
from usance.api.catalog.charges_wire import ChargeWire
from usance.api.catalog.package_routes import Sold, add_contents, add_versions
from usance.api.catalog.package_wire import (
    PlanBody,
    PlanPatch,
    PlanWire,
    plan_wire,
    trial_from,
)
from usance.api.catalog.packages import (
    charges_page,
    edit,
    listed,
    newest,
    package_from,
)
from usance.api.envelope import Page, Single
from usance.api.fields import PathId
from usance.api.filters import Created
from usance.api.paging import Paging
from usance.api.route import resource
from usance.domain.ids import PackageId
from usance.domain.plans.package import PackageKind
from usance.flows.create_package import create_package

router = resource("plans", tag="Catalogue")
SOLD = Sold(
    kind=PackageKind.PLAN,
    name="Plan",
    words="a plan",
    path_id="planId",
    answer=Single[PlanWire],
    wire=plan_wire,
)


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
    return Single(data=plan_wire(newest(caller, SOLD.ref(body.id))))


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
    return Single(data=plan_wire(newest(caller, SOLD.ref(id))))


@router.patch("/{id}", operation_id="updatePlan", summary="Edit the draft of a plan")
def update(caller: Asked, id: PathId, body: PlanPatch) -> Single[PlanWire]:
    """Only what is sent changes; lists, `metadata` and `charges` are replaced whole."""
    edit(caller, SOLD.ref(id), body)
    return Single(data=plan_wire(newest(caller, SOLD.ref(id))))


@router.get(
    "/{id}/overage-charges",
    operation_id="listPlanOverageCharges",
    summary="What a plan costs beyond its limits",
)
def overage_charges(caller: Asked, asked: Paging, id: PathId) -> Page[ChargeWire]:
    """The overage charges of its newest version, a row a price."""
    return charges_page(caller, SOLD.ref(id), asked, lambda pricing: pricing.overages)


add_versions(router, SOLD)
add_contents(router, SOLD)
