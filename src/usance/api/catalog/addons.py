"""Add-ons: drafted, edited, published in versions, archived."""

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
    AddonBody,
    AddonPatch,
    AddonWire,
    DiscardedWire,
    PublishBody,
    PublishedWire,
    addon_wire,
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

router = resource("addons", tag="Catalogue")
OwnerId = Annotated[str, Path(alias="addonId", pattern=ID_PATTERN, max_length=255)]


@router.post("", operation_id="createAddon", summary="Create an add-on", status_code=201)
def create(caller: Asked, body: AddonBody) -> Single[AddonWire]:
    """As a draft. One of that id that exists is not replaced: 409."""
    draft = package_from(PackageKind.ADDON, body, max_quantity=body.max_quantity)
    create_package(caller.runtime, caller.scope, draft)
    return Single(data=addon_wire(newest(caller, _ref(body.id))))


@router.get("", operation_id="listAddons", summary="List add-ons")
def list_addons(
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
) -> Page[AddonWire]:
    """Oldest first, each in its newest version: the draft while one is open.

    With `status`, the newest of the versions with such a status.
    """
    shown, cursors = listed(
        caller, PackageKind.ADDON, asked, created, product_id=product_id, status=status
    )
    return Page(data=[addon_wire(each) for each in shown], pagination=cursors)


@router.get("/{id}", operation_id="getAddon", summary="Read an add-on")
def get(caller: Asked, id: PathId) -> Single[AddonWire]:
    """In its newest version: the draft while one is open."""
    return Single(data=addon_wire(newest(caller, _ref(id))))


@router.patch("/{id}", operation_id="updateAddon", summary="Edit the draft of an add-on")
def update(caller: Asked, id: PathId, body: AddonPatch) -> Single[AddonWire]:
    """Only what is sent changes; lists, `metadata` and `charges` are replaced whole."""
    edit(caller, _ref(id), body)
    return Single(data=addon_wire(newest(caller, _ref(id))))


@router.post("/{id}/archive", operation_id="archiveAddon", summary="Archive an add-on")
def archive(caller: Asked, id: PathId) -> Single[AddonWire]:
    """Those who have it keep it. 409 while others on sale name it."""
    archive_package(caller.runtime, caller.scope, *_ref(id))
    return Single(data=addon_wire(newest(caller, _ref(id))))


@router.post(
    "/{id}/draft",
    operation_id="createAddonDraft",
    summary="Open a draft of an add-on",
    status_code=201,
)
def draft(caller: Asked, id: PathId) -> Single[AddonWire]:
    """Like the latest version until it is edited; the one that is open, where one is."""
    open_draft(caller.runtime, caller.scope, *_ref(id))
    return Single(data=addon_wire(newest(caller, _ref(id))))


@router.delete(
    "/{id}/draft", operation_id="removeAddonDraft", summary="Discard the draft of an add-on"
)
def discard(caller: Asked, id: PathId) -> Single[DiscardedWire]:
    """What was published before stays as it is."""
    discard_draft(caller.runtime, caller.scope, *_ref(id))
    return Single(data=DiscardedWire(id=id))


@router.post("/{id}/publish", operation_id="publishAddon", summary="Publish the draft of an add-on")
def publish(caller: Asked, id: PathId, body: PublishBody) -> Single[PublishedWire]:
    """From now on it never changes. ALL_CUSTOMERS leaves a task to move subscriptions to it."""
    task_id = publish_package(caller.runtime, caller.scope, *_ref(id), body.migration_type)
    return Single(data=PublishedWire(task_id=task_id))


@router.get("/{id}/charges", operation_id="listAddonCharges", summary="What an add-on costs")
def charges(caller: Asked, asked: Paging, id: PathId) -> Page[ChargeWire]:
    """The charges of its newest version, a row a price."""
    return charges_page(newest(caller, _ref(id)).package.pricing.charges, asked)


@router.get(
    "/{addonId}/entitlements",
    operation_id="listAddonEntitlements",
    summary="What an add-on entitles to",
)
def list_entitlements(caller: Asked, addon_id: OwnerId) -> Page[EntitlementWire]:
    """Of its newest version, without what it inherits."""
    return entitlements_of(caller, _ref(addon_id))


@router.post(
    "/{addonId}/entitlements",
    operation_id="createAddonEntitlements",
    summary="Add entitlements to an add-on",
    status_code=201,
)
def add_entitlements(
    caller: Asked, addon_id: OwnerId, body: EntitlementsBody
) -> Single[list[EntitlementWire]]:
    """To its draft; those that were added."""
    return entitle(caller, _ref(addon_id), body)


@router.patch(
    "/{addonId}/entitlements/{id}",
    operation_id="updateAddonEntitlement",
    summary="Change an entitlement of an add-on",
)
def update_entitlement(
    caller: Asked, addon_id: OwnerId, id: PathId, body: EntitlementPatch
) -> Single[EntitlementWire]:
    """Of its draft; only what is sent changes."""
    return change_entitlement(caller, _ref(addon_id), FeatureId(id), body)


@router.delete(
    "/{addonId}/entitlements/{id}",
    operation_id="deleteAddonEntitlement",
    summary="Take an entitlement from an add-on",
)
def delete_entitlement(caller: Asked, addon_id: OwnerId, id: PathId) -> Single[EntitlementWire]:
    """From its draft; the one that was taken."""
    return take_entitlement(caller, _ref(addon_id), FeatureId(id))


def _ref(package_id: str) -> PackageRef:
    return PackageRef(PackageKind.ADDON, PackageId(package_id))
